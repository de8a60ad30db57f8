// manifest.jsonl: what a run has finished, one line an example and class, written as it goes.
#pragma once

#include <filesystem>
#include <nlohmann/json_fwd.hpp>
#include <string>
#include <vector>

namespace whycam::cli {

using Json = nlohmann::ordered_json;

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

/// Removes the files that lines name, those within the folder alone, which are of an input that has changed since.
void remove_files_of(const ManifestLines& lines, const std::filesystem::path& folder);

class Manifest {
 public:
  explicit Manifest(std::filesystem::path folder);

  /// What an earlier run into this folder left of each input, in the order in which it stands there: the lines of
  /// inputs all of whose lines and files are there, and the one of an input that was skipped.
  std::vector<ManifestLines> read() const;

  /// Appends the lines of one input, all at once. Throws OutputError.
  void append(const ManifestLines& lines);

  /// Replaces the file by these lines.
  void rewrite(const std::vector<ManifestLines>& inputs);

 private:
  std::filesystem::path folder_, path_;
  bool started_ = false;  ///< what the file holds is of this run
};

}  // namespace whycam::cli
