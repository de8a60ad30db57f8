// What libtorch reads a checked archive through.
#pragma once

#include <caffe2/serialize/read_adapter_interface.h>

#include <cstdint>
#include <memory>
#include <utility>
#include <vector>

#include "formats/torchscript/network_file.h"

namespace whycam::torchscript {

/// The file that was checked, and not another one that has its name by now. The records for debugging have another name
/// here, so that libtorch does not find them.
class ArchiveReader : public caffe2::serialize::ReadAdapterInterface {
 public:
  explicit ArchiveReader(std::shared_ptr<const Archive> archive) : archive_(std::move(archive)) {
    for (const Record& record : archive_->records())
      if (is_for_debugging(record)) hidden_.push_back(record.name_offset + record.name.size() - 1);
  }

  size_t size() const override { return archive_->file_size(); }

  size_t read(uint64_t position, void* into, size_t count, const char*) const override {
    archive_->read_bytes(position, count, static_cast<char*>(into));
    for (const uint64_t letter : hidden_)
      if (letter >= position && letter - position < count) static_cast<char*>(into)[letter - position] = '_';
    return count;
  }

 private:
  std::shared_ptr<const Archive> archive_;
  std::vector<uint64_t> hidden_;  ///< where the last letters of their names are
};

}  // namespace whycam::torchscript
