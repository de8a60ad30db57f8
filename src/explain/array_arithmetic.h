// The arithmetic of methods::Repeated on buffers.
#pragma once

#include <cmath>
#include <numeric>

#include "methods/repeated.h"

namespace whycam::explain {

struct ArrayArithmetic {
  using Tensor = picture::Array;
  using Scores = std::vector<double>;

  static void add(Tensor& sum, const Tensor& tensor, double factor) {
    if (sum.values.size() != tensor.values.size()) sum = {tensor.shape, std::vector<float>(tensor.values.size(), 0.0F)};
    for (std::size_t i = 0; i < tensor.values.size(); ++i)
      sum.values[i] += static_cast<float>(factor * tensor.values[i]);
  }

  static Tensor moved(const Tensor& input, double baseline, double share) {
    Tensor result = input;
    // In float32 throughout, as libtorch does it: what is computed from the same numbers is then the same.
    const auto first = static_cast<float>(baseline), part = static_cast<float>(share);
    for (float& value : result.values) value = first + part * (value - first);
    return result;
  }

  static void times_difference(Tensor& tensor, const Tensor& input, double baseline) {
    for (std::size_t i = 0; i < tensor.values.size(); ++i)
      tensor.values[i] *= static_cast<float>(input.values[i] - baseline);
  }

  static void add_sums(Scores& sums, const Tensor& tensor) {
    const auto examples = static_cast<std::size_t>(tensor.shape.at(0));
    const auto row = static_cast<std::ptrdiff_t>(tensor.values.size() / examples);
    sums.resize(examples, 0.0);
    for (std::size_t example = 0; example < examples; ++example) {
      const auto begin = tensor.values.begin() + static_cast<std::ptrdiff_t>(example) * row;
      sums[example] += std::accumulate(begin, begin + row, 0.0);
    }
  }

  static std::vector<float> error(const Scores& sums, const std::vector<float>& end, const std::vector<float>& begin) {
    std::vector<float> errors;
    for (std::size_t i = 0; i < sums.size(); ++i)
      errors.push_back(static_cast<float>(sums[i] - (static_cast<double>(end[i]) - begin[i])));
    return errors;
  }

  static Tensor noisy(const Tensor& input, const Options& options, std::size_t copy) {
    Tensor result = input;
    const std::vector<float> numbers = methods::noise(input.values.size(), options.seed + copy);
    const std::size_t row = input.values.size() / static_cast<std::size_t>(input.shape.at(0));
    for (std::size_t begin = 0; begin < input.values.size(); begin += row) {
      const auto first = input.values.begin() + static_cast<std::ptrdiff_t>(begin);
      const auto [least, most] = std::minmax_element(first, first + static_cast<std::ptrdiff_t>(row));
      const double deviation = options.noise_is_absolute ? options.noise : options.noise * (*most - *least);
      for (std::size_t i = begin; i < begin + row; ++i) result.values[i] += static_cast<float>(deviation * numbers[i]);
    }
    return result;
  }
};

}  // namespace whycam::explain
