#pragma once

#include <vector>

#include "whycam/api.h"

namespace whycam {

/// Whether an example's scores, one a class, are probabilities already, as behind a softmax: none is negative, and
/// their sum is 1 up to the rounding of half precision (1e-3).
WHYCAM_API bool are_probabilities(const std::vector<double>& scores);

/// Softmax of an example's scores; of those that are probabilities already, themselves.
WHYCAM_API std::vector<double> probabilities(std::vector<double> scores);

}  // namespace whycam
