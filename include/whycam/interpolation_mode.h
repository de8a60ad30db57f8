// How a layer's attribution is resized.
#pragma once

#include <cstdint>
#include <string>

#include "whycam/api.h"

namespace whycam {

/// The modes of torch.nn.functional.interpolate (align_corners false). `nearest` and `area` fit layers of 3, 4 and
/// 5 dimensions, `linear` 3 (N x C x L), `bilinear` and `bicubic` 4 (N x C x H x W), `trilinear` 5 (N x C x D x H x W).
enum class Interpolation { nearest, area, linear, bilinear, bicubic, trilinear };

/// The mode's name as PyTorch spells it.
WHYCAM_API const char* to_string(Interpolation mode);

/// The mode of that name; throws InputError that lists the names.
WHYCAM_API Interpolation interpolation_named(const std::string& name);

/// Whether `mode` can resize a tensor of `dimensions` dimensions (batch and channels counted).
WHYCAM_API bool fits(Interpolation mode, std::int64_t dimensions);

}  // namespace whycam
