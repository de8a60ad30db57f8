// explanation.json: what was asked for, and all that came of it.
#pragma once

#include <string>
#include <vector>

#include "results.h"

namespace whycam::cli {

class Record {
 public:
  explicit Record(const RunSettings& settings);

  /// Reads what an earlier run into the same folder left, and takes its layer where none was named. False: it
  /// left nothing that can be read. Throws Failure where its settings are others.
  bool take_over(RunSettings& settings);

  /// What is said where the file of an earlier run is damaged; empty where it is not.
  const std::string& damage() const { return damage_; }

  /// Writes the file and returns its content. Throws OutputError.
  Json write(const RunSettings& settings, const std::vector<ManifestLines>& inputs, bool finished) const;

  std::vector<std::string> warnings;

 private:
  Json settings_document(const RunSettings& settings) const;
  std::string checksum_;  ///< the network's
  std::string damage_;
};

}  // namespace whycam::cli
