// Muhammad and Yeasin 2020, "Eigen-CAM: Class Activation Map using Principal Components".
#include <utility>
#include <vector>

#include "methods/method.h"

namespace whycam::methods {
namespace {

Value product(Graph& graph, Value a, Value b, bool transpose_a = false, bool transpose_b = false) {
  return graph.add(graph::Operator::matmul, {a, b}, graph::MatmulAttributes{transpose_a, transpose_b});
}

Value squares(Graph& graph, Value x) { return graph.sum(graph.binary(graph::Operator::multiply, x, x), {1, 2}); }

/// A tensor for each example, divided by its length, so that products neither vanish nor overflow.
Value normalised(Graph& graph, Value x, Value squares) {
  const Value length = graph.unary(graph::Function::sqrt, graph.unary(graph::Function::linear, squares, 1, 1e-30));
  return graph.binary(graph::Operator::divide, x, length);
}

/// 1, or 0 where all places are alike up to the rounding of their mean, of which nothing is to be shown.
Value varies(Graph& graph, Value squares, Value of_means, std::int64_t places) {
  const Value least = graph.unary(graph::Function::linear, of_means, 3e-14 * static_cast<double>(places));
  const Value rest = graph.unary(graph::Function::relu, graph.binary(graph::Operator::subtract, squares, least));
  return graph.binary(graph::Operator::divide, rest, graph.unary(graph::Function::linear, rest, 1, 1e-37));
}

/// The sum over channels, in which later ones count for up to a ten-thousandth more: behind a LayerNorm the plain sum
/// may be 0 everywhere, and its sign the rounding's.
Value sum_of_channels(Graph& graph, Value x) {
  const std::int64_t channels = graph.shape(x)[1];
  std::vector<double> weights;
  for (std::int64_t i = 0; i < channels; ++i)
    weights.push_back(1 + 1e-4 * static_cast<double>(i) / static_cast<double>(channels));
  return product(graph, graph.add_constant(graph::constant_of(std::move(weights)), {1, channels}), x);
}

/// The projection on the first principal component of the places, each an observation of the channels. The component is
/// found by the Gram matrix of channels or of places, whichever is smaller. Its sign, which is open, is the one in
/// which the map goes with the mean over channels. Neither gradient nor target is read.
Value channels(Graph& graph, Value activation, Value) {
  const graph::Shape shape = graph.shape(activation);
  const std::int64_t places = graph::element_count({shape.begin() + 2, shape.end()});
  const Value x = graph.reshape(activation, {shape[0], shape[1], places});
  const Value mean = graph.unary(graph::Function::linear, graph.sum(x, {2}), 1 / static_cast<double>(places));
  const Value centred = graph.binary(graph::Operator::subtract, x, mean);
  const Value spread = squares(graph, centred);
  const Value unit = normalised(graph, centred, spread);
  const bool of_channels = shape[1] <= places;
  const Value gram = product(graph, unit, unit, !of_channels, of_channels);
  Value like = graph.reshape(sum_of_channels(graph, unit), {shape[0], places, 1});
  if (of_channels) like = product(graph, unit, like);
  Value component = graph.add(graph::Operator::principal_eigenvector, {gram, like});
  if (!of_channels) {
    component = product(graph, unit, component);  // N x channels x 1
    component = normalised(graph, component, squares(graph, component));
  }
  component = graph.binary(graph::Operator::multiply, component, varies(graph, spread, squares(graph, mean), places));
  return graph.reshape(graph.binary(graph::Operator::multiply, centred, component), shape);
}

}  // namespace

const Definition eigen_cam{"eigencam", "Eigen-CAM", HeatMap{channels}};

}  // namespace whycam::methods
