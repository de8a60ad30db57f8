// Networks of the reference answers, written again as C++ modules that take the stored weights.
#pragma once

#include <torch/csrc/jit/api/module.h>

#include <memory>
#include <string>

#include "whycam/whycam.h"

namespace whycam::test {

/// The model of a reference network as a C++ module with the weights of the TorchScript file; throws for a name that is
/// not written yet. Layers keep their names; where a layer has no weight of its own, the Tap behind (or before) it has
/// its name, and the module stands without.
Model cpp_network(const std::string& name, const torch::jit::Module& weights);

/// The names that cpp_network knows.
bool has_cpp_network(const std::string& name);

}  // namespace whycam::test
