// Tensors of the caller's as a network gets them: checked, and as copies.
#pragma once

#include <functional>
#include <vector>

#include "whycam/torch_tensor.h"

namespace whycam::network {

/// Throws InputError unless these are float32 or float64 tensors with the same number of examples, at least one.
void check_inputs(const std::vector<torch::Tensor>& inputs);

/// Throws ModelError where tensors cannot be on this device.
void check_available(torch::Device device);

/// Inputs that gradients can be asked for, and the copies of them that a network gets: it may write over those, and the
/// caller's tensors stay as they are. Made with gradients on and outside inference mode.
struct OwnInputs {
  explicit OwnInputs(const std::vector<torch::Tensor>& inputs);
  std::vector<torch::Tensor> leaves;
  std::vector<torch::Tensor> given;
};

/// The same value with each tensor in it changed, also those in lists, tuples and dictionaries.
c10::IValue map_tensors(const c10::IValue& value, const std::function<torch::Tensor(const torch::Tensor&)>& change);

/// Copies of the tensors among the arguments, also those in lists, tuples and dictionaries, without their history.
std::vector<c10::IValue> own_arguments(const std::vector<c10::IValue>& arguments);

}  // namespace whycam::network
