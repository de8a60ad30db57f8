#include "engine/compiled/program.h"

namespace whycam::engine {

graph::ReluTreatment treatment(const ReluRule& rule) {
  using Gradient = graph::ReluTreatment::Gradient;
  return {rule.gradient == ReluGradient::guided ? Gradient::guided : Gradient::deconvolution, rule.rule == GuidedRule::paper,
          rule.clipped_relus};
}

graph::Graph program(const Lowered& lowered, const std::vector<ReluRule>& rules, const graph::Seen& seen) {
  std::vector<graph::ReluTreatment> treatments;
  for (const ReluRule& rule : rules) treatments.push_back(treatment(rule));
  return graph::program(lowered, treatments, /*all_outputs=*/false, seen);
}

ActivationReport activations(const Lowered& lowered, bool clipped_relus) {
  ActivationReport report;
  const std::vector<bool> between = graph::between_output_and_inputs(lowered);
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
