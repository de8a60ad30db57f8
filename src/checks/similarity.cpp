
#include <ATen/TensorOperators.h>
#include <ATen/ops/arange.h>
#include <ATen/ops/conv2d.h>
#include <ATen/ops/exp.h>

#include <algorithm>
#include <cmath>
#include <limits>
#include <numeric>
#include <sstream>

#include "whycam/errors.h"
#include "whycam/trust.h"

namespace whycam {
namespace {

constexpr double not_a_number = std::numeric_limits<double>::quiet_NaN();

torch::Tensor as_doubles(const torch::Tensor& tensor) {
  return tensor.detach().to(torch::kCPU, torch::kDouble).contiguous();
}

/// The rank of each element, from 1; equal elements share the mean of theirs. None may be NaN.
std::vector<double> ranks(const torch::Tensor& tensor) {
  const auto count = static_cast<std::size_t>(tensor.numel());
  const double* values = tensor.data_ptr<double>();
  std::vector<std::size_t> order(count);
  std::iota(order.begin(), order.end(), std::size_t{0});
  std::sort(order.begin(), order.end(), [&](std::size_t a, std::size_t b) { return values[a] < values[b]; });
  std::vector<double> result(count);
  for (std::size_t i = 0, end = 0; i < count; i = end) {
    while (end < count && values[order[end]] == values[order[i]]) ++end;
    for (std::size_t j = i; j < end; ++j) result[order[j]] = (static_cast<double>(i + end) + 1) / 2;
  }
  return result;
}

void require_same_shape(const torch::Tensor& one, const torch::Tensor& other) {
  if (one.sizes() == other.sizes()) return;
  std::ostringstream text;
  text << "maps of the shapes " << one.sizes() << " and " << other.sizes() << " cannot be compared";
  throw InputError(text.str());
}

/// Means under a Gaussian window, at the places where all of it lies within the map.
torch::Tensor smoothed(const torch::Tensor& map, const torch::Tensor& row) {
  const std::int64_t size = row.numel();
  const torch::Tensor rows = at::conv2d(map.view({1, 1, map.size(-2), map.size(-1)}), row.view({1, 1, size, 1}));
  return at::conv2d(rows, row.view({1, 1, 1, size}));
}

torch::Tensor gaussian_row(std::int64_t size, double deviation) {
  const torch::Tensor place = at::arange(size, at::kDouble) - static_cast<double>(size - 1) / 2;
  const torch::Tensor row = at::exp(-place * place / (2 * deviation * deviation));
  return row / row.sum();
}

}  // namespace

double rank_correlation(const torch::Tensor& one, const torch::Tensor& other) {
  if (one.numel() != other.numel()) require_same_shape(one, other);
  if (one.isnan().any().item<bool>() || other.isnan().any().item<bool>()) return not_a_number;
  const std::vector<double> a = ranks(as_doubles(one)), b = ranks(as_doubles(other));
  const double mean = (static_cast<double>(a.size()) + 1) / 2;
  double both = 0, of_a = 0, of_b = 0;
  for (std::size_t i = 0; i < a.size(); ++i) {
    both += (a[i] - mean) * (b[i] - mean);
    of_a += (a[i] - mean) * (a[i] - mean);
    of_b += (b[i] - mean) * (b[i] - mean);
  }
  return of_a > 0 && of_b > 0 ? both / std::sqrt(of_a * of_b) : not_a_number;
}

double structural_similarity(const torch::Tensor& one, const torch::Tensor& other) {
  require_same_shape(one, other);
  if (one.dim() != 2 || one.numel() == 0) throw InputError("structural similarity compares maps of H x W");
  constexpr double c1 = 0.01 * 0.01, c2 = 0.03 * 0.03;  // for values from 0 to 1
  const torch::Tensor a = as_doubles(one), b = as_doubles(other);
  const std::int64_t shorter = std::min(a.size(0), a.size(1));
  const torch::Tensor row = gaussian_row(std::min<std::int64_t>(11, shorter - (shorter + 1) % 2), 1.5);
  const torch::Tensor mean_a = smoothed(a, row), mean_b = smoothed(b, row);
  const torch::Tensor variance_a = smoothed(a * a, row) - mean_a * mean_a,
                      variance_b = smoothed(b * b, row) - mean_b * mean_b;
  const torch::Tensor covariance = smoothed(a * b, row) - mean_a * mean_b;
  const torch::Tensor similarity = (2 * mean_a * mean_b + c1) * (2 * covariance + c2) /
                                   ((mean_a * mean_a + mean_b * mean_b + c1) * (variance_a + variance_b + c2));
  return similarity.mean().item<double>();
}

MapSimilarity map_similarity(const torch::Tensor& one, const torch::Tensor& other) {
  require_same_shape(one, other);
  if (one.dim() != 4 || one.size(0) != 1) throw InputError("attributions of one example are compared, 1 x C x H x W");
  const torch::Tensor a = as_doubles(one)[0], b = as_doubles(other)[0];
  const torch::Tensor magnitudes_a = a.abs().sum(0), magnitudes_b = b.abs().sum(0);
  const double largest_a = magnitudes_a.max().item<double>(), largest_b = magnitudes_b.max().item<double>();
  MapSimilarity similarity;
  similarity.rank_correlation = rank_correlation(a.sum(0), b.sum(0));
  similarity.rank_correlation_of_magnitudes = rank_correlation(magnitudes_a, magnitudes_b);
  similarity.structural_similarity = largest_a > 0 && largest_b > 0
                                         ? structural_similarity(magnitudes_a / largest_a, magnitudes_b / largest_b)
                                         : not_a_number;
  return similarity;
}

}  // namespace whycam
