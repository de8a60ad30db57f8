// The reader of exported programs, and what makes a graph of them.
#include <cstring>
#include <string>

#include "formats/pt2/network.h"
#include "memory_file.h"
#include "support/zip.h"
#include "target.h"
#include "whycam/errors.h"

namespace {

/// The shapes that a network declares, with 1 for what it leaves open; few numbers, so that time goes into reading.
bool small_inputs(const whycam::pt2::Network& network, std::vector<whycam::formats::Given>& given) {
  for (const auto& input : network.inputs()) {
    whycam::formats::Given one{"input." + std::to_string(given.size()), input.shape, !input.is_float};
    std::int64_t count = 1;
    for (std::int64_t& extent : one.shape) {
      if (extent < 0) extent = 1;
      if (extent > (1 << 16) || (count *= extent) > (1 << 16)) return false;
    }
    given.push_back(std::move(one));
  }
  return true;
}

}  // namespace

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
