// What a target says of an output, and its gradient.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "whycam/target.h"

namespace whycam::core {

/// An output's shape with its examples first: a network may have squeezed its scores for one example into one
/// dimension.
std::vector<std::int64_t> shape_with_examples(const std::vector<std::int64_t>& output_shape, std::int64_t examples);

/// A network's output in row-major order.
struct OutputValues {
  std::vector<std::int64_t> shape;
  std::vector<double> values;
  std::int64_t examples = 0;
  std::optional<std::size_t> class_axis;  ///< where it is known; regions take it to be 1 where it is not
};

struct Objective {
  std::vector<double> scores;         ///< one per example
  std::vector<double> gradient;       ///< of the sum of the scores, for each of the output's values
  std::vector<std::string> warnings;  ///< what a careful reader should know, one sentence each
};

/// The sum of a target's terms. Throws TargetError where one of them is none for this output, and for functions of
/// tensors, which are libtorch's.
Objective objective(const std::vector<Target::Term>& terms, const OutputValues& output);

}  // namespace whycam::core
