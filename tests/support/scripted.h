// Small TorchScript networks, written in the tests that use them.
#pragma once

#include <torch/csrc/jit/api/module.h>
#include <torch/csrc/jit/serialization/import.h>
#include <torch/types.h>

#include <string>
#include <vector>

namespace whycam::test {

/// A scripted module with the methods in `source` and, as buffers, the tensors given; in evaluation mode.
torch::jit::Module scripted(const std::string& source,
                            const std::vector<std::pair<std::string, torch::Tensor>>& parameters = {},
                            const std::vector<std::pair<std::string, torch::jit::Module>>& submodules = {});

}  // namespace whycam::test
