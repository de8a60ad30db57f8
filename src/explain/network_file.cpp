#include "explain/network_file.h"

#include "core/cannot_compile.h"
#include "explain/layers.h"
#include "whycam/errors.h"
#include "whycam/nearest_names.h"

namespace whycam::explain {

std::shared_ptr<const formats::NetworkFile> read_network_file(const core::NetworkSource& source) {
  const formats::Format* format = formats::format_of(source);
  if (!format) throw ModelError(source.name() + " is of no format that is known");
  try {
    return format->read(source);
  } catch (const formats::Error& reason) {
    throw ModelError(reason.what());
  }
}

std::vector<Port> public_ports(const std::vector<formats::Port>& ports) {
  std::vector<Port> result;
  for (const formats::Port& port : ports) result.push_back({port.name, port.shape});
  return result;
}

std::size_t chosen_output(const formats::NetworkFile& network, const std::vector<OutputElement>& path) {
  const std::vector<formats::Port>& outputs = network.outputs();
  std::string names;
  for (std::size_t i = 0; i < outputs.size(); ++i)
    names += (i ? ", " : "") + std::to_string(i) + " (\"" + outputs[i].name + "\")";
  if (path.empty()) {
    if (outputs.size() == 1) return 0;
    std::vector<std::size_t> floats;  // whole numbers have no gradient
    for (std::size_t i = 0; i < outputs.size(); ++i)
      if (outputs[i].is_float) floats.push_back(i);
    if (floats.size() == 1) return floats[0];
    throw ModelError("the network has several outputs; choose one as the output element: " + names);
  }
  if (path.size() == 1) {
    if (const auto* index = std::get_if<std::int64_t>(&path[0]);
        index && *index >= 0 && static_cast<std::size_t>(*index) < outputs.size())
      return static_cast<std::size_t>(*index);
    if (const auto* name = std::get_if<std::string>(&path[0]))
      for (std::size_t i = 0; i < outputs.size(); ++i)
        if (outputs[i].name == *name) return i;
  }
  std::string dotted;  // as it is printed: an exported program's output may be called "boxes.0"
  for (const OutputElement& step : path) {
    const auto* index = std::get_if<std::int64_t>(&step);
    dotted += (dotted.empty() ? "" : ".") + (index ? std::to_string(*index) : std::get<std::string>(step));
  }
  for (std::size_t i = 0; i < outputs.size(); ++i)
    if (outputs[i].name == dotted) return i;
  throw ModelError("the network has no such output; choose one as the output element: " + names);
}

void require_layers(const formats::NetworkFile& network, const std::vector<std::string>& layers) {
  for (const std::string& layer : layers) {
    if (network.has_layer(layer)) continue;
    if (const std::string fault = network.fault_of_layer(layer); !fault.empty()) throw LayerError(fault);
    std::vector<std::string> all;
    for (const formats::Layer& one : network.layers()) all.push_back(one.name);
    throw LayerError("there is no layer \"" + layer + "\"; the nearest are " + one_of(nearest_names(layer, all)));
  }
}

namespace {

formats::Lowered lowered_with(const formats::NetworkFile& network, const std::vector<formats::Given>& given,
                              const std::vector<std::string>& layers) {
  try {
    return network.lower(given, {layers});
  } catch (const formats::Error& reason) {
    throw NotCompiled(std::string("the ") + network.format() + " network cannot be run: " + reason.what());
  }
}

}  // namespace

graph::Forward forward_of(const formats::NetworkFile& network, const std::vector<formats::Given>& given,
                          std::size_t inputs, std::size_t output, const std::vector<std::string>& layers,
                          bool layer_inputs) {
  require_layers(network, layers);
  graph::Forward forward;
  try {
    formats::Lowered lowered = network.lower(given, {layers, layer_inputs, output});
    forward.graph = std::move(lowered.graph);
    forward.inputs.assign(lowered.inputs.begin(), lowered.inputs.begin() + static_cast<std::ptrdiff_t>(inputs));
    forward.arguments.assign(lowered.inputs.begin() + static_cast<std::ptrdiff_t>(inputs), lowered.inputs.end());
    forward.output = lowered.outputs[output];
    forward.layers = std::move(lowered.layers);
    for (std::size_t i = 0; i < lowered.outputs.size(); ++i)
      if (i != output && lowered.outputs[i] != graph::no_value)
        forward.beside.push_back({network.outputs()[i].name, lowered.outputs[i]});
  } catch (const formats::Error& reason) {
    throw CannotCompile(reason.what());
  }
  if (forward.output == graph::no_value) throw CannotCompile("an output that does not depend on the inputs");
  return forward;
}

std::vector<Layout> input_layouts_of(const formats::NetworkFile& network, const std::vector<formats::Given>& given) {
  const formats::Lowered lowered = lowered_with(network, given, {});
  return input_layouts(lowered.graph, lowered.inputs);
}

Layout output_layout_of(const formats::NetworkFile& network, const std::vector<formats::Given>& given,
                        const std::vector<OutputElement>& output_element) {
  const formats::Lowered lowered = lowered_with(network, given, {});
  const graph::Value output = lowered.outputs[chosen_output(network, output_element)];
  if (output == graph::no_value) return {};
  return known_layout(lowered.graph.shape(output),
                      graph::find_axes(lowered.graph, lowered.inputs)[static_cast<std::size_t>(output)]);
}

std::vector<LayerInfo> layers_of(const formats::NetworkFile& network, const std::vector<formats::Given>& given,
                                 const std::vector<OutputElement>& output_element) {
  std::vector<std::string> names;
  for (const formats::Layer& layer : network.layers()) names.push_back(layer.name);
  const formats::Lowered lowered = lowered_with(network, given, names);
  std::vector<LayerInfo> layers;
  for (const formats::Layer& layer : network.layers()) {
    layers.emplace_back();
    layers.back().path = layer.name;
    layers.back().type = layer.type;
  }
  std::vector<graph::Value> outputs = lowered.outputs;
  if (!output_element.empty()) outputs = {lowered.outputs[chosen_output(network, output_element)]};
  describe_layers({lowered.graph, lowered.inputs, outputs, lowered.layers}, layers);
  return layers;
}

}  // namespace whycam::explain
