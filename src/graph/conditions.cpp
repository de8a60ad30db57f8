#include "graph/conditions.h"

namespace whycam::graph {
namespace {

/// 1 where x is above 0, else 0; from one half at 0: h * (2 h - 1).
Value positive(Graph& graph, Value x) {
  const Value h = graph.unary(Function::heaviside, x);
  return graph.binary(Operator::multiply, h, graph.unary(Function::linear, h, 2, -1));
}

}  // namespace

Value greater(Graph& graph, Value a, Value b) { return positive(graph, graph.binary(Operator::subtract, a, b)); }

Value equal(Graph& graph, Value a, Value b) {
  return negation(graph, positive(graph, graph.unary(Function::absolute, graph.binary(Operator::subtract, a, b))));
}

Value negation(Graph& graph, Value condition) { return graph.unary(Function::linear, condition, -1, 1); }

Value sign(Graph& graph, Value x) { return graph.unary(Function::linear, graph.unary(Function::heaviside, x), 2, -1); }

Value choose(Graph& graph, Value condition, Value then, Value otherwise) {
  return graph.binary(Operator::add, graph.binary(Operator::multiply, then, condition),
                      graph.binary(Operator::multiply, otherwise, negation(graph, condition)));
}

}  // namespace whycam::graph
