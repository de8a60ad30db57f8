// Which nodes of the autograd graph an output depends on.
#pragma once

#include <ATen/core/ivalue.h>
#include <torch/csrc/autograd/function.h>

#include <set>

namespace whycam::network {

/// Every node behind the tensors in `output`, which may be nested in tuples, lists and dictionaries.
std::set<const torch::autograd::Node*> nodes_behind(const c10::IValue& output);

}  // namespace whycam::network
