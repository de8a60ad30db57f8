// manifest.jsonl: what a run has finished, one line an example and class, written as it goes.
#pragma once

#include <filesystem>
#include <string>
#include <vector>

#include "manifest_schema.h"

namespace whycam::cli {

/// JSON as text, whatever bytes file names and labels hold.
std::string to_text(const Json& json, int indent = -1);

/// Puts a text at `path` all at once. Throws OutputError.
void write_text(const std::filesystem::path& path, const std::string& text);

/// The lines of one input: its explanations, or one that says why it was skipped.
using ManifestLines = std::vector<Json>;

/// The pictures of attributions that a line names; none where the input was skipped.
std::vector<std::string> pictures_of(const Json& line);

/// An input's path as a line names it, which is text.
std::string path_in_lines(const std::filesystem::path& path);

/// All files that a line names: pictures, arrays and the contact sheet.
std::vector<std::string> files_of(const Json& line);

/// Whether all files that lines name are in the folder, and no links, which may lead out of it.
bool has_its_files(const ManifestLines& lines, const std::filesystem::path& folder);

/// Removes the files that lines name, those within the folder alone, which are of an input that has changed since.
void remove_files_of(const ManifestLines& lines, const std::filesystem::path& folder);

/// The lines of a manifest, one added after another, as the inputs that they tell of.
class ManifestReader {
 public:
  /// Takes the next line, without its end; cut: the last, which has none. Such a line is where a run was killed.
  void add(const std::string& text, bool cut = false);

  /// The inputs all of whose lines are there, in order, and those that were skipped.
  std::vector<ManifestLines> inputs() const;

  /// What is said of damaged lines; empty where there are none.
  std::string damage() const;

 private:
  bool goes_on(const Json& line) const;

  std::vector<ManifestLines> inputs_;
  std::size_t lines_ = 0, damaged_ = 0;
  std::string first_damage_;
};

/// What a manifest tells.
struct ManifestContent {
  std::vector<ManifestLines> inputs;  ///< those of which all lines are there, in order, and those that were skipped
  std::string damage;                 ///< what is said of damaged lines; empty where there are none
};

/// Reads a manifest; of a file that is not there nothing. Throws OutputError where something else than a regular file
/// has its name.
ManifestContent read_manifest(const std::filesystem::path& path);

/// The manifest that a run writes. One process has it at a time (see OutputFolder).
class Manifest {
 public:
  explicit Manifest(std::filesystem::path path) : path_(std::move(path)) {}
  ~Manifest();
  Manifest(const Manifest&) = delete;
  Manifest& operator=(const Manifest&) = delete;

  /// Replaces the file by these lines; the first that is done. Throws OutputError.
  void rewrite(const std::vector<ManifestLines>& inputs);

  /// Appends the lines of one input, all at once. Throws OutputError, also where the file is no longer in the folder.
  void append(const ManifestLines& lines);

  /// Throws OutputError where the file that was written is no longer in the folder.
  void require_in_place() const;

 private:
  [[noreturn]] void fail(const std::string& reason) const;

  std::filesystem::path path_;
  int file_ = -1;  ///< open for appending once it is of this run
};

}  // namespace whycam::cli
