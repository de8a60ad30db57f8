// Large batches, some examples at a time.
#pragma once

#include <cstdint>

#include "graph/graph.h"

namespace whycam::onednn {

/// How many examples to compute at a time, at least `fewest`: all of them, or a divisor of their number where less goes
/// through memory so. What a step gives to the next one should be in a cache still; on the other hand weights are read
/// once for each part of the batch.
std::int64_t examples_at_once(const graph::Graph& graph, std::int64_t fewest);

}  // namespace whycam::onednn
