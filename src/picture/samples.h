#pragma once

#include "whycam/picture/files.h"

namespace whycam::picture {

/// Decoded pixels: rows from the top, interleaved channels of 8 bits.
struct Samples {
  int height = 0;
  int width = 0;
  int channels = 0;  ///< grey; grey and opacity; red, green, blue; those and opacity
  Bytes values;      ///< height x width x channels
};

}  // namespace whycam::picture
