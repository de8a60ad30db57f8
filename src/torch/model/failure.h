// What a network's own failure says, in one line.
#pragma once

#include <exception>
#include <optional>
#include <string>
#include <vector>

#include "whycam/torch_tensor.h"

namespace whycam::network {

/// "the network failed on an input of 1 x 3 x 8 x 8: mat1 and mat2 shapes cannot be multiplied": the last sentence of
/// libtorch's message, without its stack traces. Where the inputs are of another floating type than the weights, it
/// says so.
std::string failure_of_the_network(const std::exception& failure, const std::vector<torch::Tensor>& inputs,
                                   std::optional<torch::ScalarType> of_weights);

}  // namespace whycam::network
