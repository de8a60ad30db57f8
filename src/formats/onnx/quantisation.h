// Quantised numbers: what a tensor of integers means together with a scale and a zero point.
#pragma once

#include <optional>
#include <vector>

#include "formats/onnx/contents.h"

namespace whycam::onnx {

/// What a type of integers holds.
struct QuantisedRange {
  double low = 0, high = 0;
};
/// Nothing for a type that networks are not quantised to.
std::optional<QuantisedRange> range_of_type(std::int32_t type);

/// (x - zero point) * scale, with one scale, one for each place along an axis, or one for each block along it. Throws
/// std::invalid_argument where the shapes do not fit.
std::vector<float> dequantised(const Array& x, const Array& scale, const Array* zero_point, std::int64_t axis,
                               std::int64_t block_size);

/// Weights that the file keeps quantised become floating-point ones, once for all that is explained.
void dequantise_weights(Network::Contents& contents);

}  // namespace whycam::onnx
