#include "tensor.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <numeric>

namespace whycam::cli {

bool all_finite(const Tensor& tensor) {
  return std::all_of(tensor.values.begin(), tensor.values.end(), [](float one) { return std::isfinite(one); });
}

bool all_zero(const Tensor& tensor) {
  return std::all_of(tensor.values.begin(), tensor.values.end(), [](float one) { return one == 0; });
}

Tensor slice(const Tensor& tensor, std::int64_t first, std::int64_t count) {
  Tensor part{tensor.shape, {}};
  const auto row = static_cast<std::ptrdiff_t>(tensor.values.size() / static_cast<std::size_t>(tensor.shape.at(0)));
  part.shape[0] = count;
  part.values.assign(tensor.values.begin() + first * row, tensor.values.begin() + (first + count) * row);
  return part;
}

Tensor example_of(const Tensor& tensor, std::int64_t example) {
  Tensor part = slice(tensor, example);
  part.shape.erase(part.shape.begin());
  return part;
}

namespace {

/// Swaps two axes of a tensor that is looked at as N x A x B.
std::vector<float> swapped(const std::vector<float>& values, std::int64_t examples, std::int64_t a, std::int64_t b) {
  std::vector<float> result;
  result.reserve(values.size());
  for (std::int64_t example = 0; example < examples; ++example)
    for (std::int64_t j = 0; j < b; ++j)
      for (std::int64_t i = 0; i < a; ++i)
        result.push_back(values[static_cast<std::size_t>((example * a + i) * b + j)]);
  return result;
}

}  // namespace

Tensor to_channels_first(const Tensor& tensor) {
  const Shape& shape = tensor.shape;
  Tensor result{shape, {}};
  std::rotate(result.shape.begin() + 1, result.shape.end() - 1, result.shape.end());
  const std::int64_t space = picture::element_count({shape.begin() + 1, shape.end() - 1});
  result.values = swapped(tensor.values, shape[0], space, shape.back());
  return result;
}

Tensor to_channels_last(const Tensor& tensor) {
  const Shape& shape = tensor.shape;
  Tensor result{shape, {}};
  std::rotate(result.shape.begin() + 1, result.shape.begin() + 2, result.shape.end());
  const std::int64_t space = picture::element_count({shape.begin() + 2, shape.end()});
  result.values = swapped(tensor.values, shape[0], shape[1], space);
  return result;
}

std::optional<std::size_t> class_dimension(const Shape& shape) {
  if (shape.size() == 2) return 1;
  std::optional<std::size_t> found;
  for (std::size_t i = 1; i < shape.size(); ++i) {
    if (shape[i] == 1) continue;
    if (found) return std::nullopt;
    found = i;
  }
  return found;
}

std::vector<double> scores_of(const Tensor& output, std::int64_t example) {
  const Tensor scores = slice(output, example);
  return {scores.values.begin(), scores.values.end()};
}

std::vector<std::int64_t> best(const std::vector<double>& numbers, std::size_t most) {
  const auto rank = [&](std::int64_t i) {
    const double one = numbers[static_cast<std::size_t>(i)];
    return std::isnan(one) ? std::numeric_limits<double>::infinity() : one;
  };
  std::vector<std::int64_t> classes(numbers.size());
  std::iota(classes.begin(), classes.end(), std::int64_t{0});
  const auto end = classes.begin() + static_cast<std::ptrdiff_t>(std::min(most, classes.size()));
  std::partial_sort(classes.begin(), end, classes.end(),
                    [&](std::int64_t a, std::int64_t b) { return rank(a) > rank(b) || (rank(a) == rank(b) && a < b); });
  classes.erase(end, classes.end());
  return classes;
}

}  // namespace whycam::cli
