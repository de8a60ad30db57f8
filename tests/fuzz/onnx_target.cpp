// The reader of ONNX files, and what makes a graph of them.
#include <string>

#include "formats/onnx/network.h"
#include "small_inputs.h"
#include "target.h"

int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  try {
    const auto network = whycam::onnx::Network::parse({reinterpret_cast<const char*>(data), size}, "the file",
                                                      std::filesystem::path("/nonexistent"));
    std::vector<whycam::onnx::Given> given;
    if (!small_inputs(*network, given)) return 0;
    std::vector<std::string> layers;
    for (const auto& layer : network->layers()) {
      layers.push_back(layer.name);
      network->has_layer(layer.name + "@1:0");
    }
    network->lower(given, {layers, size % 2 == 0, {}});  // as far as it can be followed
  } catch (const whycam::onnx::Error&) {
  }
  return 0;
}

std::size_t LLVMFuzzerCustomMutator(std::uint8_t* data, std::size_t size, std::size_t max_size, unsigned) {
  return LLVMFuzzerMutate(data, size, max_size);
}
