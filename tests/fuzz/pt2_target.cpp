// The reader of exported programs, and what makes a graph of them.
#include <cstring>
#include <string>

#include "formats/pt2/network.h"
#include "memory_file.h"
#include "small_inputs.h"
#include "support/zip.h"
#include "target.h"
#include "whycam/errors.h"

int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const MemoryFile file(data, size);
  try {
    const auto network = whycam::pt2::Network::read(file.path());
    std::vector<whycam::formats::Given> given;
    if (!small_inputs(*network, given)) return 0;
    std::vector<std::string> layers;
    for (const auto& layer : network->layers()) {
      layers.push_back(layer.name);
      network->has_layer(layer.name + "@1:0");
    }
    network->lower(given, {layers, size % 2 == 0, {}});  // as far as it can be followed
  } catch (const whycam::formats::Error&) {
  } catch (const whycam::ModelError&) {
  }
  return 0;
}

/// Mostly changes one record of a sound archive and puts it together again, checksums and all.
std::size_t LLVMFuzzerCustomMutator(std::uint8_t* data, std::size_t size, std::size_t max_size, unsigned seed) {
  return mutate_archive(data, size, max_size, seed);
}
