// whycam layers
#include <fmt/format.h>

#include <algorithm>
#include <iostream>

#include "commands.h"
#include "printable.h"

namespace whycam::cli {

ExitCode layers(const LayersArguments& arguments) {
  use_threads(arguments.threads);
  const auto network = load<Network>(arguments.model);
  const std::vector<Shape> inputs = arguments.input.parse(network.inputs());
  std::vector<LayerInfo> infos = network.layers(inputs, parse_output_element(arguments.output_element));
  for (LayerInfo& info : infos) {
    info.path = printable(info.path);
    info.type = printable(info.type);
  }
  std::size_t widest_path = 4, widest_type = 4, widest_layout = 6;
  for (const LayerInfo& info : infos) {
    widest_path = std::max(widest_path, info.path.size());
    widest_type = std::max(widest_type, info.type.size());
    widest_layout = std::max(widest_layout, info.layout.size());
  }
  std::string shapes_of_inputs;
  for (const Shape& shape : inputs)
    shapes_of_inputs += (shapes_of_inputs.empty() ? "" : ", ") + fmt::format("{}", fmt::join(shape, " x "));
  std::cout << fmt::format("    {:{}}  {:{}}  {:{}}  output for {} of {}\n", "name", widest_path, "type", widest_type,
                           "layout", widest_layout, inputs.size() == 1 ? "an input" : "inputs", shapes_of_inputs);
  for (const LayerInfo& info : infos) {
    std::string shapes;
    for (const auto& shape : info.output_shapes)
      shapes += (shapes.empty() ? "" : ", ") + fmt::format("{}", fmt::join(shape, " x "));
    std::cout << fmt::format("{:>3} {:{}}  {:{}}  {:{}}  {}\n",
                             info.is_default         ? "+ *"
                             : info.fit_for_grad_cam ? "+"
                                                     : "",
                             info.path, widest_path, info.type, widest_type, info.layout, widest_layout,
                             shapes.empty() ? "did not run" : shapes);
  }
  std::cout << "+ fit for Grad-CAM, * the default\n";
  return ExitCode::success;
}

}  // namespace whycam::cli
