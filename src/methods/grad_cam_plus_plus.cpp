// Chattopadhay et al. 2018, "Grad-CAM++: Generalized Gradient-Based Visual Explanations for Deep Convolutional
// Networks".
#include "methods/method.h"

namespace whycam::methods {
namespace {

/// Equations 10 and 19 for scores as they are: the weight of a channel is the sum over space of
/// relu(g) g^2 / (2 g^2 + sum(A) g^3). The small number keeps 0 / 0 at 0, as in pytorch-grad-cam.
Value channels(Graph& graph, Value activation, Value gradient) {
  const graph::Integers space = axes_of_space(graph.shape(gradient));
  const Value square = graph.binary(graph::Operator::multiply, gradient, gradient);
  const Value cube = graph.binary(graph::Operator::multiply, square, gradient);
  const Value sums = space.empty() ? activation : graph.sum(activation, space);
  const Value denominator = graph.binary(graph::Operator::add, graph.unary(graph::Function::linear, square, 2, 1e-6),
                                         graph.binary(graph::Operator::multiply, sums, cube));
  const Value share = graph.binary(graph::Operator::divide, square, denominator);
  Value weights = graph.binary(graph::Operator::multiply, share, graph.unary(graph::Function::relu, gradient));
  if (!space.empty()) weights = graph.sum(weights, space);
  return graph.binary(graph::Operator::multiply, weights, activation);
}

}  // namespace

const Definition grad_cam_plus_plus{"gradcam++", "Grad-CAM++", HeatMap{channels}};

}  // namespace whycam::methods
