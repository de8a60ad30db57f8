// explanation.json: what was asked for, and all that came of it.
#pragma once

#include <string>
#include <vector>

#include "results.h"

namespace whycam::cli {

/// The shards whose runs have left their manifest or record in a folder, in the order of their counts and numbers.
/// Throws OutputError where the folder cannot be read.
std::vector<Shard> shards_in(const std::filesystem::path& folder);

/// The record of a run; a discarded value where it cannot be read.
Json read_record(const std::filesystem::path& folder, const Shard& shard);

class Record {
 public:
  explicit Record(const RunSettings& settings);

  /// Reads what earlier runs into the same folder left, those of other shards, too, and takes their layer where none
  /// was named. Gives the shards whose manifests are to be believed: those with a record that can be read. Throws
  /// Failure where their settings are others.
  std::vector<Shard> take_over(RunSettings& settings);

  /// What is said where records of earlier runs are damaged, one sentence each.
  const std::vector<std::string>& damage() const { return damage_; }

  /// Writes the file and returns its content. Throws OutputError.
  Json write(const RunSettings& settings, const std::vector<ManifestLines>& inputs, bool finished) const;

  std::vector<std::string> warnings;

 private:
  Json settings_document(const RunSettings& settings) const;
  void require_same(const RunSettings& settings, const Json& earlier) const;

  std::string checksum_;  ///< the network's
  std::vector<std::string> damage_;
};

}  // namespace whycam::cli
