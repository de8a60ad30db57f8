#pragma once

#include <gtest/gtest.h>

#include <filesystem>
#include <functional>
#include <string>

#include "whycam/picture/files.h"
#include "whycam/picture/image.h"

namespace whycam::picture {

/// A folder that is there as long as the test.
class TemporaryFolder {
 public:
  TemporaryFolder();
  TemporaryFolder(const TemporaryFolder&) = delete;
  TemporaryFolder& operator=(const TemporaryFolder&) = delete;
  ~TemporaryFolder();

  std::filesystem::path operator/(const std::string& name) const { return path_ / name; }
  std::size_t entry_count() const;

 private:
  std::filesystem::path path_;
};

/// Writes without the code under test.
void save(const std::filesystem::path& path, const Bytes& bytes);

Bytes from_hex(const std::string& digits);
Bytes to_bytes(const std::string& text);
Bytes join(const std::vector<Bytes>& parts);

/// A PNG chunk with its length and checksum.
Bytes png_chunk(const std::string& type, const Bytes& content);

/// A PNG file put together by hand, with stored (uncompressed) data. `rows` are the packed samples of each
/// row; `extra` are chunks to put before the data.
Bytes make_png(int width, int height, int bit_depth, int colour_type, const std::vector<Bytes>& rows,
               const Bytes& extra = {});

/// A picture without symmetry; the scripts that made the expected numbers with PIL use the same formula.
Image pattern(int width, int height, int channels);

/// A colour picture that does not compress.
Image noise(int width, int height);

/// A colour picture as a progressive JPEG by libjpeg.
Bytes progressive_jpeg(const Image& image, int quality);

/// A JPEG by PIL, 16 x 16: red and green above blue and white.
Bytes quadrant_jpeg();

/// The message of the exception of this very type that `action` throws; "" and a failed test if it does not.
template <typename Exception>
std::string message_of(const std::function<void()>& action) {
  try {
    action();
  } catch (const Exception& exception) {
    return exception.what();
  }
  ADD_FAILURE() << "nothing was thrown";
  return {};
}

inline bool contains(const std::string& text, const std::string& part) { return text.find(part) != std::string::npos; }

}  // namespace whycam::picture
