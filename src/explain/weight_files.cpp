#include "whycam/weight_files.h"

#include "formats/onnx/network.h"

namespace whycam {

std::vector<std::filesystem::path> weight_files(const std::filesystem::path& network) {
  return onnx::weight_files(network);
}

}  // namespace whycam
