// What a network's own failure says, in one line.
#pragma once

#include <exception>
#include <optional>
#include <string>
#include <vector>

#include <c10/util/Exception.h>

#include "whycam/errors.h"
#include "whycam/torch_tensor.h"

namespace whycam::network {

/// Throws ModelError, "libtorch cannot work with this network: ..." in one line, or MemoryError.
[[noreturn]] void raise_failure_of_libtorch(const std::exception& failure);

/// "the network failed on an input of 1 x 3 x 8 x 8: mat1 and mat2 shapes cannot be multiplied": the last sentence of
/// libtorch's message, without its stack traces. Where the inputs are of another floating type than the weights, it
/// says so.
std::string failure_of_the_network(const std::exception& failure, const std::vector<torch::Tensor>& inputs,
                                   std::optional<torch::ScalarType> of_weights);

/// Does `work` on a network; what libtorch fails with in it is the network's fault. Throws ModelError, and MemoryError.
template <class Work>
auto or_model_error(const Work& work) {
  try {
    return work();
  } catch (const c10::Error& failure) {
    raise_failure_of_libtorch(failure);
  }
}

}  // namespace whycam::network
