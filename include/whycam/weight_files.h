#pragma once

#include <filesystem>
#include <vector>

#include "whycam/api.h"

namespace whycam {

/// The files beside an ONNX network that hold weights of its, in the order of their paths: those that its tensors name
/// as external data and that lie within its folder. None where all weights are in the network's own file, and for
/// networks of other kinds.
WHYCAM_API std::vector<std::filesystem::path> weight_files(const std::filesystem::path& network);

}  // namespace whycam
