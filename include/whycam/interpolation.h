// Resizing a layer's attribution to an input's size.
#pragma once

#include <cstdint>
#include <vector>

#include "whycam/api.h"
#include "whycam/interpolation_mode.h"
#include "whycam/torch_tensor.h"

namespace whycam {

/// Resizes a layer's attribution of N x C x (spatial extent) to N x C x `size`; `size` has one number a spatial
/// dimension. Captum: LayerAttribution.interpolate. Throws InputError where the mode does not fit. Thread-safe.
WHYCAM_API torch::Tensor interpolate(const torch::Tensor& layer_attribution, const std::vector<std::int64_t>& size,
                                     Interpolation mode = Interpolation::nearest);

}  // namespace whycam
