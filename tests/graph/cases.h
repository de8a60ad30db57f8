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

}  // namespace whycam::test
