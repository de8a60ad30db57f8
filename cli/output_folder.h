// The folder that a run writes into.
#pragma once

#include <filesystem>

namespace whycam::cli {

/// The output folder, made where it is not there, and locked for this process by the system, with no file of its own.
/// Where it was made for this run and nothing came into it, it goes again.
class OutputFolder {
 public:
  /// Finds out early whether the folder can be written. Throws OutputError, and Failure where another process has the
  /// lock.
  explicit OutputFolder(const std::filesystem::path& folder);
  ~OutputFolder();
  OutputFolder(const OutputFolder&) = delete;
  OutputFolder& operator=(const OutputFolder&) = delete;

  /// Removes what an earlier run was writing when it was killed.
  void remove_unfinished_files() const;

  /// Throws OutputError where the folder was removed or replaced since.
  void require_in_place() const;

 private:
  const std::filesystem::path folder_;
  const bool made_;
  const int descriptor_;
};

}  // namespace whycam::cli
