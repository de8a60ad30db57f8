#include "checks/pixel_curves.h"

#include <ATen/TensorOperators.h>
#include <ATen/ops/arange.h>
#include <ATen/ops/argsort.h>
#include <ATen/ops/cat.h>
#include <ATen/ops/conv2d.h>
#include <ATen/ops/exp.h>
#include <ATen/ops/replication_pad2d.h>

#include <algorithm>
#include <cmath>

namespace whycam::checks {

torch::Tensor order_of(const torch::Tensor& attribution) {
  const torch::Tensor map = attribution.detach().to(at::kCPU, at::kDouble)[0].sum(0).flatten();
  return at::argsort(map, /*stable=*/true, /*dim=*/0, /*descending=*/true);
}

torch::Tensor blurred(const torch::Tensor& picture) {
  constexpr std::int64_t size = 11;
  constexpr double deviation = 5;
  const torch::Tensor place = at::arange(size, picture.options()) - static_cast<double>(size / 2);
  torch::Tensor row = at::exp(-place * place / (2 * deviation * deviation));
  row = row / row.sum();
  const std::int64_t channels = picture.size(1), height = picture.size(2), width = picture.size(3);
  const torch::Tensor apart = at::replication_pad2d(picture, {size / 2, size / 2, size / 2, size / 2})
                                  .reshape({channels, 1, height + size - 1, width + size - 1});
  return at::conv2d(at::conv2d(apart, row.view({1, 1, size, 1})), row.view({1, 1, 1, size})).reshape(picture.sizes());
}

PixelCurve pixel_curve(const Measured& measured, const torch::Tensor& from, const torch::Tensor& to,
                       const torch::Tensor& order, const std::vector<double>& fractions, std::size_t batch_size) {
  const std::int64_t places = order.numel();
  const torch::Tensor start = from.detach().reshape({from.size(1), places}),
                      end = to.detach().reshape({to.size(1), places});
  const torch::Tensor on_device = order.to(from.device());
  PixelCurve curve;
  for (std::size_t first = 0; first < fractions.size(); first += batch_size) {
    std::vector<torch::Tensor> pictures;
    for (std::size_t i = first; i < std::min(first + batch_size, fractions.size()); ++i) {
      const auto count = static_cast<std::int64_t>(std::llround(fractions[i] * static_cast<double>(places)));
      const torch::Tensor chosen = on_device.slice(0, 0, count);
      pictures.push_back(start.clone().index_copy_(1, chosen, end.index_select(1, chosen)).reshape(from.sizes()));
    }
    const std::vector<double> numbers = measured(at::cat(pictures));
    curve.probabilities.insert(curve.probabilities.end(), numbers.begin(), numbers.end());
  }
  for (std::size_t i = 1; i < fractions.size(); ++i)
    curve.area += (fractions[i] - fractions[i - 1]) * (curve.probabilities[i] + curve.probabilities[i - 1]) / 2;
  return curve;
}

}  // namespace whycam::checks
