#pragma once

#include <cstdint>
#include <vector>

#include "whycam/picture/files.h"

namespace whycam::picture {

/// Decoded pixels: rows from the top, interleaved channels.
struct Samples {
  int height = 0;
  int width = 0;
  int channels = 0;                     ///< 1, grey; 3, red, green, blue
  Bytes values;                         ///< height x width x channels, of 8 bits
  std::vector<std::uint16_t> levels{};  ///< the same where the file has 16 bits; `values` is empty then
};

}  // namespace whycam::picture
