// Pooling. Positions of maxima are remembered as the number of the window's element, so that no tensor has to be kept.
#include <algorithm>
#include <cmath>
#include <limits>

#include "graph/operators.h"

namespace whycam::graph {
namespace {

Shape pooled_shape(const Question& question) {
  const Shape& x = question.inputs[0];
  const auto& a = question.node.as<PoolingAttributes>();
  const std::size_t n = x.size() - 2;
  require(x.size() >= 3 && a.shape.size() == x.size() && a.shape[0] == x[0] && a.shape[1] == x[1] &&
              a.kernel.size() == n && a.strides.size() == n && a.dilation.size() == n && a.padding_begin.size() == n &&
              a.padding_end.size() == n,
          "pooling of ", x, " to ", a.shape, " with a window of ", a.kernel);
  for (std::size_t i = 0; i < n; ++i)
    require((a.shape[i + 2] - 1) * a.strides[i] - a.padding_begin[i] < x[i + 2],
            "a pooling window begins behind its input");
  return a.shape;
}

/// A gradient's: shape is the input's of the pooling.
Shape input_shape(const Question& question) { return question.node.as<ShapeAttributes>().shape; }

/// The window at one place of the result: calls `visit(number, offset)` for its elements inside of x.
template <class Visit>
void for_each_in_window(const Shape& x, const PoolingAttributes& a, const Integers& at, const Visit& visit) {
  const Integers strides = strides_of(x);
  std::size_t number = 0;
  for_each_index(a.kernel, [&](const Integers& tap) {
    std::int64_t offset = at[0] * strides[0] + at[1] * strides[1];
    const std::size_t own = number++;
    for (std::size_t d = 0; d < tap.size(); ++d) {
      const std::int64_t place = at[d + 2] * a.strides[d] - a.padding_begin[d] + tap[d] * a.dilation[d];
      if (place < 0 || place >= x[d + 2]) return;
      offset += place * strides[d + 2];
    }
    visit(own, static_cast<std::size_t>(offset));
  });
}

Tensor filled(const Shape& shape, double with) {
  return {shape, std::vector<double>(static_cast<std::size_t>(element_count(shape)), with)};
}

/// The maxima, or the number of the first maximum in each window.
Tensor maxima(const Node& node, const Tensor& x, bool positions) {
  Tensor result = filled(node.shape, 0);
  std::size_t i = 0;
  for_each_index(node.shape, [&](const Integers& at) {
    double best = -std::numeric_limits<double>::infinity();
    double position = -1;
    for_each_in_window(x.shape, node.as<PoolingAttributes>(), at, [&](std::size_t number, std::size_t offset) {
      const double value = x.values[offset];
      if (position >= 0 && !(value > best) && !(std::isnan(value) && !std::isnan(best))) return;
      best = value;
      position = static_cast<double>(number);
    });
    result.values[i++] = positions ? position : best;
  });
  return result;
}

Tensor evaluate_max_pool(const Node& node, const Tensors& inputs) { return maxima(node, *inputs[0], false); }
Tensor evaluate_max_pool_positions(const Node& node, const Tensors& inputs) { return maxima(node, *inputs[0], true); }

Tensor evaluate_max_pool_gradient(const Node& node, const Tensors& inputs) {
  Tensor result = filled(node.shape, 0);
  std::size_t i = 0;
  for_each_index(inputs[0]->shape, [&](const Integers& at) {
    for_each_in_window(node.shape, node.as<PoolingAttributes>(), at, [&](std::size_t number, std::size_t offset) {
      if (static_cast<double>(number) == inputs[1]->values[i]) result.values[offset] += inputs[0]->values[i];
    });
    ++i;
  });
  return result;
}

/// By how much a window's sum is divided: its elements inside of x, or of x and its padding.
double divisor(const Shape& x, const AveragePoolAttributes& a, const Integers& at) {
  double count = 1;
  for (std::size_t d = 0; d < a.kernel.size(); ++d) {
    const std::int64_t begin = at[d + 2] * a.strides[d] - a.padding_begin[d];
    std::int64_t inside = 0;
    for (std::int64_t tap = 0; tap < a.kernel[d]; ++tap) {
      const std::int64_t place = begin + tap * a.dilation[d];
      inside += a.count_padding ? place < x[d + 2] + a.padding_end[d] : place >= 0 && place < x[d + 2];
    }
    count *= static_cast<double>(inside);
  }
  return count;
}

Tensor evaluate_average_pool(const Node& node, const Tensors& inputs) {
  Tensor result = filled(node.shape, 0);
  std::size_t i = 0;
  for_each_index(node.shape, [&](const Integers& at) {
    for_each_in_window(inputs[0]->shape, node.as<PoolingAttributes>(), at,
                       [&](std::size_t, std::size_t offset) { result.values[i] += inputs[0]->values[offset]; });
    result.values[i++] /= divisor(inputs[0]->shape, node.as<AveragePoolAttributes>(), at);
  });
  return result;
}

Tensor evaluate_average_pool_gradient(const Node& node, const Tensors& inputs) {
  Tensor result = filled(node.shape, 0);
  std::size_t i = 0;
  for_each_index(inputs[0]->shape, [&](const Integers& at) {
    const double share = inputs[0]->values[i++] / divisor(node.shape, node.as<AveragePoolAttributes>(), at);
    for_each_in_window(node.shape, node.as<PoolingAttributes>(), at,
                       [&](std::size_t, std::size_t offset) { result.values[offset] += share; });
  });
  return result;
}

/// The part of an axis of length `from` that is averaged into place `at` of `to` places (PyTorch's adaptive pooling).
struct Part {
  std::int64_t begin, end;
};
Part part(std::int64_t at, std::int64_t from, std::int64_t to) {
  return {at * from / to, ((at + 1) * from + to - 1) / to};
}

/// Calls `visit(place in result, offset in x, 1 / count)` for all that meet in an adaptive pooling from x to y.
template <class Visit>
void for_each_adaptive(const Shape& x, const Shape& y, const Visit& visit) {
  const Integers strides = strides_of(x);
  std::size_t i = 0;
  for_each_index(y, [&](const Integers& at) {
    Shape extent;
    Integers begin;
    double count = 1;
    for (std::size_t d = 2; d < y.size(); ++d) {
      const Part own = part(at[d], x[d], y[d]);
      begin.push_back(own.begin);
      extent.push_back(own.end - own.begin);
      count *= static_cast<double>(extent.back());
    }
    for_each_index(extent, [&](const Integers& inside) {
      std::int64_t offset = at[0] * strides[0] + at[1] * strides[1];
      for (std::size_t d = 0; d < inside.size(); ++d) offset += (begin[d] + inside[d]) * strides[d + 2];
      visit(i, static_cast<std::size_t>(offset), 1 / count);
    });
    ++i;
  });
}

Shape adaptive_shape(const Question& question) {
  const Shape &x = question.inputs[0], &y = question.node.as<ShapeAttributes>().shape;
  require(x.size() >= 3 && y.size() == x.size() && y[0] == x[0] && y[1] == x[1], "adaptive pooling of ", x, " to ", y);
  for (std::size_t d = 2; d < y.size(); ++d) require(y[d] > 0, "adaptive pooling to nothing");
  return y;
}

Tensor evaluate_adaptive(const Node& node, const Tensors& inputs) {
  Tensor result = filled(node.shape, 0);
  for_each_adaptive(inputs[0]->shape, node.shape, [&](std::size_t i, std::size_t offset, double share) {
    result.values[i] += inputs[0]->values[offset] * share;
  });
  return result;
}

Tensor evaluate_adaptive_gradient(const Node& node, const Tensors& inputs) {
  Tensor result = filled(node.shape, 0);
  for_each_adaptive(node.shape, inputs[0]->shape, [&](std::size_t i, std::size_t offset, double share) {
    result.values[offset] += inputs[0]->values[i] * share;
  });
  return result;
}

/// The same window, with the input's shape as the result's.
template <class A>
Value back(GradientQuestion& q, Operator op, std::vector<Value> inputs) {
  A attributes = q.node.as<A>();
  attributes.shape = q.input_shape(0);
  return q.graph.add(op, std::move(inputs), std::move(attributes), q.node.name);
}

std::vector<Value> gradient_of_max_pool(GradientQuestion& q) {
  const Value positions = q.graph.add(Operator::max_pool_positions, {q.node.inputs[0]}, q.node.attributes, q.node.name);
  return {back<PoolingAttributes>(q, Operator::max_pool_gradient, {q.gradient, positions})};
}

std::vector<Value> gradient_of_average_pool(GradientQuestion& q) {
  return {back<AveragePoolAttributes>(q, Operator::average_pool_gradient, {q.gradient})};
}

std::vector<Value> gradient_of_adaptive(GradientQuestion& q) {
  return {back<ShapeAttributes>(q, Operator::adaptive_average_pool_gradient, {q.gradient})};
}

}  // namespace

PoolingAttributes window_of_parts(const Shape& x, const Shape& y) {
  PoolingAttributes a;
  for (std::size_t d = 2; d < x.size(); ++d) a.kernel.push_back(x[d] / y[d]);
  a.strides = a.kernel;
  a.dilation.assign(a.kernel.size(), 1);
  a.padding_begin.assign(a.kernel.size(), 0);
  a.padding_end = a.padding_begin;
  a.shape = y;
  return a;
}

PoolingAttributes window_of_all(const Shape& x) {
  Shape y = x;
  std::fill(y.begin() + 2, y.end(), 1);
  return window_of_parts(x, y);
}

/// The largest element of each window; padding counts as minus infinity. The shape given tells whether windows are
/// rounded up.
const Record records::max_pool{pooled_shape, evaluate_max_pool, gradient_of_max_pool};
/// Where max_pool found each maximum: the first one's number in its window.
const Record records::max_pool_positions{pooled_shape, evaluate_max_pool_positions, nullptr};
/// (gradient, positions): the gradient at the maxima, of the shape of max_pool's input.
const Record records::max_pool_gradient{input_shape, evaluate_max_pool_gradient, nullptr};
/// The mean of each window; what lies behind padding_end never counts.
const Record records::average_pool{pooled_shape, evaluate_average_pool, gradient_of_average_pool};
/// Of the shape of average_pool's input.
const Record records::average_pool_gradient{input_shape, evaluate_average_pool_gradient, nullptr};
/// The means over parts of (nearly) equal size.
const Record records::adaptive_average_pool{adaptive_shape, evaluate_adaptive, gradient_of_adaptive};
/// Of the shape of the pooling's input.
const Record records::adaptive_average_pool_gradient{input_shape, evaluate_adaptive_gradient, nullptr};

}  // namespace whycam::graph
