// Arrays of reference answers, without libtorch.
#pragma once

#include <cmath>
#include <cstddef>
#include <vector>

namespace whycam::test {

/// The norm of the difference over that of what is expected; 1 for another number of values.
inline double relative_l2(const std::vector<float>& actual, const std::vector<float>& expected) {
  if (actual.size() != expected.size()) return 1;
  double difference = 0, norm = 0;
  for (std::size_t i = 0; i < expected.size(); ++i) {
    difference += std::pow(static_cast<double>(actual[i]) - expected[i], 2);
    norm += std::pow(static_cast<double>(expected[i]), 2);
  }
  return std::sqrt(difference / norm);
}

}  // namespace whycam::test
