// Explains a network on an image of numbers through the C interface: explain NETWORK HEIGHT WIDTH.
// Built with: rustc explain.rs -L FOLDER_OF_THE_LIBRARY -l whycam, or -l whycam_torch where it was built with libtorch.
use std::ffi::{c_char, c_int, CStr, CString};
use std::ptr::{null, null_mut};

#[repr(C)]
struct Tensor {
    struct_size: usize,
    shape: *const i64,
    dimensions: usize,
    values: *const f32,
}

// Handles, of which only pointers are known.
#[repr(C)]
struct Network([u8; 0]);
#[repr(C)]
struct Options([u8; 0]);
#[repr(C)]
struct Target([u8; 0]);
#[repr(C)]
struct Explanation([u8; 0]);

extern "C" {
    fn whycam_last_error() -> *const c_char;
    fn whycam_load(path: *const c_char, network: *mut *mut Network) -> c_int;
    fn whycam_network_free(network: *mut Network);
    fn whycam_options_new(options: *mut *mut Options) -> c_int;
    fn whycam_options_set(options: *mut Options, name: *const c_char, value: *const c_char) -> c_int;
    fn whycam_options_free(options: *mut Options);
    fn whycam_target_best(rank: usize, target: *mut *mut Target) -> c_int;
    fn whycam_target_free(target: *mut Target);
    fn whycam_explain(
        network: *const Network, inputs: *const Tensor, input_count: usize, layer: *const c_char,
        targets: *const *const Target, target_count: usize, options: *const Options,
        explanation: *mut *mut Explanation,
    ) -> c_int;
    fn whycam_explanation_free(explanation: *mut Explanation);
    fn whycam_explanation_layer(explanation: *const Explanation) -> *const c_char;
    fn whycam_explanation_scores(
        explanation: *const Explanation, target: usize, scores: *mut *const f32, count: *mut usize,
    ) -> c_int;
    fn whycam_explanation_attributions(
        explanation: *const Explanation, target: usize, method: *const c_char, input: usize, attributions: *mut Tensor,
    ) -> c_int;
}

fn check(status: c_int) -> Result<(), String> {
    match status {
        0 => Ok(()),
        _ => Err(unsafe { CStr::from_ptr(whycam_last_error()) }.to_string_lossy().into_owned()),
    }
}

fn text(words: &str) -> CString {
    CString::new(words).expect("a text without zeros")
}

fn main() -> Result<(), String> {
    let arguments: Vec<String> = std::env::args().collect();
    let side = |at: usize| arguments[at].parse::<i64>().expect("a number of pixels");
    let shape = [1, 3, side(2), side(3)];
    let count = (3 * shape[2] * shape[3]) as usize;
    let pixels: Vec<f32> = (0..count).map(|i| (i % 17) as f32 / 17.0 - 0.5).collect();
    let size = std::mem::size_of::<Tensor>();
    let image = Tensor { struct_size: size, shape: shape.as_ptr(), dimensions: 4, values: pixels.as_ptr() };
    unsafe {
        let (mut network, mut options, mut target, mut explanation) = (null_mut(), null_mut(), null_mut(), null_mut());
        check(whycam_load(text(&arguments[1]).as_ptr(), &mut network))?;
        check(whycam_options_new(&mut options))?;
        for (name, value) in [("method", "gradcam,guided-gradcam"), ("interpolate", "bilinear")] {
            check(whycam_options_set(options, text(name).as_ptr(), text(value).as_ptr()))?;
        }
        check(whycam_target_best(0, &mut target))?;
        let targets = [target as *const Target];
        check(whycam_explain(network, &image, 1, null(), targets.as_ptr(), 1, options, &mut explanation))?;

        let (mut scores, mut examples) = (null(), 0);
        check(whycam_explanation_scores(explanation, 0, &mut scores, &mut examples))?;
        let mut map = Tensor { struct_size: size, shape: null(), dimensions: 0, values: null() };
        check(whycam_explanation_attributions(explanation, 0, text("guided-gradcam").as_ptr(), 0, &mut map))?;
        let sum: f64 = std::slice::from_raw_parts(map.values, count).iter().map(|&value| value as f64).sum();
        let layer = CStr::from_ptr(whycam_explanation_layer(explanation)).to_string_lossy();
        println!("layer {}, score {:.5}, sum of Guided Grad-CAM {:.5}", layer, *scores, sum);

        whycam_explanation_free(explanation);
        whycam_target_free(target);
        whycam_options_free(options);
        whycam_network_free(network);
    }
    Ok(())
}
