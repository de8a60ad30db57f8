// Whether weights are numbers.
#pragma once

#include <cstdint>

namespace whycam::known {

/// Whether none of them is NaN or infinite.
bool all_finite(const float* numbers, std::int64_t count);

}  // namespace whycam::known
