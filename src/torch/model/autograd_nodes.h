// Which nodes of the autograd graph an output depends on.
#pragma once

#include <set>

#include "whycam/torch_tensor.h"

namespace torch::autograd {
struct Node;
}

namespace whycam::network {

/// Every node behind the tensors in `output`, which may be nested in tuples, lists and dictionaries.
std::set<const torch::autograd::Node*> nodes_behind(const c10::IValue& output);

/// Whether that node or one behind it gives its axes another order or number.
bool moves_axes(const torch::autograd::Node& node);

}  // namespace whycam::network
