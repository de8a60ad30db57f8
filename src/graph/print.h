// A graph as text, one line a node.
#pragma once

#include <string>

#include "graph/graph.h"

namespace whycam::graph {

std::string to_string(const Graph& graph);

}  // namespace whycam::graph
