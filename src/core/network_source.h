// Where a network is read from.
#pragma once

#include <filesystem>
#include <istream>
#include <memory>
#include <string>
#include <type_traits>
#include <utility>

namespace whycam::core {

/// A file, or bytes in memory.
struct NetworkSource {
  template <class Path, class = std::enable_if_t<std::is_convertible_v<Path, std::filesystem::path>>>
  NetworkSource(const Path& file) : path(file) {}  // NOLINT: a path is a source
  NetworkSource(std::string content, const std::string& name)
      : path(name), bytes(std::make_shared<const std::string>(std::move(content))) {}

  /// All that is left in a stream. Throws ModelError where it cannot be read.
  NetworkSource(std::istream& stream, const std::string& name);

  std::string name() const { return path.string(); }

  std::filesystem::path path;                ///< the file; of bytes, what messages call them
  std::shared_ptr<const std::string> bytes;  ///< null for a file
};

/// Up to `count` bytes from the begin of a source; none where there is no regular file: reading a pipe would wait.
std::string beginning(const NetworkSource& source, std::size_t count);

/// The first four bytes of a network. Throws ModelError where it is missing, no regular file, empty, or cannot be read.
std::string network_signature(const NetworkSource& source);

}  // namespace whycam::core
