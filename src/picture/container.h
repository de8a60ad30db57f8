#pragma once

#include <cstdint>
#include <filesystem>

#include "whycam/picture/files.h"

namespace whycam::picture {

/// What is known of a picture file before its pixels are decoded.
struct Container {
  enum class Format { jpeg, png };
  Format format = Format::jpeg;
  std::int64_t height = 0;
  std::int64_t width = 0;
  std::int64_t scans = 1;      ///< of a JPEG: how often its pixels are gone through
  int bits_per_pixel = 0;      ///< of a PNG
  std::int64_t data_size = 0;  ///< of a PNG: the bytes that its pixels are compressed to
  Bytes bytes;                 ///< the file, freed of what the decoder has no need to see
};

/// Recognises a JPEG or PNG file and checks that it is whole before anything is decoded. `path` is for messages only.
/// Throws PictureError.
Container inspect_container(const std::filesystem::path& path, Bytes bytes);

}  // namespace whycam::picture
