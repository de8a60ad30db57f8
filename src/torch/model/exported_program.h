// An exported program (.pt2) that libtorch runs, node by node.
#pragma once

#include <memory>

#include "torch/model/network.h"

namespace whycam::network {

/// The network of a file; null for one of another format. In float32, on the CPU.
std::shared_ptr<const RunnableNetwork> exported_program(const std::shared_ptr<const formats::NetworkFile>& file);

}  // namespace whycam::network
