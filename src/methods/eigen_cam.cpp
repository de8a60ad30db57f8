// Muhammad and Yeasin 2020, "Eigen-CAM: Class Activation Map using Principal Components".
#include "methods/method.h"

namespace whycam::methods {
namespace {

Value product(Graph& graph, Value a, Value b, bool transpose_a = false, bool transpose_b = false) {
  return graph.add(graph::Operator::matmul, {a, b}, graph::MatmulAttributes{transpose_a, transpose_b});
}

/// The projection on the first principal component of the places, each an observation of the channels. The component is
/// found by the Gram matrix of channels or of places, whichever is smaller. Its sign, which is open, is the one in
/// which the map goes with the mean over channels. Neither gradient nor target is read.
Value channels(Graph& graph, Value activation, Value) {
  const graph::Shape shape = graph.shape(activation);
  const std::int64_t places = graph::element_count({shape.begin() + 2, shape.end()});
  Value x = graph.reshape(activation, {shape[0], shape[1], places});
  const Value mean = graph.unary(graph::Function::linear, graph.sum(x, {2}), 1 / static_cast<double>(places));
  x = graph.binary(graph::Operator::subtract, x, mean);
  const bool of_channels = shape[1] <= places;
  const Value gram = product(graph, x, x, !of_channels, of_channels);
  Value like = graph.reshape(graph.sum(x, {1}), {shape[0], places, 1});
  if (of_channels) like = product(graph, x, like);
  Value component = graph.add(graph::Operator::principal_eigenvector, {gram, like});
  if (!of_channels) {
    component = product(graph, x, component);  // N x channels x 1
    const Value squares = graph.sum(graph.binary(graph::Operator::multiply, component, component), {1});
    const Value length = graph.unary(graph::Function::sqrt, graph.unary(graph::Function::linear, squares, 1, 1e-34));
    component = graph.binary(graph::Operator::divide, component, length);  // a map without variance stays 0
  }
  return graph.reshape(graph.binary(graph::Operator::multiply, x, component), shape);
}

}  // namespace

const Definition eigen_cam{"eigencam", "Eigen-CAM", HeatMap{channels}};

}  // namespace whycam::methods
