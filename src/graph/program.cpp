#include "graph/program.h"

namespace whycam::graph {
namespace {

std::size_t at(Value value) { return static_cast<std::size_t>(value); }

}  // namespace

std::string input_name(std::size_t input) { return "input." + std::to_string(input); }
std::string argument_name(std::size_t argument) { return "argument." + std::to_string(argument); }
std::string layer_name(std::size_t layer, std::size_t tensor) {
  return "layer." + std::to_string(layer) + "." + std::to_string(tensor);
}
std::string layer_gradient_name(std::size_t layer, std::size_t tensor) {
  return "layer_gradient." + std::to_string(layer) + "." + std::to_string(tensor);
}
std::string input_gradient_name(std::size_t rule, std::size_t input) {
  return "input_gradient." + std::to_string(rule) + "." + std::to_string(input);
}

Graph program(const Forward& forward, const std::vector<ReluTreatment>& rules, bool all_outputs, const Seen& seen,
              const Seed& seed) {
  Graph graph = forward.graph;
  graph.add_output("output", forward.output);
  for (const Output& output : forward.beside)
    if (all_outputs) graph.add_output(output.name, output.value);
  for (std::size_t i = 0; i < forward.layers.size(); ++i)
    for (std::size_t j = 0; j < forward.layers[i].size(); ++j) graph.add_output(layer_name(i, j), forward.layers[i][j]);
  if (seen) seen("lower", graph);
  graph = fold_scales(graph);
  if (seen) seen("fold_scales", graph);
  graph = nest_concats(graph);
  if (seen) seen("nest_concats", graph);

  std::vector<Value> inputs, layers;
  std::vector<std::string> layer_gradients;
  for (const Value input : forward.inputs) inputs.push_back(graph.input(forward.graph[input].name));
  for (std::size_t i = 0; i < forward.layers.size(); ++i)
    for (std::size_t j = 0; j < forward.layers[i].size(); ++j) {
      layers.push_back(graph.output(layer_name(i, j)));
      layer_gradients.push_back(layer_gradient_name(i, j));
    }
  const Value output = graph.output("output");
  const Value output_gradient = seed ? seed(graph, output) : graph.add_input("output_gradient", graph.shape(output));
  const auto add_gradients = [&](const std::vector<Value>& wanted, const ReluTreatment& at_relus, const auto& name) {
    const std::vector<Value> gradients = differentiate(graph, output, output_gradient, wanted, at_relus);
    for (std::size_t i = 0; i < gradients.size(); ++i)
      if (gradients[i] != no_value) graph.add_output(name(i), gradients[i], gradient_section);
  };
  if (!layers.empty()) add_gradients(layers, {}, [&](std::size_t i) { return layer_gradients[i]; });
  for (std::size_t rule = 0; rule < rules.size(); ++rule)
    add_gradients(inputs, rules[rule], [&](std::size_t i) { return input_gradient_name(rule, i); });
  if (seen) seen("differentiate", graph);
  return graph;
}

std::vector<bool> between_output_and_inputs(const Forward& forward) {
  const Graph& graph = forward.graph;
  std::vector<bool> behind(at(graph.size()), false), before(at(graph.size()), false);
  for (const Value input : forward.inputs) behind[at(input)] = true;
  for (Value value = 0; value < graph.size(); ++value)
    for (const Value input : graph[value].inputs)
      if (behind[at(input)]) behind[at(value)] = true;
  before[at(forward.output)] = true;
  for (Value value = graph.size(); value-- > 0;)
    if (before[at(value)] && !is_detach(graph[value]))
      for (const Value input : graph[value].inputs) before[at(input)] = true;
  for (std::size_t i = 0; i < behind.size(); ++i) behind[i] = behind[i] && before[i];
  return behind;
}

}  // namespace whycam::graph
