// The manifests of a folder as one.
#pragma once

#include <filesystem>
#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "manifest.h"
#include "shard.h"

namespace whycam::cli {

struct Joined {
  std::vector<ManifestLines> inputs;  ///< each once, in the order of their paths
  Json record;                        ///< what was asked for, and the warnings of all runs
  std::vector<Shard> shards;          ///< whose manifests these are
  std::vector<std::string> cautions;  ///< on damaged lines and on shards that are not finished, one sentence each
};

/// Reads all manifests and records in a folder. Of an input that several tell of, the lines count that are true of its
/// file as it is now, else those of the manifest that was written last. Throws Failure where there is no manifest, or
/// where runs were asked for different things, and OutputError.
Joined join_manifests(const std::filesystem::path& folder);

}  // namespace whycam::cli
