// torch::Tensor and c10::IValue by libtorch's smallest headers. torch/types.h, which has all functions of tensors too,
// takes three times as long to compile; whycam/torch.h includes it.
#pragma once

#include <ATen/core/Tensor.h>
#include <ATen/core/ivalue.h>

namespace torch {
using namespace at;  // NOLINT: as torch/types.h has it
}
