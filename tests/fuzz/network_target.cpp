// The check of TorchScript files before libtorch reads them.
#include "formats/torchscript/network_file.h"
#include "memory_file.h"
#include "target.h"
#include "whycam/errors.h"

int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const MemoryFile file(data, size);
  try {
    whycam::torchscript::check_network_file(file.path());
  } catch (const whycam::ModelError&) {
  }
  return 0;
}

/// Mostly changes one record of a sound archive and puts it together again, checksums and all.
std::size_t LLVMFuzzerCustomMutator(std::uint8_t* data, std::size_t size, std::size_t max_size, unsigned seed) {
  return mutate_archive(data, size, max_size, seed);
}
