// How the graph's operators are said in ONNX.
#include <algorithm>
#include <cmath>

#include "graph/operators.h"
#include "onnx/emitter.h"

namespace whycam::onnx {
namespace {

using graph::Attributes;
using graph::Function;
using graph::Integers;
using graph::Node;
using graph::Operator;
using graph::Shape;
using graph::Value;

constexpr double pi = 3.14159265358979323846;

/// One node of the graph that is being said.
class Statement {
 public:
  Statement(Emitter& emitter, Value value)
      : to_(emitter), value_(value), node_(emitter.graph()[value]), a_(node_.attributes) {}

  void write() {
    std::string result = said();
    if (a_.relu) result = to_.node("Relu", {result});
    if (a_.limit > 0) result = to_.node("Min", {result, to_.number(a_.limit)});
    to_.put(value_, result);
  }

 private:
  // Short names for what is said often.
  std::string in(std::size_t i = 0) const { return to_.tensor(node_.inputs.at(i)); }
  const Shape& shape_in(std::size_t i = 0) const { return to_.graph().shape(node_.inputs.at(i)); }
  std::vector<Extent> extents_in(std::size_t i = 0) const { return to_.extents(node_.inputs.at(i)); }
  std::string one(const std::string& op, const std::string& x) { return to_.node(op, {x}); }
  std::string two(const std::string& op, const std::string& a, const std::string& b) { return to_.node(op, {a, b}); }
  std::string add(const std::string& a, const std::string& b) { return two("Add", a, b); }
  std::string add(const std::string& a, double b) { return b == 0 ? a : two("Add", a, to_.number(b)); }
  std::string times(const std::string& a, const std::string& b) { return two("Mul", a, b); }
  std::string times(const std::string& a, double b) {
    if (b == 1) return a;
    return b == -1 ? one("Neg", a) : two("Mul", a, to_.number(b));
  }
  std::string one_less(const std::string& x) { return two("Sub", to_.number(1), x); }
  std::string where(const std::string& mask, const std::string& then, const std::string& otherwise) {
    return to_.node("Where", {mask, then, otherwise});
  }
  std::string above(const std::string& x, double bound) { return two("Greater", x, to_.number(bound)); }
  std::string below(const std::string& x, double bound) { return two("Less", x, to_.number(bound)); }
  std::string zero() { return to_.number(0); }

  std::string said() {
    switch (node_.op) {
      case Operator::input:
      case Operator::constant:
        break;
      case Operator::unary:
        return function(in());
      case Operator::unary_gradient:
        return function_gradient(in(0), in(1));
      case Operator::add:
        return add(in(0), in(1));
      case Operator::subtract:
        return two("Sub", in(0), in(1));
      case Operator::multiply:
        return times(in(0), in(1));
      case Operator::divide:
        return two("Div", in(0), in(1));
      case Operator::maximum:
        return two("Max", in(0), in(1));
      case Operator::minimum:
        return two("Min", in(0), in(1));
      case Operator::convolution:
        return convolution();
      case Operator::convolution_transpose:
        return convolution_transpose();
      case Operator::matmul:
        return matmul();
      case Operator::max_pool:
        return max_pool(false);
      case Operator::max_pool_positions:
        return max_pool(true);
      case Operator::max_pool_gradient:
        return max_pool_gradient();
      case Operator::average_pool:
        return average_pool();
      case Operator::average_pool_gradient:
        return average_pool_gradient();
      case Operator::adaptive_average_pool:
        return adaptive(false);
      case Operator::adaptive_average_pool_gradient:
        return adaptive(true);
      case Operator::reduce_sum:
        return sum(in());
      case Operator::softmax:
        return softmax("Softmax");
      case Operator::log_softmax:
        return softmax("LogSoftmax");
      case Operator::normalize:
        return normalised().result;
      case Operator::normalize_gradient:
        return normalize_gradient();
      case Operator::reshape:
        return to_.reshape(in(), to_.extents(value_));
      case Operator::transpose:
        return to_.node("Transpose", {in()}, {{"perm", a_.axes}});
      case Operator::slice:
        return slice();
      case Operator::embed:
        return embed();
      case Operator::concat:
        return concat();
      case Operator::expand:
        return two("Expand", in(), to_.shape(to_.extents(value_)));
      case Operator::inside:
        return inside();
      case Operator::gate:
        return gate();
      case Operator::scale_shift:
        return add(times(in(0), channels(in(1))), channels(in(2)));
    }
    to_.refuse("it is no operator");
  }

  /// One number a channel, laid along the channels.
  std::string channels(const std::string& numbers) {
    std::vector<Extent> extents(node_.shape.size() - 1, Extent{1, 0});
    extents[0].size = node_.shape[1];
    return to_.reshape(numbers, extents);
  }

  // Functions of each element.

  std::string clip(const std::string& x) {
    const std::string low = std::isinf(a_.alpha) ? "" : to_.number(a_.alpha);
    if (std::isinf(a_.beta)) return low.empty() ? x : to_.node("Clip", {x, low});
    return to_.node("Clip", {x, low, to_.number(a_.beta)});
  }
  std::string softplus(const std::string& x, double slope) {
    return times(one("Softplus", times(x, slope)), 1 / slope);
  }
  std::string normal_cumulative(const std::string& x) {
    return times(add(one("Erf", times(x, 1 / std::sqrt(2.0))), 1), 0.5);
  }
  /// The tanh within the approximation of GELU.
  std::string gelu_tanh(const std::string& x) {
    const std::string cube = times(times(x, times(x, x)), 0.044715);
    return one("Tanh", times(add(x, cube), std::sqrt(2 / pi)));
  }
  std::string power(const std::string& x, double exponent) {
    if (exponent == 1) return x;
    if (exponent == 2) return times(x, x);
    if (exponent == -1) return one("Reciprocal", x);
    return two("Pow", x, to_.number(exponent));
  }

  std::string function(const std::string& x) {
    switch (a_.function) {
      case Function::relu:
        return one("Relu", x);
      case Function::hardtanh:
      case Function::clamp:
        return clip(x);
      case Function::sigmoid:
        return one("Sigmoid", x);
      case Function::tanh:
        return one("Tanh", x);
      case Function::exp:
        return one("Exp", x);
      case Function::log:
        return one("Log", x);
      case Function::sqrt:
        return one("Sqrt", x);
      case Function::absolute:
        return one("Abs", x);
      case Function::power:
        return power(x, a_.alpha);
      case Function::linear:
        return add(times(x, a_.alpha), a_.beta);
      case Function::gelu:
        return times(x, normal_cumulative(x));
      case Function::gelu_tanh:
        return times(times(x, 0.5), add(gelu_tanh(x), 1));
      case Function::erf:
        return one("Erf", x);
      case Function::silu:
        return times(x, one("Sigmoid", x));
      case Function::mish:
        return times(x, one("Tanh", softplus(x, 1)));
      case Function::hardswish:
        return one("HardSwish", x);
      case Function::hardsigmoid:
        return to_.node("HardSigmoid", {x}, {{"alpha", 1.0 / 6}, {"beta", 0.5}});
      case Function::leaky_relu:
        return to_.node("LeakyRelu", {x}, {{"alpha", a_.alpha}});
      case Function::elu:
        return to_.node("Elu", {x}, {{"alpha", a_.alpha}});
      case Function::softplus:
        return softplus(x, a_.alpha);
      case Function::heaviside:
        return add(times(one("Sign", x), 0.5), 0.5);
      case Function::sine:
        return one("Sin", x);
      case Function::cosine:
        return one("Cos", x);
    }
    to_.refuse("it is no function");
  }

  /// The gradient where x lies between the bounds, themselves included or not; else 0.
  std::string within(const std::string& gradient, const std::string& x, double low, double high, bool bounds_too) {
    std::string mask;
    if (!std::isinf(low)) mask = two(bounds_too ? "GreaterOrEqual" : "Greater", x, to_.number(low));
    if (!std::isinf(high)) {
      const std::string upper = two(bounds_too ? "LessOrEqual" : "Less", x, to_.number(high));
      mask = mask.empty() ? upper : two("And", mask, upper);
    }
    return mask.empty() ? gradient : where(mask, gradient, zero());
  }

  std::string function_gradient(const std::string& g, const std::string& x) {
    constexpr double infinity = std::numeric_limits<double>::infinity();
    const auto sigmoid = [&](double slope) { return one("Sigmoid", times(x, slope)); };
    switch (a_.function) {
      case Function::relu:
        return within(g, x, 0, infinity, false);
      case Function::hardtanh:
        return within(g, x, a_.alpha, a_.beta, false);
      case Function::clamp:
        return within(g, x, a_.alpha, a_.beta, true);
      case Function::sigmoid:
        return times(g, times(sigmoid(1), one_less(sigmoid(1))));
      case Function::tanh: {
        const std::string y = one("Tanh", x);
        return times(g, one_less(times(y, y)));
      }
      case Function::exp:
        return times(g, one("Exp", x));
      case Function::log:
        return two("Div", g, x);
      case Function::sqrt:
        return two("Div", times(g, 0.5), one("Sqrt", x));
      case Function::absolute:
        return times(g, one("Sign", x));
      case Function::power:
        return a_.alpha == 0 ? times(g, zero()) : times(g, times(power(x, a_.alpha - 1), a_.alpha));
      case Function::linear:
        return times(g, a_.alpha);
      case Function::gelu: {
        const std::string density = times(one("Exp", times(times(x, x), -0.5)), 1 / std::sqrt(2 * pi));
        return times(g, add(normal_cumulative(x), times(x, density)));
      }
      case Function::gelu_tanh: {
        const std::string y = gelu_tanh(x);
        const std::string slope = times(add(times(times(x, x), 3 * 0.044715), 1), std::sqrt(2 / pi));
        const std::string bent = times(times(x, 0.5), times(one_less(times(y, y)), slope));
        return times(g, add(times(add(y, 1), 0.5), bent));
      }
      case Function::erf:
        return times(g, times(one("Exp", one("Neg", times(x, x))), 2 / std::sqrt(pi)));
      case Function::silu:
        return times(g, times(sigmoid(1), add(times(x, one_less(sigmoid(1))), 1)));
      case Function::mish: {
        const std::string y = one("Tanh", softplus(x, 1));
        return times(g, add(y, times(times(x, one_less(times(y, y))), sigmoid(1))));
      }
      case Function::hardswish: {
        const std::string middle = where(above(x, 3), to_.number(1), add(times(x, 1.0 / 3), 0.5));
        return times(g, where(below(x, -3), zero(), middle));
      }
      case Function::hardsigmoid:
        return within(times(g, 1.0 / 6), x, -3, 3, false);
      case Function::leaky_relu:
        return where(above(x, 0), g, times(g, a_.alpha));
      case Function::elu:
        return where(above(x, 0), g, times(g, times(one("Exp", x), a_.alpha)));
      case Function::softplus:
        return times(g, sigmoid(a_.alpha));
      case Function::heaviside:
        return times(g, zero());
      case Function::sine:
        return times(g, one("Cos", x));
      case Function::cosine:
        return times(g, one("Neg", one("Sin", x)));
    }
    to_.refuse("it is no function");
  }

  /// A mask, which only gates read.
  std::string inside() {
    if (a_.function == Function::hardtanh) return two("And", above(in(), a_.alpha), below(in(), a_.beta));
    return above(in(), 0);
  }

  std::string gate() {
    std::string sum = in(1);
    for (std::size_t i = 2; i < node_.inputs.size(); ++i) sum = add(sum, in(i));
    return where(in(0), sum, zero());
  }

  // Windows.

  std::size_t spatial() const { return node_.shape.size() - 2; }
  static Integers pads(const Integers& begin, const Integers& end) {
    Integers all = begin;
    all.insert(all.end(), end.begin(), end.end());
    return all;
  }

  std::string convolution() {
    Tensors inputs{in(0), in(1)};
    if (node_.inputs.size() > 2) inputs.push_back(in(2));
    const std::string result = to_.node("Conv", inputs,
                                        {{"strides", a_.strides},
                                         {"dilations", a_.dilation},
                                         {"group", a_.groups},
                                         {"pads", pads(a_.padding_begin, a_.padding_end)}});
    return node_.inputs.size() > 3 ? add(result, in(3)) : result;
  }

  std::string convolution_transpose() {
    const Shape &w = shape_in(1), &y = shape_in(0);
    const bool steps =
        std::any_of(a_.strides.begin(), a_.strides.end(), [](std::int64_t stride) { return stride != 1; });
    Integers before, behind;
    for (std::size_t i = 0; i < spatial(); ++i) {
      const std::int64_t reach = a_.dilation[i] * (w[i + 2] - 1);
      before.push_back(reach - a_.padding_begin[i]);
      behind.push_back(node_.shape[i + 2] - y[i + 2] + reach - before.back());
    }
    const auto negative = [](const Integers& pads) {
      return std::any_of(pads.begin(), pads.end(), [](std::int64_t pad) { return pad < 0; });
    };
    if (steps || negative(before) || negative(behind))
      return transposed(in(0), in(1), {w.begin() + 2, w.end()}, {node_.shape.begin() + 2, node_.shape.end()},
                        {y.begin() + 2, y.end()}, a_.groups);
    // Without strides it is a convolution with the weights turned round, which runtimes are quicker at.
    return to_.node(
        "Conv", {in(0), turned(in(1), w)},
        {{"strides", a_.strides}, {"dilations", a_.dilation}, {"group", a_.groups}, {"pads", pads(before, behind)}});
  }

  /// Weights of O x C/groups x kernel become C x O/groups x kernel, each kernel turned round. They are constants:
  /// runtimes compute that once, and the file holds the weights once.
  std::string turned(const std::string& weights, const Shape& w) {
    const std::int64_t groups = a_.groups;
    std::vector<Extent> apart{{groups}, {w[0] / groups}, {w[1]}}, together{{w[1] * groups}, {w[0] / groups}};
    Integers order{0, 2, 1}, axes, begins, ends, steps;
    for (std::size_t i = 2; i < w.size(); ++i) {
      apart.push_back({w[i]});
      together.push_back({w[i]});
      order.push_back(static_cast<std::int64_t>(i) + 1);
      if (w[i] == 1) continue;
      axes.push_back(static_cast<std::int64_t>(i));
      begins.push_back(-1);
      ends.push_back(std::numeric_limits<std::int64_t>::min());
      steps.push_back(-1);
    }
    const std::string swapped =
        to_.reshape(to_.node("Transpose", {to_.reshape(weights, apart)}, {{"perm", order}}), together);
    if (axes.empty()) return swapped;
    return to_.node("Slice",
                    {swapped, to_.integers(begins), to_.integers(ends), to_.integers(axes), to_.integers(steps)});
  }

  /// A transposed convolution from an extent to another.
  std::string transposed(const std::string& y, const std::string& weights, const Integers& kernel, const Integers& to,
                         const Integers& from, std::int64_t groups) {
    Integers behind, extra;
    for (std::size_t i = 0; i < kernel.size(); ++i) {
      const std::int64_t whole =
          (from[i] - 1) * a_.strides[i] + a_.dilation[i] * (kernel[i] - 1) + 1 - a_.padding_begin[i];
      behind.push_back(std::max<std::int64_t>(whole - to[i], 0));
      extra.push_back(std::max<std::int64_t>(to[i] - whole, 0));
      if (extra.back() >= std::max(a_.strides[i], a_.dilation[i]) && extra.back() > 0)
        to_.refuse("its windows leave more behind them than a stride");
    }
    return to_.node("ConvTranspose", {y, weights},
                    {{"strides", a_.strides},
                     {"dilations", a_.dilation},
                     {"group", groups},
                     {"pads", pads(a_.padding_begin, behind)},
                     {"output_padding", extra}});
  }

  /// As much padding behind as the windows reach beyond the end.
  Integers reach_behind(const Shape& x, const Shape& y) {
    Integers behind;
    for (std::size_t i = 0; i < a_.kernel.size(); ++i) {
      const std::int64_t reach =
          (y[i + 2] - 1) * a_.strides[i] + a_.dilation[i] * (a_.kernel[i] - 1) + 1 - x[i + 2] - a_.padding_begin[i];
      behind.push_back(std::max<std::int64_t>(reach, 0));
      if (behind.back() >= a_.kernel[i] || a_.padding_begin[i] >= a_.kernel[i]) to_.refuse("it pads by a whole kernel");
    }
    return behind;
  }

  /// Values and places come from one node, where both are wanted.
  std::string max_pool(bool places) {
    bool both = places;
    for (Value value = 0; value < to_.graph().size() && !both; ++value) {
      const Node& other = to_.graph()[value];
      both = other.op == Operator::max_pool_positions && other.inputs == node_.inputs && other.attributes == a_;
    }
    const Tensors results = to_.nodes("MaxPool", {in()},
                                      {{"kernel_shape", a_.kernel},
                                       {"strides", a_.strides},
                                       {"dilations", a_.dilation},
                                       {"pads", pads(a_.padding_begin, reach_behind(shape_in(), node_.shape))}},
                                      both ? 2 : 1);
    return results[places ? 1 : 0];
  }

  /// MaxPool counts places through the whole tensor, and so do these sums.
  std::string max_pool_gradient() {
    const std::vector<Extent> to = to_.extents(value_);
    Extent all{graph::element_count(node_.shape), to[0].factor};
    for (std::size_t d = 1; d < to.size(); ++d) {
      if (to[d].factor != 0 && all.factor != 0) to_.refuse("two of its extents grow with the batch");
      all.factor = all.factor == 0 ? to[d].factor : all.factor * to[d].size;
    }
    const std::string flat = to_.integers({-1});
    const std::string zeros = two("Expand", zero(), to_.shape({all}));
    const std::string sums =
        to_.node("ScatterElements", {zeros, two("Reshape", in(1), flat), two("Reshape", in(0), flat)},
                 {{"axis", std::int64_t{0}}, {"reduction", std::string("add")}});
    return to_.reshape(sums, to);
  }

  /// For each window, by how much its sum is divided; a constant of 1 x 1 x space.
  std::vector<float> divisors(const Shape& x, const Shape& y) const {
    std::vector<float> result;
    graph::for_each_index(Shape(y.begin() + 2, y.end()), [&](const Integers& at) {
      double count = 1;
      for (std::size_t d = 0; d < at.size(); ++d) {
        const std::int64_t begin = at[d] * a_.strides[d] - a_.padding_begin[d];
        const std::int64_t end = std::min(begin + a_.kernel[d], x[d + 2] + a_.padding_end[d]);
        count *= static_cast<double>(a_.count_padding ? end - begin
                                                      : std::min(end, x[d + 2]) - std::max<std::int64_t>(begin, 0));
      }
      result.push_back(static_cast<float>(count));
    });
    return result;
  }

  /// Times `by` over each window's divisor.
  std::string divided(const std::string& values, const Shape& x, const Shape& y, double by) {
    std::vector<float> numbers = divisors(x, y);
    for (float& number : numbers) number = static_cast<float>(by / static_cast<double>(number));
    if (std::all_of(numbers.begin(), numbers.end(), [&](float number) { return number == numbers[0]; }))
      return times(values, numbers[0]);
    Shape shape{1, 1};
    shape.insert(shape.end(), y.begin() + 2, y.end());
    return times(values, to_.floats(shape, numbers));
  }

  bool covers_all(const Shape& x, const Shape& y) const {
    for (std::size_t i = 0; i < a_.kernel.size(); ++i)
      if (a_.kernel[i] != x[i + 2] || y[i + 2] != 1 || a_.padding_begin[i] != 0) return false;
    return true;
  }

  std::string average_pool() {
    const Shape& x = shape_in();
    if (covers_all(x, node_.shape)) return one("GlobalAveragePool", in());
    if (std::any_of(a_.dilation.begin(), a_.dilation.end(), [](std::int64_t dilation) { return dilation != 1; }))
      to_.refuse("it is dilated");
    const std::string means = to_.node("AveragePool", {in()},
                                       {{"kernel_shape", a_.kernel},
                                        {"strides", a_.strides},
                                        {"pads", pads(a_.padding_begin, reach_behind(x, node_.shape))},
                                        {"count_include_pad", std::int64_t{1}}});
    return divided(means, x, node_.shape, static_cast<double>(graph::element_count(a_.kernel)));
  }

  /// Each window's share, added up where they overlap: a transposed convolution of each channel with ones.
  std::string average_pool_gradient() {
    const Shape& y = shape_in();
    const std::string shares = divided(in(), node_.shape, y, 1);
    if (covers_all(node_.shape, y)) return two("Expand", shares, to_.shape(to_.extents(value_)));
    return per_channel(shares, y);
  }

  std::string per_channel(const std::string& shares, const Shape& y) {
    std::vector<Extent> alone = extents_in();
    alone[0] = {alone[0].size * alone[1].size, alone[0].factor * alone[1].size};
    alone[1] = {1, 0};
    Shape kernel{1, 1};
    kernel.insert(kernel.end(), a_.kernel.begin(), a_.kernel.end());
    const std::string ones =
        to_.floats(kernel, std::vector<float>(static_cast<std::size_t>(graph::element_count(kernel)), 1.0F));
    const std::string sums = transposed(to_.reshape(shares, alone), ones, a_.kernel,
                                        {node_.shape.begin() + 2, node_.shape.end()}, {y.begin() + 2, y.end()}, 1);
    return to_.reshape(sums, to_.extents(value_));
  }

  /// Where all parts have one size, it is pooling by windows; else a product with a matrix along each axis.
  std::string adaptive(bool backward) {
    const Shape &x = backward ? node_.shape : shape_in(), &y = backward ? shape_in() : node_.shape;
    bool even = true;
    for (std::size_t d = 2; d < x.size(); ++d) even = even && x[d] % y[d] == 0;
    if (even) {
      a_.kernel.clear();
      for (std::size_t d = 2; d < x.size(); ++d) a_.kernel.push_back(x[d] / y[d]);
      a_.strides = a_.kernel;
      a_.dilation.assign(a_.kernel.size(), 1);
      a_.padding_begin.assign(a_.kernel.size(), 0);
      a_.padding_end = a_.padding_begin;
      return backward ? average_pool_gradient() : average_pool();
    }
    std::string result = in();
    for (std::size_t d = 2; d < x.size(); ++d) {
      if (x[d] == y[d]) continue;
      std::vector<float> means(static_cast<std::size_t>(x[d] * y[d]),
                               0.0F);  // y rows of x numbers; backward the other way round
      for (std::int64_t i = 0; i < y[d]; ++i) {
        const std::int64_t begin = i * x[d] / y[d], end = ((i + 1) * x[d] + y[d] - 1) / y[d];
        for (std::int64_t j = begin; j < end; ++j)
          means[static_cast<std::size_t>(backward ? j * y[d] + i : i * x[d] + j)] =
              static_cast<float>(1.0 / static_cast<double>(end - begin));
      }
      const std::string matrix = to_.floats(backward ? Shape{x[d], y[d]} : Shape{y[d], x[d]}, means);
      result = multiplied(matrix, result, d, x.size());
    }
    return result;
  }

  /// Axis d of a tensor times a matrix.
  std::string multiplied(const std::string& matrix, const std::string& x, std::size_t d, std::size_t dimensions) {
    Integers swap;
    for (std::size_t i = 0; i < dimensions; ++i) swap.push_back(static_cast<std::int64_t>(i));
    std::swap(swap[d], swap[dimensions - 2]);
    const bool moves = d != dimensions - 2;
    const std::string moved = moves ? to_.node("Transpose", {x}, {{"perm", swap}}) : x;
    const std::string product = two("MatMul", matrix, moved);
    return moves ? to_.node("Transpose", {product}, {{"perm", swap}}) : product;
  }

  // Sums.

  std::string matmul() {
    const Shape &a = shape_in(0), &b = shape_in(1);
    if (a.size() == 2 && b.size() == 2) {
      Tensors inputs{in(0), in(1)};
      if (node_.inputs.size() > 2) inputs.push_back(in(2));
      return to_.node("Gemm", inputs,
                      {{"transA", std::int64_t{a_.transpose_a}}, {"transB", std::int64_t{a_.transpose_b}}});
    }
    const auto factor = [&](std::size_t i, bool transposed) {
      if (!transposed) return in(i);
      Integers order;
      for (std::size_t d = 0; d < shape_in(i).size(); ++d) order.push_back(static_cast<std::int64_t>(d));
      std::swap(order[order.size() - 1], order[order.size() - 2]);
      return to_.node("Transpose", {in(i)}, {{"perm", order}});
    };
    const std::string product = two("MatMul", factor(0, a_.transpose_a), factor(1, a_.transpose_b));
    return node_.inputs.size() > 2 ? add(product, in(2)) : product;
  }

  std::string sum(const std::string& x) { return two("ReduceSum", x, to_.integers(a_.axes)); }
  std::string mean(const std::string& x) {
    std::int64_t count = 1;
    for (const std::int64_t axis : a_.axes) count *= node_.shape[static_cast<std::size_t>(axis)];
    return times(sum(x), 1 / static_cast<double>(count));
  }

  std::string softmax(const std::string& op) {
    if (a_.axes.size() != 1) to_.refuse("it runs over " + std::to_string(a_.axes.size()) + " axes at once");
    return to_.node(op, {in()}, {{"axis", a_.axes[0]}});
  }

  struct Normalised {
    std::string result, deviation;
  };
  /// x less its mean, over its standard deviation.
  Normalised normalised(std::size_t x = 0) {
    const std::string apart = two("Sub", in(x), mean(in(x)));
    const std::string deviation = one("Sqrt", add(mean(times(apart, apart)), a_.alpha));
    return {two("Div", apart, deviation), deviation};
  }

  /// (g - mean(g) - y * mean(g * y)) / deviation
  std::string normalize_gradient() {
    const Normalised y = normalised(1);
    const std::string apart = two("Sub", two("Sub", in(0), mean(in(0))), times(y.result, mean(times(in(0), y.result))));
    return two("Div", apart, y.deviation);
  }

  // Parts.

  std::string slice() {
    Integers axes, begins, ends, steps;
    const std::vector<Extent> from = extents_in(), to = to_.extents(value_);
    for (std::size_t d = 0; d < from.size(); ++d) {
      if (from[d].size == to[d].size && from[d].factor == to[d].factor) continue;
      if (from[d].factor != 0 || to[d].factor != 0) to_.refuse("it takes a part of the batch");
      axes.push_back(static_cast<std::int64_t>(d));
      begins.push_back(a_.begin[d]);
      ends.push_back(a_.begin[d] + (to[d].size - 1) * a_.step[d] + 1);
      steps.push_back(a_.step[d]);
    }
    if (axes.empty()) return in();
    return to_.node("Slice", {in(), to_.integers(begins), to_.integers(ends), to_.integers(axes), to_.integers(steps)});
  }

  std::string embed() {
    const std::vector<Extent> from = extents_in(), to = to_.extents(value_);
    std::string x = in();
    Integers before(from.size(), 0), behind(from.size(), 0);
    std::vector<Extent> wide = from;
    for (std::size_t d = 0; d < from.size(); ++d) {
      if (from[d].factor != 0 || to[d].factor != 0) {
        if (from[d].factor != to[d].factor) to_.refuse("it is put into a larger batch");
        continue;
      }
      if (a_.step[d] > 1 && from[d].size > 1) {  // steps between elements: a new axis behind, filled up
        std::vector<Extent> apart = wide;
        apart.insert(apart.begin() + static_cast<std::ptrdiff_t>(d) + 1, Extent{1, 0});
        Integers pads(2 * apart.size(), 0);
        pads[apart.size() + d + 1] = a_.step[d] - 1;
        wide[d].size = from[d].size * a_.step[d];
        x = to_.reshape(to_.node("Pad", {to_.reshape(x, apart), to_.integers(pads), to_.number(a_.alpha)}), wide);
      }
      before[d] = a_.begin[d];
      behind[d] =
          to[d].size - before[d] - wide[d].size;  // less than 0 where the last element's filling reaches beyond the end
    }
    const Integers all = pads(before, behind);
    if (std::all_of(all.begin(), all.end(), [](std::int64_t pad) { return pad == 0; })) return x;
    return to_.node("Pad", {x, to_.integers(all), to_.number(a_.alpha)});
  }

  std::string concat() {
    Tensors parts;
    for (std::size_t i = 0; i < node_.inputs.size(); ++i) parts.push_back(in(i));
    return to_.node("Concat", parts, {{"axis", a_.axes.at(0)}});
  }

  Emitter& to_;
  Value value_;
  const Node& node_;
  Attributes a_;
};

}  // namespace

void write_node(Emitter& emitter, Value value) { Statement(emitter, value).write(); }

}  // namespace whycam::onnx
