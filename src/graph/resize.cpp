#include "graph/resize.h"

#include <algorithm>
#include <cmath>

#include "graph/operators.h"

namespace whycam::graph {
namespace {

/// Adds a weight to a row of a matrix; beyond the border the outermost element counts.
void add_weight(std::vector<float>& matrix, std::size_t row, std::int64_t from, double place, double weight) {
  const auto j = std::clamp<std::int64_t>(static_cast<std::int64_t>(place), 0, from - 1);
  matrix[row * static_cast<std::size_t>(from) + static_cast<std::size_t>(j)] += static_cast<float>(weight);
}

double keys(double distance, double a) {
  const double x = std::abs(distance);
  if (x <= 1) return ((a + 2) * x - (a + 3)) * x * x + 1;
  return x < 2 ? ((a * x - 5 * a) * x + 8 * a) * x - 4 * a : 0;
}

std::vector<float> matrix_of(std::int64_t from, std::int64_t to, Resizing how) {
  std::vector<float> nearest(static_cast<std::size_t>(to * from), 0.0F);
  std::vector<double> places;
  const float scale = static_cast<float>(from) / static_cast<float>(to);
  for (std::int64_t i = 0; i < to; ++i) {
    // PyTorch computes the nearest place in float32, and so does who is to meet the same one.
    add_weight(nearest, static_cast<std::size_t>(i), from, std::floor(static_cast<float>(i) * scale), 1);
    const double place = (static_cast<double>(i) + 0.5) * static_cast<double>(from) / static_cast<double>(to) - 0.5;
    places.push_back(how == Resizing::linear ? std::max(place, 0.0) : place);
  }
  if (how == Resizing::nearest) return nearest;
  return how == Resizing::linear ? linear_weights(places, from) : cubic_weights(places, from, -0.75);
}

}  // namespace

std::vector<float> filter_weights(const std::vector<double>& places, std::int64_t from, const Filter& filter) {
  std::vector<float> matrix(places.size() * static_cast<std::size_t>(from), 0.0F);
  const double reach = (filter.cubic ? 2 : 1) * filter.stretch;
  for (std::size_t i = 0; i < places.size(); ++i) {
    const double first = std::floor(places[i] - reach) + 1, last = std::ceil(places[i] + reach) - 1;
    const auto weight = [&](double place) {
      const double distance = (places[i] - place) / filter.stretch;
      if (filter.inside_only && (place < 0 || place >= static_cast<double>(from))) return 0.0;
      return filter.cubic ? keys(distance, filter.a) : std::max(1 - std::abs(distance), 0.0);
    };
    double sum = 0;
    for (double place = first; place <= last; ++place) sum += weight(place);
    const bool whole = filter.stretch == 1 && !filter.inside_only;  // then it is 1 but for rounding
    for (double place = first; place <= last && sum != 0; ++place)
      add_weight(matrix, i, from, place, whole ? weight(place) : weight(place) / sum);
  }
  return matrix;
}

std::vector<float> linear_weights(const std::vector<double>& places, std::int64_t from) {
  return filter_weights(places, from, {});
}

std::vector<float> cubic_weights(const std::vector<double>& places, std::int64_t from, double a) {
  return filter_weights(places, from, {true, a, 1, false});
}

Value repeat(Graph& graph, Value x, const Integers& times) {
  Shape apart, wide, to;
  const Shape from = graph.shape(x);
  for (std::size_t d = 0; d < from.size(); ++d) {
    apart.insert(apart.end(), {from[d], 1});
    wide.insert(wide.end(), {from[d], times[d]});
    to.push_back(from[d] * times[d]);
  }
  return graph.reshape(graph.expand(graph.reshape(x, apart), wide), to);
}

Value multiply_along(Graph& graph, Value x, std::size_t d, std::int64_t to, std::vector<float> matrix,
                     const std::string& name) {
  Shape shape = graph.shape(x);
  const std::int64_t from = shape[d];
  std::int64_t before = 1, behind = 1;
  for (std::size_t i = 0; i < d; ++i) before *= shape[i];
  for (std::size_t i = d + 1; i < shape.size(); ++i) behind *= shape[i];
  shape[d] = to;
  // The axis last, so that a matrix is multiplied from the right: (before x behind x from) * (from x to).
  const Value apart = graph.reshape(x, {before, from, behind});
  const Value rows = behind == 1 ? apart : graph.transpose(apart, {0, 2, 1});
  const Value weights = graph.add_constant(constant_of(std::move(matrix)), {to, from});
  const Value product = graph.add(Operator::matmul, {graph.reshape(rows, {before * behind, from}), weights},
                                  MatmulAttributes{false, true}, name);
  if (behind == 1) return graph.reshape(product, shape);
  return graph.reshape(graph.transpose(graph.reshape(product, {before, behind, to}), {0, 2, 1}), shape);
}

Value resize(Graph& graph, Value x, const Shape& space, Resizing how) {
  const Shape from = graph.shape(x);
  require(space.size() + 2 == from.size(), "a tensor of ", from, " has no spatial extent of ", space);
  if (how == Resizing::area) {
    Shape to{from[0], from[1]};
    to.insert(to.end(), space.begin(), space.end());
    return graph.add(Operator::adaptive_average_pool, {x}, ShapeAttributes{to});
  }
  for (std::size_t d = 2; d < from.size(); ++d)
    if (from[d] != space[d - 2]) x = multiply_along(graph, x, d, space[d - 2], matrix_of(from[d], space[d - 2], how));
  return x;
}

}  // namespace whycam::graph
