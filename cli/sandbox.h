// What a network's code can reach, limited by the system.
#pragma once

#include <filesystem>
#include <vector>

namespace whycam::cli {

/// Limits this process, and the threads that it starts from now on, for the rest of its life: below the paths it reads
/// and writes as given, besides it reads the system's libraries; it opens no connection, starts no program, and signals
/// no other process. By Landlock and seccomp of Linux. Throws Failure where the system has not both.
struct Sandbox {
  std::vector<std::filesystem::path> read;   ///< files, and folders with all below them
  std::vector<std::filesystem::path> write;  ///< folders; made where they are missing

  void enter();
  /// Removes the folders that were made and are still empty.
  ~Sandbox();

 private:
  std::vector<std::filesystem::path> made_;
};

}  // namespace whycam::cli
