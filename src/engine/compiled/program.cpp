#include "engine/compiled/program.h"

#include "graph/differentiate.h"

namespace whycam::engine {
namespace {

graph::ReluTreatment treatment(const ReluRule& rule) {
  using Gradient = graph::ReluTreatment::Gradient;
  return {rule.gradient == ReluGradient::guided ? Gradient::guided : Gradient::deconvolution, rule.rule == GuidedRule::paper,
          rule.clipped_relus};
}

/// For each value, whether the output depends on it and it on an input.
std::vector<bool> between_output_and_inputs(const Lowered& lowered) {
  const graph::Graph& graph = lowered.graph;
  const auto at = [](graph::Value value) { return static_cast<std::size_t>(value); };
  std::vector<bool> behind(at(graph.size()), false), before(at(graph.size()), false);
  for (const graph::Value input : lowered.inputs) behind[at(input)] = true;
  for (graph::Value value = 0; value < graph.size(); ++value)
    for (const graph::Value input : graph[value].inputs)
      if (behind[at(input)]) behind[at(value)] = true;
  before[at(lowered.output)] = true;
  for (graph::Value value = graph.size(); value-- > 0;)
    if (before[at(value)])
      for (const graph::Value input : graph[value].inputs) before[at(input)] = true;
  for (std::size_t i = 0; i < behind.size(); ++i) behind[i] = behind[i] && before[i];
  return behind;
}

}  // namespace

std::string layer_name(std::size_t layer, std::size_t tensor) {
  return "layer." + std::to_string(layer) + "." + std::to_string(tensor);
}
std::string layer_gradient_name(std::size_t layer, std::size_t tensor) {
  return "layer_gradient." + std::to_string(layer) + "." + std::to_string(tensor);
}
std::string input_gradient_name(std::size_t rule, std::size_t input) {
  return "input_gradient." + std::to_string(rule) + "." + std::to_string(input);
}

graph::Graph program(const Lowered& lowered, const std::vector<ReluRule>& rules, const graph::Seen& seen) {
  graph::Graph graph = lowered.graph;
  graph.add_output("output", lowered.output);
  for (std::size_t i = 0; i < lowered.layers.size(); ++i)
    for (std::size_t j = 0; j < lowered.layers[i].size(); ++j) graph.add_output(layer_name(i, j), lowered.layers[i][j]);
  if (seen) seen("lower", graph);
  graph = graph::fold_scales(graph);
  if (seen) seen("fold_scales", graph);

  std::vector<graph::Value> inputs(lowered.inputs.size()), layers;
  std::vector<std::string> layer_gradients;
  for (graph::Value value = 0; value < graph.size(); ++value)
    for (std::size_t i = 0; i < inputs.size(); ++i)
      if (graph[value].op == graph::Operator::input && graph[value].name == input_name(i)) inputs[i] = value;
  for (std::size_t i = 0; i < lowered.layers.size(); ++i)
    for (std::size_t j = 0; j < lowered.layers[i].size(); ++j) {
      layers.push_back(graph.output(layer_name(i, j)));
      layer_gradients.push_back(layer_gradient_name(i, j));
    }
  const graph::Value output = graph.output("output");
  const graph::Value output_gradient = graph.add_input("output_gradient", graph.shape(output));
  const auto add_section = [&](const std::vector<graph::Value>& wanted, const graph::ReluTreatment& at_relus, int section,
                               const auto& name) {
    const std::vector<graph::Value> gradients = graph::differentiate(graph, output, output_gradient, wanted, at_relus);
    for (std::size_t i = 0; i < gradients.size(); ++i)
      if (gradients[i] != graph::no_value) graph.add_output(name(i), gradients[i], section);
  };
  if (!layers.empty()) add_section(layers, {}, layer_section, [&](std::size_t i) { return layer_gradients[i]; });
  for (std::size_t rule = 0; rule < rules.size(); ++rule)
    add_section(inputs, treatment(rules[rule]), section_of_rule(rule),
                [&](std::size_t i) { return input_gradient_name(rule, i); });
  if (seen) seen("differentiate", graph);
  return graph;
}

ActivationReport activations(const Lowered& lowered, bool clipped_relus) {
  ActivationReport report;
  const std::vector<bool> between = between_output_and_inputs(lowered);
  for (graph::Value value = 0; value < lowered.graph.size(); ++value) {
    const graph::Node& node = lowered.graph[value];
    if (!between[static_cast<std::size_t>(value)]) continue;
    if (graph::is_relu(node, clipped_relus))
      ++report.relus_guided;
    else if (!node.activation.empty())
      ++report.not_guided[node.activation];
  }
  return report;
}

}  // namespace whycam::engine
