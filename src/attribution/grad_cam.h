// Grad-CAM's own arithmetic.
#pragma once

#include "whycam/torch_tensor.h"

namespace whycam::attribution {

/// Selvaraju et al. 2017: equation 1, the channels' weights as the mean of their gradient over space; equation 2, the
/// weighted sum of the channels (left apart unless `sum_channels`), without its ReLU. Both tensors N x C x (space); for
/// a layer without space (N x C) the gradient itself is the weight, as in Captum.
torch::Tensor grad_cam(const torch::Tensor& activation, const torch::Tensor& gradient, bool sum_channels);

}  // namespace whycam::attribution
