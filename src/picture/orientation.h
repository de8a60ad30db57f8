// How a camera was held.
#pragma once

#include <cstdint>
#include <optional>

#include "picture/samples.h"

namespace whycam::picture {

/// The orientation, 1 to 8, that a JPEG's application segment states, if it is EXIF and does.
std::optional<int> exif_orientation(const std::uint8_t* segment, std::size_t size);

/// The picture as it was seen.
Samples turned_upright(const Samples& samples, int orientation);

}  // namespace whycam::picture
