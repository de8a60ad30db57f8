#include "tensor.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <numeric>

namespace whycam::cli {

std::size_t count(const Tensor& tensor) {
  return std::visit([](const auto& values) { return values.size(); }, tensor.values);
}

double number(const Tensor& tensor, std::size_t place) {
  return std::visit([place](const auto& values) { return static_cast<double>(values.at(place)); }, tensor.values);
}

bool all_finite(const Tensor& tensor) {
  return std::visit(
      [](const auto& values) {
        return std::all_of(values.begin(), values.end(), [](auto one) { return std::isfinite(one); });
      },
      tensor.values);
}

bool all_zero(const Tensor& tensor) {
  return std::visit(
      [](const auto& values) { return std::all_of(values.begin(), values.end(), [](auto one) { return one == 0; }); },
      tensor.values);
}

Tensor slice(const Tensor& tensor, std::int64_t first, std::int64_t examples) {
  Tensor part{tensor.shape, {}};
  const auto row = static_cast<std::ptrdiff_t>(count(tensor) / static_cast<std::size_t>(tensor.shape.at(0)));
  part.shape[0] = examples;
  std::visit(
      [&](const auto& values) {
        part.values =
            std::decay_t<decltype(values)>(values.begin() + first * row, values.begin() + (first + examples) * row);
      },
      tensor.values);
  return part;
}

picture::Array example_of(const Tensor& tensor, std::int64_t example) {
  picture::Array array = picture::to_array(slice(tensor, example));
  array.shape.erase(array.shape.begin());
  return array;
}

std::optional<std::size_t> class_dimension(const std::vector<std::int64_t>& shape) {
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
  const std::size_t classes = count(output) / static_cast<std::size_t>(output.shape.at(0)),
                    first = static_cast<std::size_t>(example) * classes;
  std::vector<double> scores;
  for (std::size_t i = 0; i < classes; ++i) scores.push_back(number(output, first + i));
  return scores;
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
