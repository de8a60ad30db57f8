// Einstein's sums, put together of transposes and products of matrices.
#pragma once

#include <string>
#include <vector>

#include "graph/graph.h"

namespace whycam::graph {

/// As in NumPy and PyTorch: "bhid,bhjd->bhij", "...ij,jk", "ij->". Operands are multiplied from left to right. Throws
/// std::invalid_argument for what does not fit, and for a diagonal ("ii").
Value einsum(Graph& graph, const std::string& equation, const std::vector<Value>& operands);

}  // namespace whycam::graph
