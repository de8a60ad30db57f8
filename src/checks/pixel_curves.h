// Insertion and deletion of pixels.
#pragma once

#include <functional>
#include <vector>

#include "whycam/trust.h"

namespace whycam::checks {

/// What is measured of the class, its probability or score, in each picture of N x C x H x W.
using Measured = std::function<std::vector<double>(const torch::Tensor& pictures)>;

/// The places of H x W in the order of their attribution, the largest first; equal ones from the top left.
torch::Tensor order_of(const torch::Tensor& attribution);

/// What is measured of the class while the pixels of `to` replace those of `from` (1 x C x H x W each) in this order:
/// after each fraction of them.
PixelCurve pixel_curve(const Measured& measured, const torch::Tensor& from, const torch::Tensor& to,
                       const torch::Tensor& order, const std::vector<double>& fractions, std::size_t batch_size);

/// A picture under a Gaussian window of 11 x 11 with a standard deviation of 5; its border is repeated.
torch::Tensor blurred(const torch::Tensor& picture);

}  // namespace whycam::checks
