// Comparisons, signs and choices, put together of other operators. A condition is 1 where it holds and 0 elsewhere; no
// gradient passes through it.
#pragma once

#include "graph/graph.h"

namespace whycam::graph {

/// a > b
Value greater(Graph& graph, Value a, Value b);
Value equal(Graph& graph, Value a, Value b);
Value negation(Graph& graph, Value condition);
/// 1, 0 or -1; no gradient passes through it, either.
Value sign(Graph& graph, Value x);
/// `then` where the condition holds, `otherwise` elsewhere. What is not chosen must be finite.
Value choose(Graph& graph, Value condition, Value then, Value otherwise);

}  // namespace whycam::graph
