// The folder that a run writes into.
#pragma once

#include <filesystem>
#include <set>
#include <string>

#include "shard.h"

namespace whycam::cli {

/// The output folder, made where it is not there, and locked for this process by the system. A run over all inputs has
/// the folder alone, by a lock with no file of its own. Shards of one count have it together, each with a lock on a
/// file, which goes with it: ".whycam-3-of-16.lock". Where the folder was made for this run and nothing came into it,
/// it goes again.
class OutputFolder {
 public:
  /// Finds out early whether the folder can be written. Throws OutputError, and Failure where another process has the
  /// lock, or shards of another count are at work.
  explicit OutputFolder(const std::filesystem::path& folder, const Shard& shard = {});
  ~OutputFolder();
  OutputFolder(const OutputFolder&) = delete;
  OutputFolder& operator=(const OutputFolder&) = delete;

  /// Removes what an earlier run of this shard was writing when it was killed, in the folder and these of its
  /// sub-folders; a run over all inputs removes that of all shards.
  void remove_unfinished_files(const std::set<std::filesystem::path>& sub_folders) const;

  /// Throws OutputError where the folder was removed or replaced since.
  void require_in_place() const;

 private:
  bool is_unfinished(const std::string& name) const;
  void unlock() const;

  const std::filesystem::path folder_;
  const Shard shard_;
  const bool made_;
  const int descriptor_;
  int shard_lock_ = -1;  ///< the shard's own lock
};

/// Makes a sub-folder of a folder, whose parts must be folders themselves and no links, which may lead out of it.
/// Throws OutputError.
void make_sub_folder(const std::filesystem::path& folder, const std::filesystem::path& sub_folder);

/// Whether all folders on the way from a folder to a file in it are folders themselves and no links.
bool leads_through_folders(const std::filesystem::path& folder, const std::filesystem::path& file);

}  // namespace whycam::cli
