#include "explain/explanation_graph.h"

#include <algorithm>

#include "core/cannot_compile.h"
#include "whycam/errors.h"

namespace whycam::explain {
namespace {

using graph::Value;

bool any(const std::vector<Value>& values) {
  return std::any_of(values.begin(), values.end(), [](Value value) { return value != graph::no_value; });
}

/// Heat maps weigh gradients at the layer, of which most is lost where they add up to little: those are not rounded.
bool of_layer(const methods::PartNode& node) {
  return node.part.kind != methods::Part::Kind::map || is_heat_map(node.part.method);
}

methods::Sources sources_in(const graph::Graph& graph, const graph::Forward& forward, const methods::Settings& settings,
                            std::size_t rules) {
  methods::Sources sources;
  sources.layouts = methods::find_layouts(forward, settings.layer_layout, settings.input_layout);
  for (const Value input : forward.inputs) sources.inputs.push_back(graph.input(forward.graph[input].name));
  for (std::size_t layer = 0; layer < forward.layers.size(); ++layer) {
    auto& activations = sources.activations.emplace_back();
    auto& gradients = sources.layer_gradients.emplace_back();
    for (std::size_t i = 0; i < forward.layers[layer].size(); ++i) {
      activations.push_back(graph.output(graph::layer_name(layer, i)));
      gradients.push_back(graph.output(graph::layer_gradient_name(layer, i)));
    }
    if (!any(gradients)) throw CannotCompile("a layer that the output does not depend on");
  }
  for (std::size_t rule = 0; rule < rules; ++rule) {
    auto& gradients = sources.input_gradients.emplace_back();
    for (std::size_t i = 0; i < forward.inputs.size(); ++i)
      gradients.push_back(graph.output(graph::input_gradient_name(rule, i)));
    if (!any(gradients)) throw ModelError("the explained output depends on none of the inputs");
  }
  return sources;
}

}  // namespace

graph::ReluTreatment treatment(const core::ReluRule& rule) {
  using Gradient = graph::ReluTreatment::Gradient;
  if (rule.gradient == core::ReluGradient::plain) return {};
  return {rule.gradient == core::ReluGradient::guided ? Gradient::guided : Gradient::deconvolution,
          rule.rule == GuidedRule::paper, rule.clipped_relus};
}

std::string part_name(const methods::Parts& parts, std::size_t index) {
  return methods::identifier(parts.nodes[index].part.method) + ("." + std::to_string(index));
}

ExplanationGraph explanation_graph(const graph::Forward& forward, const methods::Settings& settings, bool all_outputs,
                                   const graph::Seen& seen, const graph::Seed& seed) {
  for (const auto& layer : forward.layers)
    if (layer.empty()) throw CannotCompile("a layer that does not run");
  std::vector<graph::ReluTreatment> treatments;
  for (const core::ReluRule& rule : settings.rules()) treatments.push_back(treatment(rule));
  ExplanationGraph result{graph::program(forward, treatments, all_outputs, seen, seed), {}};
  graph::Graph& graph = result.graph;
  result.parts = methods::append_methods(graph, settings, sources_in(graph, forward, settings, treatments.size()));
  std::vector<graph::Output> outputs{{"output", graph.output("output")}};
  for (const graph::Output& output : forward.beside)
    if (all_outputs) outputs.push_back({output.name, graph.output(output.name)});
  for (std::size_t i = 0; i < result.parts.nodes.size(); ++i)
    if (const Value value = result.parts.nodes[i].value; value != graph::no_value)
      outputs.push_back({part_name(result.parts, i), value, graph::gradient_section, of_layer(result.parts.nodes[i])});
  graph.set_outputs(std::move(outputs));
  if (seen) seen("methods", graph);
  return result;
}

}  // namespace whycam::explain
