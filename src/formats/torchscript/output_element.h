// The tensor of a network's output that is explained.
#pragma once

#include <vector>

#include "whycam/output_element.h"
#include "whycam/torch_tensor.h"

namespace whycam::torchscript {

/// Follows `path` into tuples, lists and dictionaries. Throws ModelError where that does not lead to a tensor of
/// floating-point numbers; the message lists what is there to choose from.
torch::Tensor output_tensor(const c10::IValue& output, const std::vector<OutputElement>& path);

}  // namespace whycam::torchscript
