// Between the arrays of the picture functions and tensors.
#pragma once

#include <ATen/ops/empty.h>

#include <algorithm>

#include "whycam/picture/array.h"
#include "whycam/torch_tensor.h"

namespace whycam::picture {

/// A float32 tensor on the CPU with a copy of the values.
inline torch::Tensor to_tensor(const Array& array) {
  torch::Tensor tensor = at::empty(array.shape, torch::kFloat);
  std::copy(array.values.begin(), array.values.end(), tensor.data_ptr<float>());
  return tensor;
}

/// A copy of the tensor's values in single precision.
inline Array to_array(const torch::Tensor& tensor) {
  const torch::Tensor values = tensor.detach().to(torch::kCPU, torch::kFloat).contiguous();
  return {values.sizes().vec(), {values.data_ptr<float>(), values.data_ptr<float>() + values.numel()}};
}

}  // namespace whycam::picture
