#include "support/zip.h"

#include <zlib.h>

#include "formats/archive/archive.h"

namespace whycam::test {
namespace {

std::string little_endian(std::uint64_t value, int size) {
  std::string bytes;
  for (int i = 0; i < size; ++i) bytes += static_cast<char>(value >> 8 * i);
  return bytes;
}

/// What a local header and a directory entry have in common, from the flags to the length of the name.
std::string description(const ZipEntry& entry) {
  const auto* content = reinterpret_cast<const Bytef*>(entry.content.data());
  return little_endian(0, 2) + little_endian(0, 2) + little_endian(0, 4) +
         little_endian(crc32_z(0, content, entry.content.size()), 4) + little_endian(entry.content.size(), 4) +
         little_endian(entry.content.size(), 4) + little_endian(entry.name.size(), 2) + little_endian(0, 2);
}

}  // namespace

std::vector<ZipEntry> unzip(const std::filesystem::path& path) {
  const archive::Archive file(path);
  std::vector<ZipEntry> entries;
  for (const archive::Record& record : file.records()) entries.push_back({record.name, file.read(record)});
  return entries;
}

std::string zip(const std::vector<ZipEntry>& entries) {
  std::string bytes, directory;
  for (const ZipEntry& entry : entries) {
    directory += "PK\x01\x02" + little_endian(20, 2) + little_endian(20, 2) + description(entry) + little_endian(0, 2) +
                 little_endian(0, 2) + little_endian(0, 2) + little_endian(0, 4) + little_endian(bytes.size(), 4) +
                 entry.name;
    bytes += "PK\x03\x04" + little_endian(20, 2) + description(entry) + entry.name + entry.content;
  }
  const std::string end = "PK\x05\x06" + little_endian(0, 4) + little_endian(entries.size(), 2) +
                          little_endian(entries.size(), 2) + little_endian(directory.size(), 4) +
                          little_endian(bytes.size(), 4) + little_endian(0, 2);
  return bytes + directory + end;
}

}  // namespace whycam::test
