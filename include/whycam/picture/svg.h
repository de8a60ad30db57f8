#pragma once

#include <filesystem>
#include <string>

#include "whycam/api.h"
#include "whycam/picture/files.h"

namespace whycam::picture {

/// A drawing as an SVG file, which browsers show and which is sharp at any size.
struct Svg {
  int width = 0;  ///< in pixels, like the height
  int height = 0;
  std::string text;  ///< what stands in the file
};

/// Writes the drawing with write_file. Throws WriteError, and InputError for a name that
/// does not end in .svg.
WHYCAM_API void write_image(const std::filesystem::path& path, const Svg& drawing);

/// A PNG or JPEG file as an address that SVG and HTML files can hold: "data:image/png;base64,...".
WHYCAM_API std::string data_address(const Bytes& picture);

}  // namespace whycam::picture
