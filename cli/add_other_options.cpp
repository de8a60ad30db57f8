// The options of the other subcommands.
#include "arguments.h"
#include "option_parts.h"

namespace whycam::cli {

void ReportArguments::add_to(CLI::App& command) {
  begin_group(command, output_group);
  command.add_option("FOLDER", folder, "What whycam explain wrote into, with one or several manifests")
      ->type_name("DIR")
      ->required();
  command.add_option("--output-dir", output_dir, "Where the report goes; default: FOLDER")->type_name("DIR");
  command
      .add_option("--limit", limit, "How many inputs are shown in report.html and contact sheets; the tables have all")
      ->capture_default_str()
      ->type_name("COUNT")
      ->check(range(0, 10000000));
  command.add_flag("--contact-sheet", contact_sheet,
                   "Write SVG drawings of the inputs and their maps side by side, 20 rows in each");
  command.add_flag("--json", json, "Print the summary as JSON");
  command.add_flag("--quiet", quiet, "Print nothing but errors");
}

void CheckArguments::add_to(CLI::App& command) {
  begin_group(command, what);
  command.add_option("MODEL", model, build.network_file)->type_name("FILE")->required();
  command.add_option("INPUT", input, "A JPEG or PNG picture, or a .npy tensor of one example (1 x C x H x W)")
      ->type_name("FILE")
      ->required();
  command.add_option("--layer", layer, "Where Grad-CAM is computed; default: as in whycam explain")->type_name("LAYER");
  command.add_option("--target", target, "The class that is explained: its number, its label, or top1")
      ->type_name("TARGET")
      ->capture_default_str();
  command.add_option("--labels", labels, "A file with a class name a line")->type_name("FILE");
  AttributionArguments::add_to(command);
  preprocessing.add_to(command);
  add_measures(command);
  begin_group(command, output_group);
  command.add_option("--output-dir", output_dir, "Where check.json and check.svg go; made if it is missing")
      ->type_name("DIR")
      ->capture_default_str();
  command.add_flag("--json", json, "Print check.json instead of the report");
  command.add_flag("--quiet", quiet, "Print nothing but errors");
  begin_group(command, running);
  add_threads(command, threads);
}

void CheckArguments::add_measures(CLI::App& command) {
  begin_group(command, "What is measured");
  command
      .add_option(
          "--measure", measure,
          "What is measured of a class: its softmax probability, or the network's own number, as for regression "
          "and sigmoids; auto tells by the outputs")
      ->type_name("{auto,softmax,score}")
      ->capture_default_str();
  command.add_option("--classes", other_classes, "How many of the next best classes the map is compared with; 0: none")
      ->capture_default_str()
      ->type_name("COUNT")
      ->check(range(0, 1000));
  command
      .add_option("--random-steps", randomisation_steps,
                  "In how many steps the weights are randomised, at most; 0: not at all")
      ->capture_default_str()
      ->type_name("COUNT")
      ->check(range(0, 10000));
  command.add_option("--pixel-steps", pixel_steps, "In how many steps pixels are inserted and deleted; 0: not at all")
      ->capture_default_str()
      ->type_name("COUNT")
      ->check(range(0, 10000));
  command.add_option("--seed", seed, "Of the random weights and orders: the same seed, the same report")
      ->type_name("NUMBER")
      ->capture_default_str()
      ->check(whole_number);
}

void ExampleInputArguments::add_to(CLI::App& command) {
  begin_group(command, "Example input");
  command
      .add_option("--size", size,
                  "The input's size: N for N x N pixels, or H,W; default: what the network's file declares, else 224")
      ->type_name("PIXELS");
  command.add_option("--channels", channels, "The input's channels; default: what the network's file declares, else 3")
      ->type_name("COUNT")
      ->check(range(1, 65536));
  command
      .add_option("--shape", shapes,
                  "The whole shape of an input, as in 1x12x1000; given once for each input, instead of --size and "
                  "--channels")
      ->type_name("SHAPE")
      ->excludes("--size")
      ->excludes("--channels");
}

void ExportArguments::add_to(CLI::App& command) {
  begin_group(command, what);
  command.add_option("MODEL", model, build.network_file)->type_name("FILE")->required();
  command.add_option("--layer", layer, "Where Grad-CAM is computed; default: as in whycam explain")->type_name("LAYER");
  command
      .add_option(
          "--region", region,
          "For an output of N x classes x space, such as a segmenter's: the file sums a class's scores over all "
          "places, over those where it is predicted, or over a mask that it takes as a further input")
      ->type_name("{all,predicted,mask}")
      ->check(not_empty);
  command.add_option("--versus", versus, "A class whose score the file subtracts: why the target and not this one")
      ->type_name("CLASS")
      ->check(whole_number);
  command.add_flag("--against", against, "Explain what speaks against the target");
  AttributionArguments::add_all_but_engine_to(command);
  input.add_to(command);
  begin_group(command, output_group);
  command.add_option("--output", output, "The ONNX file that is written")->type_name("FILE")->capture_default_str();
  command.add_flag("--quiet", quiet, "Print nothing but errors");
  begin_group(command, running);
  add_threads(command, threads);
}

void GraphArguments::add_to(CLI::App& command) {
  begin_group(command, what);
  command.add_option("MODEL", model, build.network_file)->type_name("FILE")->required();
  command.add_option("--layer", layer, "Where Grad-CAM is computed; default: as in whycam explain")->type_name("LAYER");
  command.add_flag("--layer-input", layer_input, "Attribute to what enters the layer instead of what leaves it");
  add_output_element(command, output_element);
  input.add_to(command);
  begin_group(command, output_group);
  command.add_option("--pass", pass, "Show the graph behind this pass alone")->type_name("PASS");
}

void LayersArguments::add_to(CLI::App& command) {
  begin_group(command, what);
  command.add_option("MODEL", model, build.network_file)->type_name("FILE")->required();
  add_output_element(command, output_element);
  input.add_to(command);
  begin_group(command, running);
  add_threads(command, threads);
}

}  // namespace whycam::cli
