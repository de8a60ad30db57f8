// Packed weights kept in files, so that another process need not pack them.
#pragma once

#include <cstddef>
#include <filesystem>
#include <memory>

#include "backends/onednn/fingerprint.h"

namespace whycam::onednn {

/// Where they are kept from now on; empty: nowhere. Thread-safe. Throws OutputError where there is no such folder and
/// it cannot be made.
void keep_packed_weights(const std::filesystem::path& folder);

/// The folder of packed weights. Immutable and thread-safe. What is in it is told by its fingerprint: a file that is
/// damaged, cut or another's counts as none. Faults of the file system are none of an explanation's.
class PackedFiles {
 public:
  /// Those of the folder that was chosen.
  PackedFiles();

  /// Whether so many bytes are worth a file.
  bool take(std::size_t bytes) const { return !folder_.empty() && bytes >= std::size_t{1} << 16; }

  /// Memory that holds what was kept under that key, mapped from its file; null where nothing was.
  std::shared_ptr<const float> find(const Fingerprint& key, std::size_t bytes) const;
  /// Puts a file there all at once, or not at all.
  void keep(const Fingerprint& key, const float* numbers, std::size_t bytes) const;

 private:
  std::filesystem::path folder_;
};

}  // namespace whycam::onednn
