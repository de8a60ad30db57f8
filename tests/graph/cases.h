// Small graphs, at least one for every operator.
#pragma once

#include <functional>
#include <ostream>
#include <string>
#include <vector>

#include "graph/graph.h"
#include "graph/operators.h"

namespace whycam::test {

struct OperatorCase {
  std::string name;
  /// Adds inputs ("x", "y", ...) and gives the result.
  std::function<graph::Value(graph::Graph&)> build;
  bool smooth =
      true;  ///< finite differences apply: numbers are chosen away from kinks. Else a test of its own is needed
};

void PrintTo(const OperatorCase& one, std::ostream* out);

const std::vector<OperatorCase>& operator_cases();

/// Numbers that look random, are the same on every machine, and never equal; not within 0.02 of 0 or another kink at 1,
/// 2 or 3.
graph::Tensor numbers(const graph::Shape& shape, std::uint32_t seed);

/// Float32 of a normal distribution.
std::vector<float> noise(std::int64_t count, unsigned seed);

/// Calls `work` with each element's index in row-major order and with the channels last.
template <class Work>
void for_each_channels_last(const graph::Shape& shape, const Work& work) {
  const auto channels = static_cast<std::size_t>(shape[1]), area = static_cast<std::size_t>(shape[2] * shape[3]);
  for (std::size_t i = 0; i < static_cast<std::size_t>(graph::element_count(shape)); ++i)
    work(i, (i / area / channels * area + i % area) * channels + i / area % channels);
}

}  // namespace whycam::test
