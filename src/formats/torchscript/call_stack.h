// How a network's inputs become what its forward takes.
#pragma once

#include <ATen/core/function_schema.h>
#include <ATen/core/stack.h>

#include <vector>

#include "whycam/torch_tensor.h"

namespace whycam::torchscript {

/// How many of `inputs` each parameter of the schema takes, in order, from the one behind `self` on, until none is
/// left. One of the type List[Tensor] takes all that are left, one of Tuple[Tensor, ...] as many as it has elements.
std::vector<std::size_t> inputs_per_parameter(const c10::FunctionSchema& schema, std::size_t inputs);

/// The arguments of a call: `self`, the inputs, then those additional ones, and defaults. Throws what libtorch throws
/// where they do not fit.
torch::jit::Stack call_stack(const c10::FunctionSchema& schema, const c10::IValue& self,
                             const std::vector<torch::Tensor>& inputs,
                             const std::vector<c10::IValue>& additional_arguments);

}  // namespace whycam::torchscript
