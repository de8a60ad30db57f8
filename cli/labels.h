// The names of a network's classes.
#pragma once

#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>
#include <vector>

namespace whycam::cli {

/// A class name a line; line i names class i. A line may hold several names with ", " between them, as
/// ImageNet's labels do; the first is the one that is shown, unless another class has it, too: then the
/// whole line is. Without a file, classes have numbers alone.
class Labels {
 public:
  Labels() = default;
  /// Throws InputError where the file cannot be read or is larger than 64 MiB, and Failure where it is empty.
  explicit Labels(const std::filesystem::path& path);

  bool empty() const { return lines_.empty(); }
  std::size_t size() const { return lines_.size(); }
  /// CRC-32 of the file, in hexadecimal.
  const std::string& checksum() const { return checksum_; }

  /// What the class is called; nothing where it has no name.
  std::optional<std::string> name(std::int64_t index) const;

  /// The one class of that line or with that name, letter case ignored; nothing where there is none. Throws
  /// Failure where several classes have the name.
  std::optional<std::int64_t> find(const std::string& name) const;

  /// A class other than `index` that has this name; nothing where there is none.
  std::optional<std::int64_t> another(const std::string& name, std::int64_t index) const;

  /// The nearest names, for messages.
  std::string nearest(const std::string& name) const;

  /// What stands for the class in a file name: its label in letters that every file system takes, or its
  /// number; the number too where several classes share the label.
  std::string file_name(std::int64_t index) const;

 private:
  std::vector<std::int64_t> named(const std::string& name) const;

  std::vector<std::string> lines_;
  std::vector<std::string> shown_;  ///< of each line
  std::string checksum_;
};

/// The first letters of a text, whole ones in UTF-8, in so many bytes at most.
std::string shortened(const std::string& text, std::size_t bytes);

/// Letters that are safe in file names stay; each run of others becomes "_". 80 bytes at most.
std::string safe_for_file_names(const std::string& text);

}  // namespace whycam::cli
