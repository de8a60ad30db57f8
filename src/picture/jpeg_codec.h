// JPEG through libjpeg, silent and strict: where libjpeg would warn and invent what is missing, it is an
// error.
#pragma once

#include <filesystem>

#include "picture/samples.h"
#include "whycam/picture/image.h"

namespace whycam::picture {

/// Grey or RGB, turned upright as the EXIF orientation says; baseline and progressive, grey, YCbCr, RGB, CMYK
/// and YCCK. `path` is for messages only. Throws PictureError.
Samples decode_jpeg(const std::filesystem::path& path, const Bytes& bytes);

/// Throws std::runtime_error where libjpeg fails. The image and the quality are valid.
Bytes compress_jpeg(const Image& image, int quality);

}  // namespace whycam::picture
