// The zip archive that PyTorch's files are, read without libtorch, which checks little of it.
#pragma once

#include <cstdint>
#include <filesystem>
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "core/network_source.h"
#include "core/open_file.h"

namespace whycam::archive {

/// One file in the archive. Weights are stored as they are, code may be compressed.
struct Record {
  std::string name;  ///< "resnet18/data/0"
  std::uint64_t size = 0;
  std::uint64_t packed_size = 0;
  std::uint64_t header_offset = 0;
  std::uint64_t data_offset = 0;
  std::uint64_t name_offset = 0;  ///< in the directory
  std::uint32_t checksum = 0;
  std::uint16_t flags = 0;
  std::uint16_t method = 0;
};

/// Where the list of records is, and how many it has.
struct Directory {
  std::uint64_t entries, size, offset;
};

/// An archive whose directory has been found sound: it ends the file, every record lies where it says, no two
/// of them overlap or share a name, and none unpacks to an absurd size. There is one way to read such a file,
/// so that libtorch sees the same records. Nothing is kept in memory but the directory.
class Archive {
 public:
  /// Throws ModelError.
  explicit Archive(const core::NetworkSource& source);
  Archive(const Archive&) = delete;
  Archive& operator=(const Archive&) = delete;

  const std::vector<Record>& records() const { return records_; }

  std::uint64_t file_size() const { return file_size_; }

  /// Bytes of the file as they are. Throws ModelError.
  void read_bytes(std::uint64_t offset, std::uint64_t count, char* into) const;

  /// Reads a record through and compares its CRC-32. Throws ModelError.
  void verify(const Record& record) const;

  /// The same, and returns what was read.
  std::string read(const Record& record) const;
  /// The same into memory of the record's size.
  void read(const Record& record, char* into) const;

  /// Throws the ModelError that a damaged file gets; it names the file and says what to do.
  [[noreturn]] void fail(const std::string& reason) const;

 private:
  using Sink = std::function<void(std::string_view)>;

  std::string bytes_at(std::uint64_t offset, std::uint64_t count) const;
  Directory find_directory() const;
  void read_directory();
  void check_local_header(Record& record) const;
  void check_layout(std::uint64_t end) const;
  void check_unpacked_sizes() const;
  void stream(const Record& record, const Sink& sink) const;
  void read_checked(const Record& record, const Sink& sink) const;
  void stream_packed(const Record& record, const Sink& sink) const;
  [[noreturn]] void fail(const Record& record, const std::string& reason) const;

  std::filesystem::path path_;
  std::optional<core::OpenFile> file_;
  std::shared_ptr<const std::string> memory_;  ///< the archive where there is no file
  std::uint64_t file_size_ = 0;
  std::vector<Record> records_;
};

}  // namespace whycam::archive
