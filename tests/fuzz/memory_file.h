// Archives in memory, and changes of their records.
#pragma once

#include <sys/mman.h>
#include <unistd.h>

#include <cstdlib>
#include <cstring>
#include <string>

#include "support/zip.h"
#include "target.h"
#include "whycam/errors.h"

/// A file in memory.
class MemoryFile {
 public:
  MemoryFile(const std::uint8_t* data, std::size_t size) : descriptor_(memfd_create("network", MFD_CLOEXEC)) {
    if (write(descriptor_, data, size) != static_cast<ssize_t>(size)) std::abort();
  }
  MemoryFile(const MemoryFile&) = delete;
  MemoryFile& operator=(const MemoryFile&) = delete;
  ~MemoryFile() { close(descriptor_); }

  std::string path() const { return "/proc/self/fd/" + std::to_string(descriptor_); }

 private:
  int descriptor_;
};

/// Mostly changes one record of a sound archive and puts it together again, checksums and all.
inline std::size_t mutate_archive(std::uint8_t* data, std::size_t size, std::size_t max_size, unsigned seed) {
  if (seed % 8 == 0) return LLVMFuzzerMutate(data, size, max_size);
  try {
    auto entries = whycam::test::unzip(MemoryFile(data, size).path());
    std::string& content = entries[seed / 8 % entries.size()].content;
    const std::size_t old_size = content.size(), most = old_size + (size < max_size ? max_size - size : 0);
    content.resize(most);
    content.resize(LLVMFuzzerMutate(reinterpret_cast<std::uint8_t*>(content.data()), old_size, most));
    const std::string changed = whycam::test::zip(entries);
    if (changed.size() > max_size) return LLVMFuzzerMutate(data, size, max_size);
    std::memcpy(data, changed.data(), changed.size());
    return changed.size();
  } catch (const whycam::ModelError&) {
    return LLVMFuzzerMutate(data, size, max_size);
  }
}
