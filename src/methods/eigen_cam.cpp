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
/// eigenvalue is a hundredth smaller weighs 1e-9 of it. The matrix is squared eight times, and multiplied with the
/// vector eight times, which costs less than three more squarings. Its sign, which is open, is the one in which the map
/// goes with the mean over channels. Neither gradient nor target is read.
Value channels(Graph& graph, Value activation, Value) {
  constexpr int squarings = 8, products = 8;
  const graph::Shape shape = graph.shape(activation);
  const std::int64_t places = graph::element_count({shape.begin() + 2, shape.end()});
  Value x = graph.reshape(activation, {shape[0], shape[1], places});
  const Value mean = graph.unary(graph::Function::linear, graph.sum(x, {2}), 1 / static_cast<double>(places));
  x = normalised(graph, graph.binary(graph::Operator::subtract, x, mean));
  const bool of_channels = shape[1] <= places;
  Value gram = normalised(graph, product(graph, x, x, !of_channels, of_channels));
  // The largest eigenvalue of a matrix of length 1 is at least one over the root of its rows: a few products may go by.
  for (int i = 0; i < squarings; ++i) {
    gram = product(graph, gram, gram);
    if (i % 2 == 1) gram = normalised(graph, gram);
  }
  Value component = graph.transpose(graph.sum(x, {1}), {0, 2, 1});  // N x places x 1
  if (of_channels) component = product(graph, x, component);
  component = normalised(graph, component);
  for (int i = 0; i < products; ++i) {
    component = product(graph, gram, component);
    if (i % 4 == 3) component = normalised(graph, component);
  }
  if (!of_channels) component = normalised(graph, product(graph, x, component));  // N x channels x 1
  const Value centred =
      graph.binary(graph::Operator::subtract, graph.reshape(activation, {shape[0], shape[1], places}), mean);
  return graph.reshape(graph.binary(graph::Operator::multiply, centred, component), shape);
}

}  // namespace

const Definition eigen_cam{"eigencam", "Eigen-CAM", HeatMap{channels}};

}  // namespace whycam::methods
