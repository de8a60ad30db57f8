#include "checksum.h"

#include <fmt/format.h>
#include <zlib.h>

#include <fstream>

namespace whycam::cli {
namespace {

std::string text_of(uLong crc) { return fmt::format("{:08x}", crc); }

}  // namespace

std::string checksum_of(const picture::Bytes& bytes) {
  return text_of(crc32_z(crc32(0, nullptr, 0), bytes.data(), bytes.size()));
}

std::string checksum_of_files(const std::vector<std::filesystem::path>& paths) {
  std::vector<char> part(1 << 20);
  uLong crc = crc32(0, nullptr, 0);
  for (const std::filesystem::path& path : paths) {
    std::error_code failure;
    if (!std::filesystem::is_regular_file(path, failure)) continue;  // a pipe or a device would never end
    std::ifstream file(path, std::ios::binary);
    while (file.read(part.data(), static_cast<std::streamsize>(part.size())), file.gcount() > 0)
      crc = crc32(crc, reinterpret_cast<const Bytef*>(part.data()), static_cast<uInt>(file.gcount()));
  }
  return text_of(crc);
}

}  // namespace whycam::cli
