// What turns a graph into a faster one with the same outputs. Each pass takes a graph and gives a new one.
#pragma once

#include <functional>
#include <vector>

#include "graph/graph.h"

namespace whycam::graph {

/// Throws std::logic_error where a graph is not what its records say: for debug builds, between passes.
void verify(const Graph& graph);

/// How many nodes and outputs read each value.
std::vector<int> use_counts(const Graph& graph);

/// Puts a scale and a shift of each channel (a batch norm) into the convolution or matrix product before it, where
/// nothing else reads what is between them. Exact but for rounding.
Graph fold_scales(const Graph& graph);

/// Makes a concatenation that starts with all inputs of an earlier one start with that one. Before differentiation, so
/// that gradients go the same way; values that are outputs, enter a ReLU or are detached get no new reader, since their
/// gradient has a meaning of its own.
Graph nest_concats(const Graph& graph);

/// Leaves out what no output depends on. Inputs stay.
Graph drop_dead(const Graph& graph);

/// Computes equal things once. Not before differentiation: rules at ReLUs tell two equal tensors apart.
Graph share(const Graph& graph);

/// Joins what follows a convolution, a scale or a sum of gradients into it: additions, ReLUs, gates.
Graph fuse(const Graph& graph);

/// All passes behind differentiation, in their order. `seen`, where given, is called with each pass's name and result.
using Seen = std::function<void(const char* pass, const Graph& result)>;
Graph optimise(const Graph& graph, const Seen& seen = {});

}  // namespace whycam::graph
