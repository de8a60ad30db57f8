// The options of explain, and those that it shares, as CLI11 has them.
#include "arguments.h"
#include "option_parts.h"

namespace whycam::cli {
namespace {

/// The heat maps' names: "{one,other}".
std::string heat_map_choices() {
  std::string names;
  for (const Method method : all_methods())
    if (is_heat_map(method)) names += (names.empty() ? "{" : ",") + std::string(to_string(method));
  return names + "}";
}

}  // namespace

void PreprocessingArguments::add_to(CLI::App& command) {
  begin_group(command, "Preprocessing");
  command
      .add_option(
          "--size", size,
          "Pictures are resized to N x N pixels or H,W; with --crop, their shorter side is made N; default: what "
          "the network's file declares, else 224")
      ->type_name("PIXELS");
  command.add_option("--crop", crop, "Cut N x N or H,W pixels from the middle of the resized picture")
      ->type_name("PIXELS");
  command
      .add_option("--mean", mean,
                  "Mean of each channel, for values from 0 to 1; one number: a grey network, which has "
                  "0.449 and 0.226 where nothing is given")
      ->type_name("NUMBERS")
      ->capture_default_str();
  command.add_option("--std", standard_deviation, "Standard deviation of each channel")
      ->type_name("NUMBERS")
      ->capture_default_str();
  command
      .add_option("--picture-limit", picture_limit,
                  "The work that decoding a picture may be: its pixels, once for each scan of a progressive JPEG")
      ->type_name("PIXELS")
      ->capture_default_str();
}

void DrawingArguments::add_to(CLI::App& command) {
  begin_group(command, "Drawing");
  std::string names;
  for (const std::string& name : picture::colour_map_names()) names += (names.empty() ? "{" : ",") + name;
  command.add_option("--cmap", colour_map, "Grad-CAM's colours")->type_name(names + "}")->capture_default_str();
  command.add_option("--alpha", opacity, "Grad-CAM's opacity over the picture, from 0 to 1")
      ->type_name("NUMBER")
      ->capture_default_str();
  command
      .add_option(
          "--sign", sign,
          "What guided maps show: all values around grey, those above 0 from black, or absolute ones from black")
      ->type_name("{all,positive,absolute}")
      ->capture_default_str();
  command
      .add_option("--percentile", percentile,
                  "Full contrast in guided maps: this percentage of the magnitudes other than 0 is not larger")
      ->type_name("NUMBER")
      ->capture_default_str();
}

void AttributionArguments::add_all_but_engine_to(CLI::App& command) {
  begin_group(command, how);
  command
      .add_option("--interpolate", interpolate,
                  "How Grad-CAM is resized to the input; bilinear is linear for N x C x L and trilinear "
                  "for N x C x D x H x W")
      ->type_name("{nearest,area,bilinear,bicubic}")
      ->capture_default_str();
  command
      .add_option("--guided-rule", guided_rule,
                  "captum clips the whole gradient at the tensor that enters a ReLU, paper only what passes through it")
      ->type_name("{captum,paper}")
      ->capture_default_str();
  command.add_flag("--guide-clipped-relus", guide_clipped_relus, "Extend the rule to ReLU6 and its like");
  command.add_option("--cam", cam, "The heat map that guided backpropagation is multiplied with for guided-gradcam")
      ->type_name(heat_map_choices())
      ->capture_default_str();
  begin_group(command, what);
  command.add_flag("--layer-input", layer_input, "Attribute to what enters the layer instead of what leaves it");
  command
      .add_option(
          "--layout", layout,
          "Where channels and space lie in what the layer gives: nchw (N x channels x space), nhwc (N x space x "
          "channels), or the grid of tokens and the class tokens before it; auto follows them through the "
          "network")
      ->type_name("{auto,nchw,nhwc,HxW,HxW+TOKENS}")
      ->capture_default_str();
  command.add_option("--input-layout", input_layout, "The same of the network's input")
      ->type_name("{auto,nchw,nhwc}")
      ->capture_default_str();
  add_output_element(command, output_element);
  command.add_flag("--before-softmax", before_softmax,
                   "Explain what enters the softmax or sigmoid that the output comes from");
}

void AttributionArguments::add_to(CLI::App& command) {
  add_all_but_engine_to(command);
  begin_group(command, how);
  command.add_option("--engine", engine, build.engine)->type_name(build.engines)->capture_default_str();
  command
      .add_option("--precision", precision,
                  "fast: gradients at the input are multiplied in bfloat16, where the processor does that natively; "
                  "they then differ from exact ones by some thousandths; the forward pass and heat maps are the same")
      ->type_name("{exact,fast}")
      ->capture_default_str();
}

void ExplainArguments::add_inputs(CLI::App& command) {
  command
      .add_option(
          "INPUT", inputs,
          "JPEG or PNG pictures, folders of them, or .npy arrays (N x C x L, N x C x H x W, N x C x D x H x W, or as "
          "the network takes them), whose numbers are used as they are")
      ->type_name("FILE");
  command.add_flag("--recursive", recursive,
                   "Descend into the sub-folders of folders; results go into sub-folders of the same names");
  command
      .add_option("--from", from,
                  "A file that names inputs, one a line, besides or in place of INPUT; -: the standard "
                  "input")
      ->type_name("FILE")
      ->check(not_empty);
  command
      .add_option("--shard", shard,
                  "Explain one shard of the inputs alone, as 3/16 the third of sixteen, the same on every machine; all "
                  "shards may write into one folder at once; auto takes it from Slurm, an MPI launcher or an indexed "
                  "job of Kubernetes, as is done without the option where there are several inputs; 1/1: all of them")
      ->type_name("K/N")
      ->check(not_empty);
}

void ExplainArguments::add_to(CLI::App& command) {
  begin_group(command, what);
  command.add_option("MODEL", model, build.network_file)->type_name("FILE")->required();
  add_inputs(command);
  command
      .add_option("--also", also,
                  "The network's further inputs beside one INPUT, in their order: a picture or .npy array each; "
                  "repeatable")
      ->type_name("FILE")
      ->take_all()
      ->allow_extra_args(false);
  add_layers(command);
  add_targets(command);
  begin_group(command, how);
  command.add_option("--method", methods, "What is computed; repeatable, or with commas between them")
      ->type_name(method_choices())
      ->take_all()
      ->allow_extra_args(false)
      ->delimiter(',')
      ->capture_default_str();
  AttributionArguments::add_to(command);
  add_repetition(command);
  preprocessing.add_to(command);
  drawing.add_to(command);
  add_output(command);
  add_running(command);
}

void ExplainArguments::add_layers(CLI::App& command) {
  command
      .add_option(
          "--layer", layers,
          "Where Grad-CAM is computed, by its path in the network (see whycam layers): body@0 is its first call "
          "and body its last, body:1 or body:name one of several tensors; repeatable, all from one forward pass; "
          "default: the last layer that still has spatial extent")
      ->type_name("LAYER")
      ->take_all()
      ->allow_extra_args(false);
  command
      .add_option("--merge", merge,
                  "One map of all layers in place of one for each: the mean or the maximum of their maps, each divided "
                  "by its own maximum and resized to the input")
      ->type_name("{none,mean,max}")
      ->capture_default_str();
}

void ExplainArguments::add_targets(CLI::App& command) {
  command
      .add_option(
          "--target", targets,
          "What is explained: a class's number, its label, topK (the K best classes), or an index tuple such as "
          "1,7,3; with against: before it, what speaks against it; repeatable")
      ->type_name("TARGET")
      ->take_all()
      ->allow_extra_args(false)
      ->capture_default_str();
  command.add_option("--versus", versus, "Explain what speaks for the target and not for this class or index tuple")
      ->type_name("CLASS")
      ->check(not_empty);
  command
      .add_option(
          "--region", region,
          "Over which places of a dense output, such as a segmenter's, a class's scores are summed: all of them, "
          "those where it is predicted (the best class), or those that a mask marks, a picture that is not "
          "black there or a .npy array that is not 0, in the picture's pixels, the network's or the output's; "
          "the best classes of a dense output are explained where they are predicted")
      ->type_name("{all,predicted,FILE}")
      ->check(not_empty);
  add_boxes(command);
  command
      .add_option("--like", like,
                  "Explain what makes the output similar (by its cosine) to that of this picture or array, for "
                  "networks that give embeddings; a .npy array as long as the output is taken for the output itself")
      ->type_name("FILE")
      ->check(not_empty);
  command.add_option("--labels", labels, "A file with a class name a line")->type_name("FILE");
}

void ExplainArguments::add_boxes(CLI::App& command) {
  command
      .add_option(
          "--box", box,
          "For a detector's output, N x rows x (4 + classes) or N x (4 + classes) x rows: explain the row whose "
          "box has the largest overlap (intersection over union) with this one, of the original picture's "
          "pixels: left, top, width, height; --target chooses among the row's classes")
      ->type_name("X,Y,W,H")
      ->check(not_empty);
  command
      .add_option("--box-format", box_format,
                  "How the detector writes its rows, where the numbers do not tell: pixels or shares (of the input's "
                  "width and height), centre (x, y, width, height) or edges (left, top, right, bottom), rows-first or "
                  "rows-last, objectness (behind the box, as in YOLOv5), classes=N; with commas between them")
      ->type_name("FORMAT")
      ->check(not_empty);
}

void ExplainArguments::add_repetition(CLI::App& command) {
  command
      .add_option("--integration-steps", integration_steps,
                  "integrated-gradients: how many gradients are taken on the way from the baseline to the input")
      ->capture_default_str()
      ->type_name("COUNT")
      ->check(range(1, 1000000));
  command
      .add_option("--baseline", baseline,
                  "integrated-gradients: the baseline, one number for the whole input, as the network takes it")
      ->type_name("NUMBER")
      ->capture_default_str();
  command.add_option("--smooth", smooth, "Give means over so many noisy copies of the input (SmoothGrad); 0: none")
      ->capture_default_str()
      ->type_name("COUNT")
      ->check(range(0, 1000000));
  command.add_option("--noise", noise, "The standard deviation of that noise, as a share of the input's range")
      ->type_name("NUMBER")
      ->capture_default_str();
  command.add_option("--seed", seed, "Of the noise: the same seed, the same maps")
      ->type_name("NUMBER")
      ->capture_default_str()
      ->check(whole_number);
}

void ExplainArguments::add_output(CLI::App& command) {
  begin_group(command, output_group);
  command.add_option("--output-dir", output_dir, "Where the results go; made if it is missing")
      ->type_name("DIR")
      ->capture_default_str();
  command.add_flag("--save-npy", save_npy, "Write the raw attributions too, as .npy");
  command.add_flag(
      "--save-activations", save_activations,
      "Write as .npy what the layer gave, the gradient of the score there, and heat maps of the layer's size with "
      "their sign, before negative values are set to 0");
  command.add_flag(
      "--full-size", full_size,
      "Give maps of pictures in the original picture's pixels, resize and crop undone: outside of what the "
      "network saw, overlays leave the picture as it is and arrays hold NaN");
  command.add_flag("--contact-sheet", contact_sheet,
                   "Write an SVG drawing per input: it and all of its maps side by side, one row per class");
  command.add_flag("--report", report,
                   "Write report.html, one page with all pictures, classes and settings, to search and filter");
  command.add_flag("--json", json, "Print explanation.json instead of the table");
  command.add_flag("--quiet", quiet, "Print nothing but errors");
}

void ExplainArguments::add_running(CLI::App& command) {
  begin_group(command, running);
  command.add_option("--batch-size", batch_size, "How many pictures go through the network at a time")
      ->capture_default_str()
      ->type_name("COUNT")
      ->check(range(1, 4096));
  add_threads(command, threads);
  command
      .add_option("--workers", workers,
                  "How many batches are explained at once, each by its share of the threads; default: one a thread, as "
                  "far as there are as many batches and half of the memory holds them")
      ->type_name("COUNT")
      ->check(range(1, 4096));
  command
      .add_option("--plan-cache", plan_cache,
                  "A folder that keeps weights in the order that convolutions like, for the next run to start sooner; "
                  "made if it is missing. Only you should be able to write there; with --sandbox it is only read")
      ->type_name("DIR")
      ->check(not_empty);
  command.add_flag(
      "--resume", resume,
      "Go on with a run into the same folder: what it finished stays, but for inputs whose files have changed since");
}

}  // namespace whycam::cli
