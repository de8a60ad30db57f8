// What a run that goes on finds finished.
#pragma once

#include <filesystem>
#include <set>
#include <string>
#include <vector>

#include "inputs.h"
#include "manifest.h"
#include "shard.h"

namespace whycam::cli {

struct TakenOver {
  std::vector<ManifestLines> lines;   ///< of each input of the run; none where it is to be done
  std::vector<bool> elsewhere;        ///< of each: whether its lines are in another shard's manifest, and stay there
  std::vector<ManifestLines> others;  ///< what the run's own manifest has of inputs that the run has not
  std::vector<std::string> names;     ///< of files that stay, without their endings, as far as this run could take them
  std::vector<std::string> cautions;  ///< on damaged manifests, one sentence each
};

/// Reads the manifests of these shards in a folder, and believes of each input what is still true: all its lines and
/// files are there, and its file is as it was. What was skipped is tried again. Of an input that has changed the
/// earlier files are removed. No manifest is changed. Throws OutputError.
TakenOver take_over(const std::filesystem::path& folder, const Shard& own, const std::vector<Shard>& shards,
                    const std::vector<InputFile>& files);

/// Throws Failure where runs of another count of shards have left something in a folder: what a run that does not go on
/// with it writes would be joined with it.
void require_one_count(const std::filesystem::path& folder, const Shard& shard);

/// The sub-folders that results of these inputs go into.
std::set<std::filesystem::path> sub_folders_of(const std::vector<InputFile>& files);

}  // namespace whycam::cli
