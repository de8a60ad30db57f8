// Text that OpenCV's fonts can draw.
#pragma once

#include <string>

namespace whycam::picture {

/// Each character of UTF-8 that is no ASCII letter becomes one "?".
inline std::string drawable(const std::string& text) {
  std::string result;
  for (const char letter : text) {
    const auto byte = static_cast<unsigned char>(letter);
    if (byte < 0x20 || byte == 0x7f || byte >= 0xc0)
      result += '?';
    else if (byte < 0x80)
      result += letter;
  }
  return result;
}

}  // namespace whycam::picture
