// Selvaraju et al. 2017, "Grad-CAM: Visual Explanations from Deep Networks via Gradient-based Localization".
#include "methods/method.h"

namespace whycam::methods {
namespace {

/// Equations 1 and 2: each channel of the activation, weighted by the mean of its gradient over space. A layer without
/// space (N x C) has the gradient itself as its weight, as in Captum.
Value channels(Graph& graph, Value activation, Value gradient) {
  const graph::Shape shape = graph.shape(gradient);
  const graph::Integers space = axes_of_space(shape);
  std::int64_t area = 1;
  for (const std::int64_t axis : space) area *= shape[static_cast<std::size_t>(axis)];
  Value weights = gradient;
  if (area > 1)
    weights = graph.unary(graph::Function::linear, graph.sum(gradient, space), 1 / static_cast<double>(area));
  return graph.binary(graph::Operator::multiply, weights, activation);
}

}  // namespace

const Definition grad_cam{"gradcam", "Grad-CAM", HeatMap{channels}};

}  // namespace whycam::methods
