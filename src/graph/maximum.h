// Maxima along axes, put together of other operators.
#pragma once

#include "graph/graph.h"

namespace whycam::graph {

/// Who gets the gradient where several elements are the largest.
enum class Ties { first, evenly };

/// The largest elements along some axes, each with extent 1 in the result.
Value maximum_along(Graph& graph, Value x, const Integers& axes, Ties ties);

}  // namespace whycam::graph
