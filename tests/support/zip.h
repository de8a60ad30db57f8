// Archives taken apart and put together again with right checksums.
#pragma once

#include <filesystem>
#include <string>
#include <vector>

namespace whycam::test {

struct ZipEntry {
  std::string name, content;
};

/// The records of a sound archive. Throws ModelError.
std::vector<ZipEntry> unzip(const std::filesystem::path& path);

/// An archive that stores the entries.
std::string zip(const std::vector<ZipEntry>& entries);

}  // namespace whycam::test
