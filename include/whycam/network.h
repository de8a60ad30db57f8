// Explanations of network files on buffers of floats: works without libtorch, in any build of whycam.
#pragma once

#include <cstdint>
#include <filesystem>
#include <functional>
#include <initializer_list>
#include <iosfwd>
#include <memory>
#include <string>
#include <type_traits>
#include <vector>

#include "whycam/activation_report.h"
#include "whycam/api.h"
#include "whycam/attributions.h"
#include "whycam/engine.h"
#include "whycam/errors.h"
#include "whycam/graph_stage.h"
#include "whycam/guided_rule.h"
#include "whycam/interpolation_mode.h"
#include "whycam/layer_info.h"
#include "whycam/layout.h"
#include "whycam/merge.h"
#include "whycam/method.h"
#include "whycam/output_element.h"
#include "whycam/picture/array.h"
#include "whycam/port.h"
#include "whycam/precision.h"
#include "whycam/target.h"

namespace whycam {

/// A shape and its numbers in row-major order; what picture::to_network_input gives. It owns its numbers.
using Tensor = picture::Array;

/// The extents of a tensor. Inputs have their examples in dimension 0.
using Shape = std::vector<std::int64_t>;

/// How an explanation is computed; the defaults are Captum's.
struct Options {
  Interpolation interpolation =
      Interpolation::nearest;             ///< how heat maps are resized to an input; the Grad-CAM paper uses bilinear
  bool attribute_to_layer_input = false;  ///< attribute to what enters the layer instead of to what leaves it
  GuidedRule guided_rule = GuidedRule::captum;         ///< what guided backpropagation clips at a ReLU
  GuidedRule deconvolution_rule = GuidedRule::captum;  ///< what deconvolution replaces at a ReLU
  bool guide_clipped_relus = false;  ///< extend the rules to ReLU6, and to hardtanh and clamp from 0 to a bound
  Layout layout;                     ///< of the layer; automatic: followed through the network
  Layout input_layout;               ///< of the inputs, likewise
  /// Which of several outputs is explained: its index or its name, or the steps to it where a TorchScript network gives
  /// tuples, lists or dictionaries within each other. Needed where there are several of floating-point numbers.
  std::vector<OutputElement> output_element;
  std::vector<Method> methods = default_methods();  ///< what is computed
  Method cam = Method::grad_cam;                    ///< the heat map that guided_grad_cam is a product of
  Merge merge = Merge::none;                        ///< of several layers: one map of all beside each one's own
  bool layer_values = false;  ///< give the layer's activations and gradients, and heat maps with their sign, too
  /// integrated_gradients: how many gradients are taken along the way from the baseline to the input (by the
  /// Gauss-Legendre rule, as in Captum), and the baseline, the same number everywhere, in the input's own units.
  std::size_t integration_steps = 50;
  double baseline = 0;
  /// With `smooth` above 0, all attributions are means over so many noisy copies of the inputs (Smilkov et al. 2017,
  /// "SmoothGrad"; captum.attr.NoiseTunnel). The noise is normal; its standard deviation is `noise` times the range of
  /// each example's input, or `noise` itself where that is absolute. The same seed gives the same noise.
  std::size_t smooth = 0;
  double noise = 0.15;
  bool noise_is_absolute = false;
  std::uint64_t seed = 0;
  /// How many threads compute it; 0: as many as OpenMP (for libtorch at::get_num_threads()) gives the calling thread.
  /// Where several explanations run at once, give each its share of the cores: threads that wait for one another on
  /// busy cores take longer than one thread alone.
  std::size_t threads = 0;
  Precision precision = Precision::exact;  ///< of the gradients
  /// What computes it; see chosen_engine. Autograd takes libtorch and is not for ONNX files: explain() refuses it with
  /// InputError where whycam was built without libtorch, else with ModelError.
  Engine engine = Engine::automatic;
};

/// A network from an exported program (.pt2), an ONNX file or, where whycam was built with libtorch, a TorchScript one;
/// compiled for each shape of inputs when it is first explained with it. The numbers are those of
/// whycam::GuidedGradCam, which are Captum's. A handle: copies share the network and its plans. Immutable and
/// thread-safe: one Network may be used from many threads at once, with the results of one. It computes on the CPU,
/// with as many threads as OpenMP (for TorchScript libtorch) gives the calling thread, and in float32; a TorchScript
/// network of double precision computes in that, and what comes of it is rounded.
///
/// Errors, for all functions: ModelError, LayerError, TargetError, InputError; each says what was wrong and what to do.
class WHYCAM_API Network {
 public:
  /// One target's explanation.
  struct TargetExplanation : TargetAttributions<Tensor, LayerAttributions<Tensor>> {
    Target target;
    std::vector<float> scores;  ///< one per example: the explained number of the output
    /// Of integrated_gradients, one per example: by how much their sum misses the difference of the scores at the input
    /// and at the baseline. It is small where the steps were enough.
    std::vector<float> completeness_error = {};
  };

  /// All that one forward pass and its backward passes tell: raw and signed, in the network's own units.
  struct Explanation {
    Tensor output;                           ///< the network's output, the chosen one
    std::vector<TargetExplanation> targets;  ///< one per target, in their order
    ActivationReport activations;
    std::string engine;                 ///< which engine ran: "compiled" or "autograd"
    std::string why_not_compiled;       ///< the operator and its place, where a network could not be compiled
    std::vector<std::string> warnings;  ///< what a careful reader should know, one sentence each
    /// Memory that it took beside the weights, which are there once for all: so much, in bytes, each of several
    /// explanations takes that run at once. 0 where the engine was not "compiled", which alone knows it.
    std::uint64_t working_bytes = 0;
  };

  /// Reads a network file, known by its content: an exported program (.pt2), or ONNX, with its weights in it or in
  /// files beside it, within its folder or, where the file and they are links, in the folder where it really lies; with
  /// libtorch also TorchScript, as Model::load does. The whole of it is checked. Throws ModelError where it is missing,
  /// of another kind, or damaged.
  static Network load(const std::filesystem::path& path);
  /// The same of a network in memory, which messages call by its name; its weights are all in it.
  static Network load(std::string bytes, const std::string& name);
  static Network load(std::istream& stream, const std::string& name);

  /// The same network with scores in place of probabilities: the explained output is what enters the softmax,
  /// log-softmax or sigmoid that it comes from. Behind a softmax, a class's gradient mixes in those of all others, and
  /// it vanishes where the class is sure. Options::output_element names the same output of either. Throws ModelError
  /// where the output comes from none of these; for an ONNX or exported network when it is first run.
  Network before_softmax(const std::vector<OutputElement>& output_element = {}) const;

  /// In the file's order. What is explained takes all inputs. None of a TorchScript file, which declares none.
  const std::vector<Port>& inputs() const;
  const std::vector<Port>& outputs() const;

  /// The layers in the order in which they run, with what inputs of these shapes make of them: nodes
  /// ("/features/12/Concat") and the modules that were exported ("features.12"), of which nothing is computed; the
  /// modules of a TorchScript network, as they are declared, by one forward pass with zeros. Which are fit, and which
  /// is the default, is said of the output that is explained, Options::output_element.
  std::vector<LayerInfo> layers(const std::vector<Shape>& input_shapes,
                                const std::vector<OutputElement>& output_element = {}) const;

  /// The layer that Grad-CAM is usually computed at: the last one to run whose output still has spatial extent.
  /// Throws LayerError where there is none.
  std::string default_layer(const std::vector<Shape>& input_shapes,
                            const std::vector<OutputElement>& output_element = {}) const;

  /// Where channels and space lie in each of the inputs, for inputs of these shapes: followed back from the operators
  /// that fix it. A network that was made by Keras usually takes N x H x W x C. Automatic where the network does not
  /// tell; explain() takes N x C x space then. Of a TorchScript network it is told where it can be compiled. Throws
  /// ModelError for shapes that the network does not take.
  std::vector<Layout> input_layouts(const std::vector<Shape>& input_shapes) const;

  /// The same of the explained output, such as a segmenter's scores.
  Layout output_layout(const std::vector<Shape>& input_shapes,
                       const std::vector<OutputElement>& output_element = {}) const;

  /// Everything for several targets, from one forward pass. The layer is named by its node, a tensor or the path of an
  /// exported module, or by its path in a TorchScript network; it is not asked for where the methods need none. A
  /// module that runs several times stands for its last call, and "body@0" for its first; a layer of several tensors
  /// stands for the last with spatial extent, which a warning says, and "backbone:1" or "backbone:out" for one of them,
  /// by its index or its name. A layer or tensor of exactly the name comes first. The inputs are read and not kept; the
  /// explanation owns its numbers.
  Explanation explain(const std::vector<Tensor>& inputs, const std::string& layer, const std::vector<Target>& targets,
                      const Options& options = {}) const;

  Explanation explain(const std::vector<Tensor>& inputs, const std::string& layer,
                      std::initializer_list<Target> targets, const Options& options = {}) const {
    return explain(inputs, layer, std::vector<Target>(targets), options);  // {0} could be a null function, too
  }

  /// The same of a network's only input.
  template <class Input, class = std::enable_if_t<std::is_same_v<Input, Tensor>>>
  Explanation explain(const Input& input, const std::string& layer, const std::vector<Target>& targets,
                      const Options& options = {}) const {
    return explain(std::vector<Tensor>{input}, layer, targets, options);
  }

  /// The same at several layers, from one forward pass: each target's `layers` are in this order. With Options::layout,
  /// it is that of all of them. An empty list is for methods that need no layer.
  Explanation explain(const std::vector<Tensor>& inputs, const std::vector<std::string>& layers,
                      const std::vector<Target>& targets, const Options& options = {}) const;

  Explanation explain(const std::vector<Tensor>& inputs, const std::vector<std::string>& layers,
                      std::initializer_list<Target> targets, const Options& options = {}) const {
    return explain(inputs, layers, std::vector<Target>(targets), options);
  }

  /// The same with targets that are chosen when the output is known: the best classes, say. The function is called
  /// once, on this thread; what it throws arrives.
  using ChooseTargets = std::function<std::vector<Target>(const Tensor& output)>;
  Explanation explain(const std::vector<Tensor>& inputs, const std::string& layer, const ChooseTargets& choose_targets,
                      const Options& options = {}) const;

  Explanation explain(const std::vector<Tensor>& inputs, const std::vector<std::string>& layers,
                      const ChooseTargets& choose_targets, const Options& options = {}) const;

  /// Makes ready what explanations of these shapes need, at a layer or several, before the first of them is waited for:
  /// the plan is compiled, and the network runs once, on zeros.
  void prepare(const std::vector<Shape>& input_shapes, const std::vector<std::string>& layers,
               const Options& options = {}) const;

  /// The graph of an explanation, after each of the compiler's passes. The engine is not asked for.
  std::vector<GraphStage> graph_stages(const std::vector<Shape>& input_shapes, const std::string& layer,
                                       const Options& options = {}) const;

  /// What answers, and a handle on it; for the inside of whycam.
  struct State;
  explicit Network(std::shared_ptr<const State> state) : state_(std::move(state)) {}

 private:
  std::shared_ptr<const State> state_;
};

/// How many bytes of compiled plans, and of memory for their runs, each network keeps for later explanations; the plan
/// that was used last is kept whatever its size. For the whole process, from now on; thread-safe. Default: 1 GiB.
WHYCAM_API void limit_plan_memory(std::uint64_t bytes);

/// A folder in which plans keep the weights in the order that convolutions like, so that the next process that explains
/// the network does not reorder them, and shares their memory with others. Files are told by what is in them: the
/// weights, the order and whycam's way of packing; damaged or foreign ones are ignored, as is a disk that is full. They
/// take about twice the network's size for each precision and kind of input, and can be removed while nothing uses
/// them. Only you should be able to write there: files are mapped into memory, and whoever changes one changes
/// explanations. For the whole process, from now on; thread-safe; empty, the default: none. Throws OutputError where
/// there is no such folder and it cannot be made.
WHYCAM_API void set_plan_cache(const std::filesystem::path& folder);

}  // namespace whycam
