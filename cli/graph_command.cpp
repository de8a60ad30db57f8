// whycam graph
#include <fmt/format.h>

#include <iostream>

#include "commands.h"
#include "printable.h"

namespace whycam::cli {

ExitCode graph(const GraphArguments& arguments) {
  const auto network = load<Network>(arguments.model);
  const std::vector<Shape> inputs = arguments.input.parse(network.inputs());
  Options options;
  options.attribute_to_layer_input = arguments.layer_input;
  options.output_element = parse_output_element(arguments.output_element);
  const std::string layer =
      arguments.layer.empty() ? network.default_layer(inputs, options.output_element) : arguments.layer;
  std::string passes;
  bool shown = false;
  for (const GraphStage& stage : network.graph_stages(inputs, layer, options)) {
    passes += (passes.empty() ? "" : ", ") + stage.pass;
    if (!arguments.pass.empty() && arguments.pass != stage.pass) continue;
    std::cout << fmt::format("== {}: {} nodes\n{}\n", stage.pass, stage.nodes,
                             printable(stage.text, /*keeps_lines=*/true));
    shown = true;
  }
  if (!shown) throw Failure(ExitCode::usage, "there is no pass \"" + arguments.pass + "\"; the passes are " + passes);
  return ExitCode::success;
}

}  // namespace whycam::cli
