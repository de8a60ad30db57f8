#pragma once

#include <cstdint>
#include <limits>
#include <vector>

#include "whycam/errors.h"

namespace whycam::picture {

/// A dense tensor of floats in row-major (C) order: the last axis changes fastest.
struct Array {
  std::vector<std::int64_t> shape;
  std::vector<float> values;
};

/// How many elements an array of this shape has; 1 for the empty shape (a scalar).
/// Throws InputError for a negative axis and for a product that does not fit 64 bits.
inline std::int64_t element_count(const std::vector<std::int64_t>& shape) {
  std::int64_t count = 1;
  for (const std::int64_t axis : shape) {
    if (axis < 0) throw InputError("a shape has a negative axis");
    if (axis > 0 && count > (std::numeric_limits<std::int64_t>::max)() / axis)
      throw InputError("a shape has more elements than 64 bits can count");
    count *= axis;
  }
  return count;
}

/// Whether the shape and the number of values agree.
inline bool is_consistent(const Array& array) {
  return element_count(array.shape) == static_cast<std::int64_t>(array.values.size());
}

}  // namespace whycam::picture
