// Targets that are functions of torch::Tensor, or found in one.
#pragma once

#include <functional>
#include <memory>
#include <utility>
#include <vector>

#include "whycam/detection.h"
#include "whycam/picture/tensor.h"
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

/// find_detections of a tensor on whatever device (whycam/detection.h), as Target choosers of explain() get it.
inline std::vector<Detection> find_detections(const torch::Tensor& output, const picture::Rectangle& box,
                                              std::int64_t width, std::int64_t height,
                                              const DetectorFormat& format = {}) {
  return find_detections(picture::to_array(output), box, width, height, format);
}

}  // namespace whycam
