#include "graph/maximum.h"

#include <algorithm>

namespace whycam::graph {
namespace {

/// A pooling over the axes that are reduced, laid behind the others. Its gradient goes to the first maximum.
Value pooled(Graph& graph, Value x, const Integers& axes, const Shape& result) {
  const auto size = [&](std::int64_t d) { return graph.shape(x)[static_cast<std::size_t>(d)]; };
  Integers order;
  std::int64_t kept = 1, reduced = 1;
  for (std::int64_t d = 0; d < static_cast<std::int64_t>(graph.shape(x).size()); ++d)
    if (std::find(axes.begin(), axes.end(), d) == axes.end()) {
      order.push_back(d);
      kept *= size(d);
    }
  for (const std::int64_t d : axes) {
    order.push_back(d);
    reduced *= size(d);
  }
  const Shape rows{1, kept, reduced};
  const Value laid = graph.reshape(graph.transpose(x, order), rows);
  return graph.reshape(graph.add(Operator::max_pool, {laid}, window_of_all(rows)), result);
}

}  // namespace

Value maximum_along(Graph& graph, Value x, const Integers& axes, Ties ties) {
  Integers sorted = axes;
  std::sort(sorted.begin(), sorted.end());
  Shape result = graph.shape(x);
  for (const std::int64_t axis : sorted) result[static_cast<std::size_t>(axis)] = 1;
  if (sorted.empty()) return x;
  const Value largest = pooled(graph, x, sorted, result);
  if (ties == Ties::first) return largest;
  // The mean of the largest, weighted with constants of which each maximum has one: 2 * heaviside(0) is 1.
  const Value below = graph.binary(Operator::subtract, x, graph.unary(Function::detach, largest));
  const Value is_largest = graph.unary(Function::linear, graph.unary(Function::heaviside, below), 2);
  const Value count = graph.reshape(graph.sum(is_largest, sorted), result);
  const Value share = graph.unary(Function::detach, graph.binary(Operator::divide, is_largest, count));
  return graph.reshape(graph.sum(graph.binary(Operator::multiply, x, share), sorted), result);
}

}  // namespace whycam::graph
