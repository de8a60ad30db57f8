#include "attribution/grad_cam.h"

#include <ATen/TensorOperators.h>

#include <numeric>

#include "basics/doubts.h"

namespace whycam::attribution {

torch::Tensor grad_cam(const torch::Tensor& activation, const torch::Tensor& gradient, bool sum_channels) {
  basics::require_channels(activation.sizes().vec());
  torch::Tensor weights = gradient;
  if (gradient.dim() > 2) {
    std::vector<std::int64_t> space(static_cast<std::size_t>(gradient.dim() - 2));
    std::iota(space.begin(), space.end(), 2);
    weights = gradient.mean(space, /*keepdim=*/true);
  }
  const torch::Tensor weighted = weights * activation;
  return sum_channels ? weighted.sum(1, /*keepdim=*/true) : weighted;
}

}  // namespace whycam::attribution
