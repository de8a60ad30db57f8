// Muhammad and Yeasin 2020, "Eigen-CAM: Class Activation Map using Principal Components".
#include <cmath>

#include "methods/method.h"

namespace whycam::methods {
namespace {

/// A matrix for each example, divided by its length, so that its powers neither vanish nor overflow.
Value normalised(Graph& graph, Value matrix) {
  const Value squares = graph.sum(graph.binary(graph::Operator::multiply, matrix, matrix), {1, 2});
  const Value length = graph.unary(graph::Function::sqrt, graph.unary(graph::Function::linear, squares, 1, 1e-30));
  return graph.binary(graph::Operator::divide, matrix, length);
}

Value product(Graph& graph, Value a, Value b, bool transpose_a = false, bool transpose_b = false) {
  return graph.add(graph::Operator::matmul, {a, b}, graph::MatmulAttributes{transpose_a, transpose_b});
}

/// The projection on the first principal component of the places, each an observation of the channels. The component is
/// that of the Gram matrix of channels or of places, whichever is smaller, to the power of 2^11: with it, one whose
/// eigenvalue is a hundredth smaller weighs 1e-9 of it. Its sign, which is open, is the one in which the map goes with
/// the mean over channels. Neither gradient nor target is read.
Value channels(Graph& graph, Value activation, Value) {
  constexpr int squarings = 11;
  const graph::Shape shape = graph.shape(activation);
  const std::int64_t places = graph::element_count({shape.begin() + 2, shape.end()});
  Value x = graph.reshape(activation, {shape[0], shape[1], places});
  const Value mean = graph.unary(graph::Function::linear, graph.sum(x, {2}), 1 / static_cast<double>(places));
  x = normalised(graph, graph.binary(graph::Operator::subtract, x, mean));
  const bool of_channels = shape[1] <= places;
  Value gram = normalised(graph, product(graph, x, x, !of_channels, of_channels));
  for (int i = 0; i < squarings; ++i) gram = normalised(graph, product(graph, gram, gram));
  const Value over_channels = graph.sum(x, {1});  // N x 1 x places
  Value component = of_channels ? product(graph, gram, product(graph, x, over_channels, false, true))
                                : product(graph, x, product(graph, gram, over_channels, false, true));
  component = normalised(graph, component);  // N x channels x 1
  const Value centred =
      graph.binary(graph::Operator::subtract, graph.reshape(activation, {shape[0], shape[1], places}), mean);
  return graph.reshape(graph.binary(graph::Operator::multiply, centred, component), shape);
}

}  // namespace

const Definition eigen_cam{"eigencam", "Eigen-CAM", HeatMap{channels}};

}  // namespace whycam::methods
