// What a network's scores say of its classes.
#pragma once

#include <torch/types.h>

namespace whycam::trust {

/// Softmax of scores (examples x classes) in double precision; scores that are probabilities already stay as they are.
inline torch::Tensor probabilities(const torch::Tensor& scores) {
  const torch::Tensor numbers = scores.to(torch::kDouble);
  const bool are_probabilities = numbers.size(1) > 1 && numbers.ge(0).all().item<bool>() && (numbers.sum(1) - 1).abs().le(1e-3).all().item<bool>();
  return are_probabilities ? numbers : at::softmax(numbers, 1);
}

}  // namespace whycam::trust
