// A file that stays the same while it is read, whatever its name comes to mean.
#pragma once

#include <cstddef>
#include <cstdint>
#include <filesystem>

namespace whycam::core {

/// Several threads may read it at once.
class OpenFile {
 public:
  /// Where the file cannot be opened, is_open() is false and errno says why.
  explicit OpenFile(const std::filesystem::path& path);
  ~OpenFile();
  OpenFile(const OpenFile&) = delete;
  OpenFile& operator=(const OpenFile&) = delete;

  bool is_open() const { return descriptor_ >= 0; }
  int descriptor() const { return descriptor_; }
  std::uint64_t size() const { return size_; }

  /// False where these bytes are not all to be had: errno says why, and is 0 where the file ends before.
  bool read(std::uint64_t offset, std::size_t count, char* into) const;

 private:
  int descriptor_;
  std::uint64_t size_ = 0;
};

}  // namespace whycam::core
