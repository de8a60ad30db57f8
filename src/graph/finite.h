// Whether weights are numbers.
#pragma once

#include <cstdint>

#include "graph/graph.h"

namespace whycam::graph {

/// Whether none of them is NaN or infinite.
bool all_finite(const float* numbers, std::int64_t count);
/// The same of a constant in floating-point numbers; weights know it.
bool all_finite(const Constant& constant, std::int64_t count);

}  // namespace whycam::graph
