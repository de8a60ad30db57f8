#include "plain/compiled.h"

#include "onednn/plan.h"
#include "plain/cannot_compile.h"
#include "whycam/errors.h"

namespace whycam::plain {

graph::ReluTreatment treatment(const basics::ReluRule& rule) {
  using Gradient = graph::ReluTreatment::Gradient;
  return {rule.gradient == basics::ReluGradient::guided ? Gradient::guided : Gradient::deconvolution,
          rule.rule == GuidedRule::paper, rule.clipped_relus};
}

graph::Resizing resizing(Interpolation mode) {
  switch (mode) {
    case Interpolation::nearest:
      return graph::Resizing::nearest;
    case Interpolation::area:
      return graph::Resizing::area;
    case Interpolation::linear:
    case Interpolation::bilinear:
    case Interpolation::trilinear:
      return graph::Resizing::linear;
    case Interpolation::bicubic:
      return graph::Resizing::cubic;
  }
  throw InputError("unknown interpolation mode");
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

void require_onednn() {
  if (!onednn::available()) throw CannotCompile("another version of oneDNN is loaded than whycam was built for");
}

}  // namespace whycam::plain
