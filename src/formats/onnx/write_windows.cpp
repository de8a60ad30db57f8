// How convolutions and pooling are said in ONNX.
#include <algorithm>
#include <limits>

#include "formats/onnx/node_writer.h"
#include "graph/operators.h"

namespace whycam::onnx {
namespace {

using graph::AveragePoolAttributes;
using graph::ConvolutionAttributes;
using graph::Integers;
using graph::Node;
using graph::Operator;
using graph::PoolingAttributes;
using graph::Shape;
using graph::Value;
using graph::WindowAttributes;

Integers pads(const Integers& begin, const Integers& end) {
  Integers all = begin;
  all.insert(all.end(), end.begin(), end.end());
  return all;
}

Integers space_of(const Shape& shape) { return {shape.begin() + 2, shape.end()}; }

bool all_are(const Integers& integers, std::int64_t one) {
  return std::all_of(integers.begin(), integers.end(), [&](std::int64_t integer) { return integer == one; });
}

bool any_negative(const Integers& integers) {
  return std::any_of(integers.begin(), integers.end(), [](std::int64_t integer) { return integer < 0; });
}

/// Weights of O x C/groups x kernel become C x O/groups x kernel, each kernel turned round. They are constants:
/// runtimes compute that once, and the file holds the weights once.
Term turned(const NodeWriter& w, const Term& weights, const Shape& shape, std::int64_t groups) {
  std::vector<Extent> apart{{groups}, {shape[0] / groups}, {shape[1]}},
      together{{shape[1] * groups}, {shape[0] / groups}};
  Integers order{0, 2, 1}, axes;
  for (std::size_t i = 2; i < shape.size(); ++i) {
    apart.push_back({shape[i]});
    together.push_back({shape[i]});
    order.push_back(static_cast<std::int64_t>(i) + 1);
    if (shape[i] != 1) axes.push_back(static_cast<std::int64_t>(i));
  }
  const Term swapped = w.reshape(w.reshape(weights, apart).as("Transpose", {{"perm", order}}), together);
  if (axes.empty()) return swapped;
  const std::string backwards = w.to.integers(Integers(axes.size(), -1)),
                    ends = w.to.integers(Integers(axes.size(), std::numeric_limits<std::int64_t>::min()));
  return w.emit("Slice", {swapped, backwards, ends, w.to.integers(axes), backwards});
}

/// A transposed convolution from an extent to another.
Term transposed(const NodeWriter& w, const WindowAttributes& a, const Term& y, const Term& weights,
                const Integers& kernel, const Integers& to, const Integers& from, std::int64_t groups) {
  Integers behind, extra;
  for (std::size_t i = 0; i < kernel.size(); ++i) {
    const std::int64_t whole = (from[i] - 1) * a.strides[i] + a.dilation[i] * (kernel[i] - 1) + 1 - a.padding_begin[i];
    behind.push_back(std::max<std::int64_t>(whole - to[i], 0));
    extra.push_back(std::max<std::int64_t>(to[i] - whole, 0));
    if (extra.back() >= std::max(a.strides[i], a.dilation[i]) && extra.back() > 0)
      w.to.refuse("its windows leave more behind them than a stride");
  }
  return w.emit("ConvTranspose", {y, weights},
                {{"strides", a.strides},
                 {"dilations", a.dilation},
                 {"group", groups},
                 {"pads", pads(a.padding_begin, behind)},
                 {"output_padding", extra}});
}

}  // namespace

std::string write_convolution(const NodeWriter& w) {
  const auto& a = w.node.as<ConvolutionAttributes>();
  Tensors inputs{w.in(0), w.in(1)};
  if (w.node.inputs.size() > 2) inputs.push_back(w.in(2));
  const Term result = w.emit("Conv", inputs,
                             {{"strides", a.strides},
                              {"dilations", a.dilation},
                              {"group", a.groups},
                              {"pads", pads(a.padding_begin, a.padding_end)}});
  return w.node.inputs.size() > 3 ? result + w.in(3) : result;
}

std::string write_convolution_transpose(const NodeWriter& w) {
  const auto& a = w.node.as<ConvolutionAttributes>();
  const Integers kernel = space_of(w.shape_in(1)), from = space_of(w.shape_in(0)), to = space_of(w.node.shape);
  Integers before, behind;
  for (std::size_t i = 0; i < kernel.size(); ++i) {
    const std::int64_t reach = a.dilation[i] * (kernel[i] - 1);
    before.push_back(reach - a.padding_begin[i]);
    behind.push_back(to[i] - from[i] + a.padding_begin[i]);
  }
  if (!all_are(a.strides, 1) || any_negative(before) || any_negative(behind))
    return transposed(w, a, w.in(0), w.in(1), kernel, to, from, a.groups);
  // Without strides it is a convolution with the weights turned round, which runtimes are quicker at.
  return w.emit(
      "Conv", {w.in(0), turned(w, w.in(1), w.shape_in(1), a.groups)},
      {{"strides", a.strides}, {"dilations", a.dilation}, {"group", a.groups}, {"pads", pads(before, behind)}});
}

namespace {

/// As much padding behind as the windows reach beyond the end.
Integers reach_behind(const NodeWriter& w, const PoolingAttributes& a) {
  Integers behind;
  for (std::size_t i = 0; i < a.kernel.size(); ++i) {
    const std::int64_t reach = (w.node.shape[i + 2] - 1) * a.strides[i] + a.dilation[i] * (a.kernel[i] - 1) + 1 -
                               w.shape_in()[i + 2] - a.padding_begin[i];
    behind.push_back(std::max<std::int64_t>(reach, 0));
    if (behind.back() >= a.kernel[i] || a.padding_begin[i] >= a.kernel[i]) w.to.refuse("it pads by a whole kernel");
  }
  return behind;
}

/// Values and indices come from one node, where both are wanted.
std::string max_pool(const NodeWriter& w, bool positions) {
  const auto& a = w.node.as<PoolingAttributes>();
  bool both = positions;
  for (Value value = 0; value < w.to.graph().size() && !both; ++value) {
    const Node& other = w.to.graph()[value];
    both = other.op == Operator::max_pool_positions && other.inputs == w.node.inputs &&
           other.attributes == w.node.attributes;
  }
  const Tensors results = w.to.nodes("MaxPool", {w.in()},
                                     {{"kernel_shape", a.kernel},
                                      {"strides", a.strides},
                                      {"dilations", a.dilation},
                                      {"pads", pads(a.padding_begin, reach_behind(w, a))}},
                                     both ? 2 : 1);
  return results[positions ? 1 : 0];
}

}  // namespace

std::string write_max_pool(const NodeWriter& w) { return max_pool(w, false); }
std::string write_max_pool_positions(const NodeWriter& w) { return max_pool(w, true); }

/// MaxPool's indices count through the whole tensor, and so do these sums.
std::string write_max_pool_gradient(const NodeWriter& w) {
  const std::vector<Extent> to = w.extents();
  Extent all{graph::element_count(w.node.shape), to[0].factor};
  for (std::size_t d = 1; d < to.size(); ++d) {
    if (to[d].factor != 0 && all.factor != 0) w.to.refuse("two of its extents grow with the batch");
    all.factor = all.factor == 0 ? to[d].factor : all.factor * to[d].size;
  }
  const std::string flat = w.to.integers({-1});
  const std::string zeros = w.emit("Expand", {w.to.number(0), w.to.shape({all})});
  const std::string sums =
      w.emit("ScatterElements", {zeros, w.emit("Reshape", {w.in(1), flat}), w.emit("Reshape", {w.in(0), flat})},
             {{"axis", std::int64_t{0}}, {"reduction", std::string("add")}});
  return w.reshape(sums, to);
}

namespace {

/// For each window, by how much its sum is divided; a constant of 1 x 1 x space.
std::vector<float> divisors(const AveragePoolAttributes& a, const Shape& x, const Shape& y) {
  std::vector<float> result;
  graph::for_each_index(space_of(y), [&](const Integers& at) {
    double count = 1;
    for (std::size_t d = 0; d < at.size(); ++d) {
      const std::int64_t begin = at[d] * a.strides[d] - a.padding_begin[d];
      const std::int64_t end = std::min(begin + a.kernel[d], x[d + 2] + a.padding_end[d]);
      count *= static_cast<double>(a.count_padding ? end - begin
                                                   : std::min(end, x[d + 2]) - std::max<std::int64_t>(begin, 0));
    }
    result.push_back(static_cast<float>(count));
  });
  return result;
}

/// Times `by` over each window's divisor.
Term divided(const Term& values, const AveragePoolAttributes& a, const Shape& x, const Shape& y, double by) {
  std::vector<float> numbers = divisors(a, x, y);
  for (float& number : numbers) number = static_cast<float>(by / static_cast<double>(number));
  if (std::all_of(numbers.begin(), numbers.end(), [&](float number) { return number == numbers[0]; }))
    return values * numbers[0];
  Shape shape = y;
  shape[0] = shape[1] = 1;
  return values * Term{*values.to, values.to->floats(shape, numbers)};
}

bool covers_all(const AveragePoolAttributes& a, const Shape& x, const Shape& y) {
  for (std::size_t i = 0; i < a.kernel.size(); ++i)
    if (a.kernel[i] != x[i + 2] || y[i + 2] != 1 || a.padding_begin[i] != 0) return false;
  return true;
}

Term average_pool(const NodeWriter& w, const AveragePoolAttributes& a) {
  const Shape& x = w.shape_in();
  if (covers_all(a, x, w.node.shape)) return w.in().as("GlobalAveragePool");
  if (!all_are(a.dilation, 1)) w.to.refuse("it is dilated");
  const Term means = w.in().as("AveragePool", {{"kernel_shape", a.kernel},
                                               {"strides", a.strides},
                                               {"pads", pads(a.padding_begin, reach_behind(w, a))},
                                               {"count_include_pad", std::int64_t{1}}});
  return divided(means, a, x, w.node.shape, static_cast<double>(graph::element_count(a.kernel)));
}

/// Each window's share, added up where they overlap: a transposed convolution of each channel with ones.
Term average_pool_gradient(const NodeWriter& w, const AveragePoolAttributes& a) {
  const Shape& y = w.shape_in();
  const Term shares = divided(w.in(), a, w.node.shape, y, 1);
  if (covers_all(a, w.node.shape, y)) return w.emit("Expand", {shares, w.to.shape(w.extents())});
  std::vector<Extent> alone = w.extents_in();
  alone[0] = {alone[0].size * alone[1].size, alone[0].factor * alone[1].size};
  alone[1] = {1, 0};
  Shape kernel = a.kernel;
  kernel.insert(kernel.begin(), 2, 1);
  const std::vector<float> ones(static_cast<std::size_t>(graph::element_count(kernel)), 1.0F);
  const Term sums = transposed(w, a, w.reshape(shares, alone), {w.to, w.to.floats(kernel, ones)}, a.kernel,
                               space_of(w.node.shape), space_of(y), 1);
  return w.reshape(sums, w.extents());
}

/// y rows of x numbers, which give the means of the parts; backward the other way round.
std::vector<float> matrix_of_means(std::int64_t x, std::int64_t y, bool backward) {
  std::vector<float> means(static_cast<std::size_t>(x * y), 0.0F);
  for (std::int64_t i = 0; i < y; ++i) {
    const std::int64_t begin = i * x / y, end = ((i + 1) * x + y - 1) / y;
    for (std::int64_t j = begin; j < end; ++j)
      means[static_cast<std::size_t>(backward ? j * y + i : i * x + j)] =
          static_cast<float>(1.0 / static_cast<double>(end - begin));
  }
  return means;
}

/// Axis d of a tensor times a matrix.
Term multiplied(const Term& matrix, const Term& x, std::size_t d, std::size_t dimensions) {
  Integers swap;
  for (std::size_t i = 0; i < dimensions; ++i) swap.push_back(static_cast<std::int64_t>(i));
  std::swap(swap[d], swap[dimensions - 2]);
  if (d == dimensions - 2) return matrix.as("MatMul", x);
  return matrix.as("MatMul", x.as("Transpose", {{"perm", swap}})).as("Transpose", {{"perm", swap}});
}

/// Where all parts have one size, it is pooling by windows; else a product with a matrix along each axis.
Term adaptive(const NodeWriter& w, bool backward) {
  const Shape &x = backward ? w.node.shape : w.shape_in(), &y = backward ? w.shape_in() : w.node.shape;
  bool even = true;
  for (std::size_t d = 2; d < x.size(); ++d) even = even && x[d] % y[d] == 0;
  if (even) {
    const AveragePoolAttributes a{graph::window_of_parts(x, y), true};
    return backward ? average_pool_gradient(w, a) : average_pool(w, a);
  }
  Term result = w.in();
  for (std::size_t d = 2; d < x.size(); ++d) {
    if (x[d] == y[d]) continue;
    const Shape shape = backward ? Shape{x[d], y[d]} : Shape{y[d], x[d]};
    const Term matrix{w.to, w.to.floats(shape, matrix_of_means(x[d], y[d], backward))};
    result = multiplied(matrix, result, d, x.size());
  }
  return result;
}

}  // namespace

std::string write_average_pool(const NodeWriter& w) { return average_pool(w, w.node.as<AveragePoolAttributes>()); }
std::string write_average_pool_gradient(const NodeWriter& w) {
  return average_pool_gradient(w, w.node.as<AveragePoolAttributes>());
}
std::string write_adaptive_average_pool(const NodeWriter& w) { return adaptive(w, false); }
std::string write_adaptive_average_pool_gradient(const NodeWriter& w) { return adaptive(w, true); }

}  // namespace whycam::onnx
