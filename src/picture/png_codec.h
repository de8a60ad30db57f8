// PNG through libpng, silent and strict: whatever libpng warns of or complains about is an error.
#pragma once

#include <filesystem>

#include "picture/samples.h"
#include "whycam/picture/image.h"

namespace whycam::picture {

/// `bytes` is a whole PNG file. Palettes, few bits and transparent colours are expanded, of 16 bits the upper
/// 8 kept. `path` is for messages only. Throws PictureError.
Samples decode_png(const std::filesystem::path& path, const Bytes& bytes);

/// Throws std::runtime_error where libpng fails. The image is valid.
Bytes compress_png(const Image& image);

/// The same of a valid image's levels, in 16 bits.
Bytes compress_deep_png(const Photo& photo);

}  // namespace whycam::picture
