// Normalisation, softmax and sums.
#include <algorithm>
#include <limits>

#include "formats/onnx/rules.h"
#include "graph/einsum.h"
#include "graph/maximum.h"
#include "graph/operators.h"

namespace whycam::onnx {
namespace {

using graph::Function;
using graph::Integers;
using graph::Operator;
using graph::Shape;
using graph::Value;

/// One number a channel, laid along the channels of a tensor.
Value per_channel(Call& call, Value row, std::size_t dimensions) {
  Shape shape(dimensions - 1, 1);
  shape[0] = graph::element_count(call.graph.shape(row));
  return call.graph.reshape(row, shape);
}

/// (x - offset) * scale, of scikit-learn's pipelines: one number for all, or one for each of the last axis.
void scaler(Call& call) {
  if (call.dimensions() == 0) call.refuse("a single number");
  graph::Graph& g = call.graph;
  Value x = call.value();
  const auto row = [&](const char* attribute) {
    const proto::AttributeProto* found = call.find(attribute);
    std::vector<float> numbers;
    if (found) numbers.assign(found->floats().begin(), found->floats().end());
    const auto count = static_cast<std::int64_t>(numbers.size());
    if (count > 1 && count != call.shape().back())
      call.refuse(std::to_string(count) + " numbers for an extent of " + std::to_string(call.shape().back()));
    return count == 0 ? graph::no_value : g.add_constant(graph::constant_of(std::move(numbers)), {count});
  };
  if (const Value offset = row("offset"); offset != graph::no_value) x = g.binary(Operator::subtract, x, offset);
  if (const Value scale = row("scale"); scale != graph::no_value) x = g.binary(Operator::multiply, x, scale);
  call.give(x);
}

/// With running statistics a batch norm is a scale and a shift.
void batch_normalization(Call& call) {
  const std::size_t dimensions = call.dimensions();
  if (dimensions < 2) call.refuse("an input of " + std::to_string(dimensions) + " dimensions");
  if (call.integer("training_mode", 0) != 0) call.refuse("training mode");
  if (call.integer("spatial", 1) == 0 && dimensions > 2) call.refuse("statistics for each place");
  graph::Graph& g = call.graph;
  const Value scale = g.binary(
      Operator::multiply, call.value(1),
      g.unary(Function::power, g.unary(Function::linear, call.value(4), 1, call.number("epsilon", 1e-5)), -0.5));
  const Value shift = g.binary(Operator::subtract, call.value(2), g.binary(Operator::multiply, call.value(3), scale));
  const Value scaled = g.add(Operator::multiply, {call.value(), per_channel(call, scale, dimensions)}, {}, call.name);
  call.give(g.add(Operator::add, {scaled, per_channel(call, shift, dimensions)}, {}, call.name));
}

void instance_normalization(Call& call) {
  const std::size_t dimensions = call.dimensions();
  if (dimensions < 3) call.refuse("an input of " + std::to_string(dimensions) + " dimensions");
  graph::Graph& g = call.graph;
  const Value x =
      g.normalize(call.value(), graph::axes_between(2, dimensions), call.number("epsilon", 1e-5), call.name);
  const Value scaled = g.binary(Operator::multiply, x, per_channel(call, call.value(1), dimensions));
  call.give(g.binary(Operator::add, scaled, per_channel(call, call.value(2), dimensions)));
}

/// The mean along axes, each with extent 1 in the result.
Value mean(graph::Graph& g, Value x, const Integers& axes) {
  double count = 1;
  for (const std::int64_t axis : axes) count *= static_cast<double>(g.shape(x)[static_cast<std::size_t>(axis)]);
  return g.unary(Function::linear, g.sum(x, axes), 1 / count);
}

}  // namespace

Value inverse_root(graph::Graph& g, Value x, const Integers& axes, double epsilon) {
  const Value squares = mean(g, g.binary(Operator::multiply, x, x), axes);
  return g.unary(Function::power, g.unary(Function::linear, squares, 1, epsilon), -0.5);
}

namespace {

void layer_normalization(Call& call) {
  const std::size_t dimensions = call.dimensions(), axis = axis_of(call.integer("axis", -1), dimensions);
  const Integers axes = graph::axes_between(axis, dimensions);
  const double epsilon = call.number("epsilon", 1e-5);
  graph::Graph& g = call.graph;
  Value x = g.normalize(call.value(), axes, epsilon, call.name);
  x = g.binary(Operator::multiply, x, call.value(1));
  if (call.given(2)) x = g.binary(Operator::add, x, call.value(2));
  call.give(x);
  if (call.output_count() < 2) return;
  const Value centre = mean(g, call.value(), axes);
  call.give(centre, 1);
  if (call.output_count() > 2)
    call.give(inverse_root(g, g.binary(Operator::subtract, call.value(), centre), axes, epsilon), 2);
}

void rms_normalization(Call& call) {
  const std::size_t dimensions = call.dimensions();
  const Integers axes = graph::axes_between(axis_of(call.integer("axis", -1), dimensions), dimensions);
  graph::Graph& g = call.graph;
  const Value factor = inverse_root(g, call.value(), axes, call.number("epsilon", 1e-5));
  const Value x = g.add(Operator::multiply, {call.value(), factor}, {}, call.name);
  call.give(g.binary(Operator::multiply, x, call.value(1)));
  if (call.output_count() > 1) call.give(factor, 1);
}

/// x over its norm along an axis; what is 0 throughout stays 0.
void lp_normalization(Call& call) {
  const std::int64_t p = call.integer("p", 2);
  if (p != 1 && p != 2) call.refuse("a norm with p = " + std::to_string(p));
  graph::Graph& g = call.graph;
  const Integers axes{static_cast<std::int64_t>(axis_of(call.integer("axis", -1), call.dimensions()))};
  const Value x = call.value();
  const Value sum = g.sum(p == 1 ? g.unary(Function::absolute, x) : g.binary(Operator::multiply, x, x), axes);
  const Value above_zero = g.unary(Function::clamp, sum, 1e-30, std::numeric_limits<double>::infinity());
  call.give(g.binary(Operator::multiply, x, g.unary(Function::power, above_zero, p == 1 ? -1 : -0.5)));
}

/// Up to operator set 20 there is one scale and one shift a group, later one a channel.
Value for_each_channel(Call& call, Value row, std::int64_t channels) {
  graph::Graph& g = call.graph;
  const std::int64_t groups = graph::element_count(g.shape(row));
  if (call.operator_set < 21)
    row = g.reshape(g.expand(g.reshape(row, {groups, 1}), {groups, channels / groups}), {channels});
  return per_channel(call, row, call.dimensions());
}

void group_normalization(Call& call) {
  const Shape shape = call.shape();
  const std::int64_t groups = call.integer("num_groups", 0);
  if (shape.size() < 2 || groups < 1 || shape[1] % groups != 0)
    call.refuse(std::to_string(groups) + " groups of channels");
  const Shape row{call.operator_set < 21 ? groups : shape[1]};
  if (call.shape(1) != row || call.shape(2) != row)
    call.refuse("scales of the shape " + graph::to_string(call.shape(1)));
  graph::Graph& g = call.graph;
  const Value x = g.normalize_groups(call.value(), groups, call.number("epsilon", 1e-5), call.name);
  const Value scaled = g.binary(Operator::multiply, x, for_each_channel(call, call.value(1), shape[1]));
  call.give(g.binary(Operator::add, scaled, for_each_channel(call, call.value(2), shape[1])));
}

/// x / (bias + alpha / size * the sum of x^2 over the channels around)^beta, Krizhevsky et al. 2012.
void local_response(Call& call) {
  const Shape shape = call.shape();
  const std::int64_t size = call.integer("size", 0);
  if (shape.size() < 3 || size < 1) call.refuse("a size of " + std::to_string(size));
  graph::Graph& g = call.graph;
  const std::int64_t area = graph::element_count(shape) / (shape[0] * shape[1]);
  const Value squares =
      g.reshape(g.binary(Operator::multiply, call.value(), call.value()), {shape[0], 1, shape[1], area});
  graph::AveragePoolAttributes a;
  a.kernel = {size, 1};
  a.strides = a.dilation = {1, 1};
  a.padding_begin = {(size - 1) / 2, 0};
  a.padding_end = {size / 2, 0};
  a.shape = {shape[0], 1, shape[1], area};
  const Value means = g.reshape(g.add(Operator::average_pool, {squares}, a), shape);
  const Value below =
      g.unary(Function::power, g.unary(Function::linear, means, call.number("alpha", 1e-4), call.number("bias", 1)),
              -call.number("beta", 0.75));
  call.give(g.binary(Operator::multiply, call.value(), below));
}

/// Up to operator set 12 over all dimensions from the axis on, then along it alone.
void softmax(Call& call, Operator op) {
  const Shape shape = call.shape();
  graph::Graph& g = call.graph;
  if (call.operator_set >= 13) {
    const auto axis = static_cast<std::int64_t>(axis_of(call.integer("axis", -1), shape.size()));
    return call.give(g.add(op, {call.value()}, graph::AxesAttributes{{axis}}));
  }
  const std::size_t axis = axis_of(call.integer("axis", 1), shape.size());
  std::int64_t rows = 1;
  for (std::size_t d = 0; d < axis; ++d) rows *= shape[d];
  const Value matrix = g.reshape(call.value(), {rows, graph::element_count(shape) / rows});
  call.give(g.reshape(g.add(op, {matrix}, graph::AxesAttributes{{1}}), shape));
}

struct Reduction {
  Integers axes;
  Shape shape;  ///< of the result
  double count = 1;
};

Reduction reduction(const Call& call) {
  const Shape shape = call.shape();
  Reduction result;
  const auto given = call.integers("axes", 1);
  if (given && !given->empty())
    for (const std::int64_t axis : *given)
      result.axes.push_back(static_cast<std::int64_t>(axis_of(axis, shape.size())));
  else if (call.integer("noop_with_empty_axes", 0) == 0)
    result.axes = graph::axes_between(0, shape.size());
  for (std::size_t d = 0; d < shape.size(); ++d) {
    const bool reduced =
        std::find(result.axes.begin(), result.axes.end(), static_cast<std::int64_t>(d)) != result.axes.end();
    if (reduced) result.count *= static_cast<double>(shape[d]);
    if (!reduced || call.integer("keepdims", 1) != 0) result.shape.push_back(reduced ? 1 : shape[d]);
  }
  return result;
}

Value sum(Call& call, Value x, const Reduction& over) {
  return over.axes.empty() ? x : call.graph.reshape(call.graph.sum(x, over.axes), over.shape);
}

void reduce(Rules& rules, const std::string& op, Value (*before)(Call&),
            void (*behind)(Call&, Value, const Reduction&)) {
  rules[op] = [=](Call& call) {
    const Reduction over = reduction(call);
    behind(call, sum(call, before(call), over), over);
  };
}

Value itself(Call& call) { return call.value(); }
Value squared(Call& call) { return call.graph.binary(Operator::multiply, call.value(), call.value()); }
Value size_of(Call& call) { return call.graph.unary(Function::absolute, call.value()); }
void give(Call& call, Value value, const Reduction&) { call.give(value); }
void give_mean(Call& call, Value value, const Reduction& over) {
  call.give(call.graph.unary(Function::linear, value, 1 / over.count));
}
void give_root(Call& call, Value value, const Reduction&) { call.give(call.graph.unary(Function::sqrt, value)); }

void give_logarithm(Call& call, Value value, const Reduction&) { call.give(call.graph.unary(Function::log, value)); }

/// Of equal elements each has its share of the gradient, as in PyTorch's amax and TensorFlow's reduce_max.
void reduce_max(Call& call, double factor) {
  graph::Graph& g = call.graph;
  const Reduction over = reduction(call);
  Value x = call.value();
  if (factor != 1) x = g.unary(Function::linear, x, factor);
  x = g.reshape(graph::maximum_along(g, x, over.axes, graph::Ties::evenly), over.shape);
  call.give(factor != 1 ? g.unary(Function::linear, x, factor) : x);
}

/// max + log(the sum of e^(x - max)), in which no number overflows.
void reduce_log_sum_exp(Call& call) {
  graph::Graph& g = call.graph;
  const Reduction over = reduction(call);
  if (over.axes.empty()) return call.give(call.value());
  const Value most = graph::maximum_along(g, call.value(), over.axes, graph::Ties::evenly);
  const Value powers = g.unary(Function::exp, g.binary(Operator::subtract, call.value(), most));
  const Value sum = g.binary(Operator::add, g.unary(Function::log, g.sum(powers, over.axes)), most);
  call.give(g.reshape(sum, over.shape));
}

void einsum(Call& call) { call.give(graph::einsum(call.graph, call.text("equation", ""), call.values())); }

}  // namespace

void add_normalisation_rules(Rules& rules) {
  rules["BatchNormalization"] = batch_normalization;
  rules["InstanceNormalization"] = instance_normalization;
  rules["LayerNormalization"] = layer_normalization;
  // ONNX Runtime writes the second, in ONNX's own domain, for an RMS normalisation that it put together.
  rules["RMSNormalization"] = rules["SimplifiedLayerNormalization"] = rms_normalization;
  rules["LpNormalization"] = lp_normalization;
  rules["GroupNormalization"] = group_normalization;
  rules["ai.onnx.ml.Scaler"] = scaler;
  rules["LRN"] = local_response;
  rules["Softmax"] = [](Call& call) { softmax(call, Operator::softmax); };
  rules["LogSoftmax"] = [](Call& call) { softmax(call, Operator::log_softmax); };
  reduce(rules, "ReduceSum", itself, give);
  reduce(rules, "ReduceMean", itself, give_mean);
  reduce(rules, "ReduceSumSquare", squared, give);
  reduce(rules, "ReduceL1", size_of, give);
  reduce(rules, "ReduceL2", squared, give_root);
  rules["ReduceMax"] = [](Call& call) { reduce_max(call, 1); };
  rules["ReduceMin"] = [](Call& call) { reduce_max(call, -1); };
  reduce(rules, "ReduceLogSum", itself, give_logarithm);
  rules["ReduceLogSumExp"] = reduce_log_sum_exp;
  rules["Einsum"] = einsum;
}

}  // namespace whycam::onnx
