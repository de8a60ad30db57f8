// Targets that are functions of torch::Tensor.
#pragma once

#include <functional>
#include <memory>
#include <utility>

#include "whycam/target.h"
#include "whycam/torch_tensor.h"

namespace whycam {

/// A function of the output, which autograd differentiates.
struct TensorFunction {
  std::function<torch::Tensor(const torch::Tensor&)> call;
};

template <class Function, class, class>
Target Target::of(Function function) {
  return Target(Choice(std::make_shared<const TensorFunction>(TensorFunction{std::move(function)})));
}

}  // namespace whycam
