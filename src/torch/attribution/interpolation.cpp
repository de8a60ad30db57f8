#include "whycam/interpolation.h"

#include <ATen/ops/adaptive_avg_pool1d.h>
#include <ATen/ops/adaptive_avg_pool2d.h>
#include <ATen/ops/adaptive_avg_pool3d.h>
#include <ATen/ops/upsample_bicubic2d.h>
#include <ATen/ops/upsample_bilinear2d.h>
#include <ATen/ops/upsample_linear1d.h>
#include <ATen/ops/upsample_nearest1d.h>
#include <ATen/ops/upsample_nearest2d.h>
#include <ATen/ops/upsample_nearest3d.h>
#include <ATen/ops/upsample_trilinear3d.h>

#include "whycam/errors.h"

namespace whycam {
namespace {

torch::Tensor nearest(const torch::Tensor& values, torch::IntArrayRef size) {
  if (size.size() == 1) return at::upsample_nearest1d(values, size);
  if (size.size() == 2) return at::upsample_nearest2d(values, size);
  return at::upsample_nearest3d(values, size);
}

torch::Tensor area(const torch::Tensor& values, torch::IntArrayRef size) {
  if (size.size() == 1) return at::adaptive_avg_pool1d(values, size);
  if (size.size() == 2) return at::adaptive_avg_pool2d(values, size);
  return at::adaptive_avg_pool3d(values, size);
}

}  // namespace

torch::Tensor interpolate(const torch::Tensor& layer_attribution, const std::vector<std::int64_t>& size,
                          Interpolation mode) {
  if (!layer_attribution.defined() || !layer_attribution.is_floating_point())
    throw InputError("an attribution is a tensor of floating-point numbers");
  if (!fits(mode, layer_attribution.dim()))
    throw InputError("the mode " + std::string(to_string(mode)) + " does not fit an attribution of " +
                     std::to_string(layer_attribution.dim()) + " dimensions");
  if (static_cast<std::int64_t>(size.size()) != layer_attribution.dim() - 2)
    throw InputError("the size has " + std::to_string(size.size()) + " numbers where the attribution has " +
                     std::to_string(layer_attribution.dim() - 2) + " spatial dimensions");
  for (const std::int64_t extent : size)
    if (extent <= 0) throw InputError("cannot resize to an extent of " + std::to_string(extent));
  switch (mode) {
    case Interpolation::nearest:
      return nearest(layer_attribution, size);
    case Interpolation::area:
      return area(layer_attribution, size);
    case Interpolation::linear:
      return at::upsample_linear1d(layer_attribution, size, false);
    case Interpolation::bilinear:
      return at::upsample_bilinear2d(layer_attribution, size, false);
    case Interpolation::bicubic:
      return at::upsample_bicubic2d(layer_attribution, size, false);
    case Interpolation::trilinear:
      return at::upsample_trilinear3d(layer_attribution, size, false);
  }
  throw InputError("unknown interpolation mode");
}

}  // namespace whycam
