#pragma once

#include <cstdint>
#include <vector>

namespace whycam::picture {

/// A picture of 8 or 16 bits: rows from the top, interleaved channels.
template <typename Level>
struct Levels {
  int height, width, channels;
  std::vector<Level> values;
};

/// Resizes with a triangle filter that widens as the picture shrinks (antialiasing); 8 bits to the very bytes that
/// PIL's Image.resize(..., BILINEAR) gives. Sides must be positive. Level is std::uint8_t or std::uint16_t.
template <typename Level>
Levels<Level> resize_bilinear(Levels<Level> picture, int height, int width);

}  // namespace whycam::picture
