// Fu et al. 2020, "Axiom-based Grad-CAM: Towards Accurate Visualization and Explanation of CNNs".
#include "methods/method.h"

namespace whycam::methods {
namespace {

/// Equation 8: the weight of a channel is the mean of its gradient weighted by the activation, sum(g A) / sum(A). The
/// small number keeps 0 / 0 at 0, as in pytorch-grad-cam.
Value channels(Graph& graph, Value activation, Value gradient) {
  const graph::Integers space = axes_of_space(graph.shape(gradient));
  const Value product = graph.binary(graph::Operator::multiply, gradient, activation);
  if (space.empty()) return product;
  const Value weights = graph.binary(graph::Operator::divide, graph.sum(product, space),
                                     graph.unary(graph::Function::linear, graph.sum(activation, space), 1, 1e-7));
  return graph.binary(graph::Operator::multiply, weights, activation);
}

}  // namespace

const Definition xgrad_cam{"xgradcam", "XGrad-CAM", HeatMap{channels}};

}  // namespace whycam::methods
