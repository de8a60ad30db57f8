#pragma once

#include <cstdint>
#include <filesystem>

#include "whycam/picture/files.h"

namespace whycam::picture {

/// What is known of a picture file before its pixels are decoded.
struct Container {
  enum class Format { jpeg, png };
  Format format;
  std::int64_t height;
  std::int64_t width;
  Bytes bytes;  ///< the file, freed of what the decoder has no need to see
};

/// Recognises a JPEG or PNG file and checks that it is whole, which decoders do not: they return a picture
/// whose missing part is grey. `path` is for messages only. Throws PictureError.
Container inspect_container(const std::filesystem::path& path, Bytes bytes);

}  // namespace whycam::picture
