// Normalisation, softmax and other reductions.
#include <algorithm>

#include "formats/aten/rules.h"

namespace whycam::aten {
namespace {

using graph::Function;
using graph::Integers;
using graph::Operator;
using graph::Shape;
using graph::Value;

/// One number a channel, for tensors with their channels in dimension 1.
Value per_channel(Call& call, Value row, std::int64_t dimensions) {
  if (dimensions < 2 || call.graph.shape(row).size() != 1) call.refuse("other than one number a channel");
  Shape shape(static_cast<std::size_t>(dimensions - 1), 1);
  shape[0] = call.graph.shape(row)[0];
  return call.graph.reshape(row, shape);
}

/// x * weight + bias where they are given, one number a channel
Value affine(Call& call, Value x, std::size_t weight_at, std::size_t bias_at) {
  graph::Graph& g = call.graph;
  const auto dimensions = static_cast<std::int64_t>(g.shape(x).size());
  if (call.given(weight_at))
    x = g.add(Operator::multiply, {x, per_channel(call, call.tensor(weight_at), dimensions)}, {}, call.name);
  if (call.given(bias_at))
    x = g.add(Operator::add, {x, per_channel(call, call.tensor(bias_at), dimensions)}, {}, call.name);
  return x;
}

/// With running statistics a batch norm is a scale and a shift.
void scale_and_shift(Call& call, double epsilon) {
  graph::Graph& g = call.graph;
  const Value mean = call.tensor(3), variance = call.tensor(4);
  Value scale = g.unary(Function::power, g.unary(Function::linear, variance, 1, epsilon), -0.5);
  if (call.given(1)) scale = g.binary(Operator::multiply, scale, call.tensor(1));
  Value shift = g.unary(Function::linear, g.binary(Operator::multiply, mean, scale), -1);
  if (call.given(2)) shift = g.binary(Operator::add, shift, call.tensor(2));
  const Value scaled =
      g.add(Operator::multiply, {call.tensor(), per_channel(call, scale, call.dimensions())}, {}, call.name);
  call.give(g.add(Operator::add, {scaled, per_channel(call, shift, call.dimensions())}, {}, call.name));
}

void batch_norm(Call& call) {
  if (call.boolean(5) || !call.given(3) || !call.given(4)) call.refuse("a batch norm in training mode");
  scale_and_shift(call, call.number(7, 1e-5));
}

/// With the statistics of the tensor itself, as an instance norm of one example is: (x, weight, bias, training,
/// momentum, epsilon)
void own_statistics(Call& call) {
  if (call.dimensions() < 2 || call.shape()[0] != 1) call.refuse("statistics of a batch, as in training mode");
  const Integers axes = graph::axes_between(2, call.shape().size());
  call.give(affine(call, call.graph.normalize(call.tensor(), axes, call.number(5), call.name), 1, 2));
}

void instance_norm(Call& call) {
  if (!call.boolean(5, true)) call.refuse("an instance norm with running statistics");
  const Integers space = graph::axes_between(2, call.shape().size());
  call.give(affine(call, call.graph.normalize(call.tensor(), space, call.number(7, 1e-5), call.name), 1, 2));
}

void group_norm(Call& call) {
  const std::int64_t groups = call.integer(1);
  if (groups < 1) call.refuse("no groups");
  call.give(affine(call, call.graph.normalize_groups(call.tensor(), groups, call.number(4, 1e-5), call.name), 2, 3));
}

/// (x, weight, bias, N, C, H W, groups, epsilon)
void native_group_norm(Call& call) {
  const std::int64_t groups = call.integer(6);
  if (groups < 1) call.refuse("no groups");
  call.give(affine(call, call.graph.normalize_groups(call.tensor(), groups, call.number(7), call.name), 1, 2));
}

void layer_norm(Call& call) {
  graph::Graph& g = call.graph;
  const Integers normalised = call.integers(1);
  const std::size_t dimensions = call.shape().size();
  if (normalised.size() > dimensions) call.refuse("more axes than dimensions");
  Value x = g.normalize(call.tensor(), graph::axes_between(dimensions - normalised.size(), dimensions),
                        call.number(4, 1e-5), call.name);
  if (call.given(2)) x = g.add(Operator::multiply, {x, call.tensor(2)}, {}, call.name);
  if (call.given(3)) x = g.add(Operator::add, {x, call.tensor(3)}, {}, call.name);
  call.give(x);
}

void check_type(Call& call, std::size_t at) {
  const bool is_float_type = call.is<Type>(at) && is_float(std::get<Type>(call[at].value));
  if (call.given(at) && !(is_float_type && call.floats_are_one_type())) call.refuse("a change of the numbers' type");
}

void softmax(Call& call, Operator op) {
  if (!call.is<bool>(2)) check_type(call, 2);  // _softmax says there whether a half becomes a float
  const std::int64_t axis = call.axis(call.integer(1), call.dimensions());
  call.give(call.graph.add(op, {call.tensor()}, graph::AxesAttributes{{axis}}));
}

/// The sum (or mean) along some dimensions, all of them where none is named.
void reduce(Call& call, bool mean) {
  graph::Graph& g = call.graph;
  const Shape shape = call.shape();
  // mean(x, *, type) and mean(x, dimensions, keep, *, type)
  const bool all = call.count() == 2 || !call.given(1) || (call.is<Arguments>(1) && call.list(1).empty());
  check_type(call, call.count() - 1);
  Integers axes;
  if (all)
    axes = graph::axes_between(0, shape.size());
  else
    for (const std::int64_t axis : call.integers(1)) axes.push_back(call.axis(axis, call.dimensions()));
  double count = 1;
  Shape left;
  for (std::size_t d = 0; d < shape.size(); ++d) {
    bool reduced = false;
    for (const std::int64_t axis : axes) reduced = reduced || axis == static_cast<std::int64_t>(d);
    if (reduced) count *= static_cast<double>(shape[d]);
    if (!reduced || (call.count() > 2 && call.boolean(2))) left.push_back(reduced ? 1 : shape[d]);
  }
  Value x = g.sum(call.tensor(), axes);
  if (mean) x = g.unary(Function::linear, x, 1 / count);
  call.give(g.reshape(x, left));
}

/// The Euclidean norm along some axes: (x, 2, axes, keep, type)
void vector_norm(Call& call) {
  graph::Graph& g = call.graph;
  if (call.number(1, 2) != 2) call.refuse("a norm other than the Euclidean");
  check_type(call, 4);
  Integers axes = graph::axes_between(0, call.shape().size());
  if (call.given(2) && !call.integers(2).empty()) {
    axes.clear();
    for (const std::int64_t axis : call.integers(2)) axes.push_back(call.axis(axis, call.dimensions()));
  }
  Shape left;
  for (std::int64_t d = 0; d < call.dimensions(); ++d) {
    const bool reduced = std::find(axes.begin(), axes.end(), d) != axes.end();
    if (!reduced || call.boolean(3)) left.push_back(reduced ? 1 : call.shape()[static_cast<std::size_t>(d)]);
  }
  const Value squares = g.sum(g.unary(Function::power, call.tensor(), 2), axes);
  call.give(g.reshape(g.unary(Function::sqrt, squares), left));
}

}  // namespace

void add_normalisation_rules(Rules& rules) {
  rules["batch_norm"] = batch_norm;
  rules["instance_norm"] = instance_norm;
  rules["group_norm"] = group_norm;
  rules["layer_norm"] = rules["native_layer_norm"] = layer_norm;
  rules["native_group_norm"] = native_group_norm;
  rules["native_batch_norm"] = rules["_native_batch_norm_legit"] = batch_norm;
  rules["_native_batch_norm_legit.no_stats"] = own_statistics;
  rules["_native_batch_norm_legit_no_training"] = [](Call& call) { scale_and_shift(call, call.number(6)); };
  rules["softmax"] = rules["_softmax"] = [](Call& call) { softmax(call, Operator::softmax); };
  rules["log_softmax"] = rules["_log_softmax"] = [](Call& call) { softmax(call, Operator::log_softmax); };
  rules["linalg_vector_norm"] = rules["norm"] = vector_norm;
  rules["mean"] = [](Call& call) { reduce(call, true); };
  rules["sum"] = [](Call& call) { reduce(call, false); };
  for (const char* name : {"dropout", "feature_dropout", "alpha_dropout", "feature_alpha_dropout"})
    rules[name] = [](Call& call) {
      if (call.boolean(2) && call.number(1) != 0) call.refuse("a dropout in training mode");
      call.give_unchanged();
    };
}

}  // namespace whycam::aten
