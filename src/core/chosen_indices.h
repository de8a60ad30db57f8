// Where the explained numbers stand in an output.
#pragma once

#include <cstdint>
#include <vector>

#include "whycam/target.h"

namespace whycam::core {

/// The place of each example's number in the output, counted in row-major order. Throws TargetError where the target
/// does not choose exactly one for each of the examples.
std::vector<std::int64_t> chosen_indices(const Target& target, const std::vector<std::int64_t>& output_shape,
                                         std::int64_t examples);

/// An output's shape with its examples first: a network may have squeezed its scores for one example into one
/// dimension.
std::vector<std::int64_t> shape_with_examples(const std::vector<std::int64_t>& output_shape, std::int64_t examples);

}  // namespace whycam::core
