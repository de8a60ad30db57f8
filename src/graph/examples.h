// A graph for some examples of a batch at a time.
#pragma once

#include <cstdint>
#include <optional>

#include "graph/graph.h"

namespace whycam::graph {

/// The number of examples, where all inputs have the same first extent; 0 where they have not.
std::int64_t example_count(const Graph& graph);

/// The same graph for so many examples, where nothing computed in it goes from one example to another: then parts of
/// the inputs along their first axis give the same parts of the outputs. Nothing where some operator mixes examples, or
/// may do so.
std::optional<Graph> for_examples(const Graph& graph, std::int64_t count);

}  // namespace whycam::graph
