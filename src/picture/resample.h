#pragma once

#include "whycam/picture/image.h"

namespace whycam::picture {

/// Resizes with a triangle filter that widens as the picture shrinks (antialiasing), to the very bytes that
/// PIL's Image.resize(..., BILINEAR) gives. Sides must be positive.
Image resize_bilinear(const Image& image, int height, int width);

}  // namespace whycam::picture
