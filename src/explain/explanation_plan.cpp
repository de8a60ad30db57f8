#include "explain/explanation_plan.h"

#include "core/cannot_compile.h"
#include "core/warning_texts.h"
#include "explain/explanation_graph.h"
#include "graph/print.h"

namespace whycam::explain {

ExplanationPlan::ExplanationPlan(const graph::Forward& forward, const methods::Settings& settings)
    : output_shape(forward.graph.shape(forward.output)), report(activations(forward, settings.clipped_relus)) {
  ExplanationGraph explanation = explanation_graph(forward, settings);
  parts = std::move(explanation.parts);
  if (settings.precision == Precision::fast && !backends::cpu().multiplies_bfloat16())
    parts.warnings.push_back(
        {"precision", core::computed_exactly("this processor does not multiply bfloat16 natively")});
  runs_.emplace(graph::optimise(explanation.graph), settings.precision);
}

void ExplanationRun::forward(float* output) {
  run_->run(0);
  run_->read("output", output);
}

void ExplanationRun::explain(const float* output_gradient) {
  if (plan_->parts.nodes.empty()) return;
  run_->set(graph::gradient_section, "output_gradient", output_gradient);
  run_->run(graph::gradient_section);
}

void ExplanationRun::read(std::size_t part, float* numbers) {
  if (plan_->parts.nodes[part].value != graph::no_value) run_->read(part_name(plan_->parts, part), numbers);
}

ActivationReport activations(const graph::Forward& forward, bool clipped_relus) {
  ActivationReport report;
  const std::vector<bool> between = graph::between_output_and_inputs(forward);
  for (graph::Value value = 0; value < forward.graph.size(); ++value) {
    const graph::Node& node = forward.graph[value];
    if (!between[static_cast<std::size_t>(value)]) continue;
    if (graph::is_relu(node, clipped_relus))
      ++report.relus_guided;
    else if (!node.activation.empty())
      ++report.not_guided[node.activation];
  }
  return report;
}

std::vector<GraphStage> stages_of(const graph::Forward& forward, const methods::Settings& settings) {
  std::vector<GraphStage> stages;
  const auto seen = [&](const char* pass, const graph::Graph& graph) {
    stages.push_back({pass, static_cast<std::size_t>(graph.size()), graph::to_string(graph)});
  };
  graph::optimise(explanation_graph(forward, settings, /*all_outputs=*/false, seen).graph, seen);
  return stages;
}

void require_backend() {
  const backends::Backend& backend = backends::cpu();
  if (!backend.available())
    throw CannotCompile(std::string("another version of ") + backend.name + " is loaded than whycam was built for");
}

}  // namespace whycam::explain
