// What is put together of other operators: Einstein's sums, maxima along axes, similarities.
#include <algorithm>
#include <limits>

#include "formats/aten/rules.h"
#include "graph/einsum.h"
#include "graph/maximum.h"
#include "graph/operators.h"

namespace whycam::aten {
namespace {

using graph::Function;
using graph::Integers;
using graph::Operator;
using graph::Shape;
using graph::Ties;
using graph::Value;

void einsum(Call& call) { call.give(graph::einsum(call.graph, call.text(0), call.tensors(1))); }

/// The largest, or with a factor of -1 the least, along some axes.
void extreme(Call& call, const Integers& given, bool keep, Ties ties, double factor) {
  graph::Graph& g = call.graph;
  Integers axes;
  for (const std::int64_t axis : given) axes.push_back(call.axis(axis, call.dimensions()));
  if (axes.empty()) axes = graph::axes_between(0, call.shape().size());
  Shape result;
  for (std::int64_t d = 0; d < call.dimensions(); ++d) {
    const bool reduced = std::find(axes.begin(), axes.end(), d) != axes.end();
    if (!reduced || keep) result.push_back(reduced ? 1 : call.shape()[static_cast<std::size_t>(d)]);
  }
  Value x = call.tensor();
  if (factor != 1) x = g.unary(Function::linear, x, factor);
  x = graph::maximum_along(g, x, axes, ties);
  if (factor != 1) x = g.unary(Function::linear, x, factor);
  call.give(g.reshape(x, result));
}

/// max(x), max(x, other) and max(x, axis, keep), of which the last gives the gradient to one of equal elements. Where
/// that one lies is its second result.
void extreme_of_any_kind(Call& call, Operator of_two, const char* name, double factor) {
  if (call.count() == 1) return extreme(call, {}, false, Ties::evenly, factor);
  if (call.is<Tensor>(1)) return call.give_activation(call.graph.binary(of_two, call.tensor(0), call.tensor(1)), name);
  extreme(call, {call.integer(1)}, call.boolean(2), Ties::first, factor);
}

/// The sum of x1 * x2 along an axis over the product of their norms, of which neither counts for less than eps.
void cosine_similarity(Call& call) {
  graph::Graph& g = call.graph;
  Shape shape = graph::broadcast(call.shape(0), call.shape(1));
  const std::int64_t axis = call.axis(call.integer(2, 1), static_cast<std::int64_t>(shape.size()));
  const auto along = [&](std::size_t argument) {
    const Value x = call.tensor(argument);
    return g.shape(x) == shape ? x : g.expand(x, shape);
  };
  const auto norm = [&](Value x) {
    const Value length = g.unary(Function::sqrt, g.sum(g.unary(Function::power, x, 2), {axis}));
    return g.unary(Function::clamp, length, call.number(3, 1e-8), std::numeric_limits<double>::infinity());
  };
  const Value x = along(0), y = along(1);
  const Value product = g.sum(g.binary(Operator::multiply, x, y), {axis});
  const Value similarity = g.binary(Operator::divide, product, g.binary(Operator::multiply, norm(x), norm(y)));
  shape.erase(shape.begin() + static_cast<std::ptrdiff_t>(axis));
  call.give(g.reshape(similarity, shape));
}

}  // namespace

void add_composed_rules(Rules& rules) {
  rules["einsum"] = einsum;
  rules["cosine_similarity"] = cosine_similarity;
  rules["max"] = [](Call& call) { extreme_of_any_kind(call, Operator::maximum, "maximum", 1); };
  rules["min"] = [](Call& call) { extreme_of_any_kind(call, Operator::minimum, "minimum", -1); };
  rules["amax"] = [](Call& call) { extreme(call, call.integers(1), call.boolean(2), Ties::evenly, 1); };
  rules["amin"] = [](Call& call) { extreme(call, call.integers(1), call.boolean(2), Ties::evenly, -1); };
}

}  // namespace whycam::aten
