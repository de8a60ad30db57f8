// The slow truth: a graph's values in double precision, operator by operator.
#pragma once

#include <map>
#include <string>
#include <vector>

#include "graph/operators.h"

namespace whycam::graph {

/// The values of all outputs, by name, for the inputs given by name. Throws std::invalid_argument where an input is
/// missing or has another shape.
std::map<std::string, Tensor> evaluate(const Graph& graph, const std::map<std::string, Tensor>& inputs);

/// Which values depend on constants alone.
std::vector<bool> constant_values(const Graph& graph);

/// One value that depends on constants alone.
Tensor evaluate_constant(const Graph& graph, Value value);

}  // namespace whycam::graph
