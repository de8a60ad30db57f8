// The nodes that methods append, computed by ATen: in any precision, on any device.
#pragma once

#include <map>
#include <string>

#include "graph/graph.h"
#include "whycam/torch_tensor.h"

namespace whycam::engine {

/// The outputs of a graph, whose inputs are given by name; all on their device and in their type. Throws
/// std::logic_error for an operator that no method uses.
std::map<std::string, torch::Tensor> evaluate(const graph::Graph& graph,
                                              const std::map<std::string, torch::Tensor>& inputs);

}  // namespace whycam::engine
