// whycam graph
#include <fmt/format.h>

#include <iostream>

#include "commands.h"
#include "whycam/graph.h"

namespace whycam::cli {

ExitCode graph(const GraphArguments& arguments) {
  const torch::Tensor input = arguments.input.parse();
  const Model model = load_model(arguments.model);
  const std::string layer = arguments.layer.empty() ? model.default_layer({input}) : arguments.layer;
  AttributeOptions options;
  options.attribute_to_layer_input(arguments.layer_input)
      .output_element(parse_output_element(arguments.output_element));
  std::string passes;
  bool shown = false;
  for (const GraphStage& stage : graph_stages(model, {input}, layer, options)) {
    passes += (passes.empty() ? "" : ", ") + stage.pass;
    if (!arguments.pass.empty() && arguments.pass != stage.pass) continue;
    std::cout << fmt::format("== {}: {} nodes\n{}\n", stage.pass, stage.nodes, stage.text);
    shown = true;
  }
  if (!shown)
    throw Failure(ExitCode::usage, "there is no pass \"" + arguments.pass + "\"; the passes are " + passes);
  return ExitCode::success;
}

}  // namespace whycam::cli
