// The compiled engine's graph behind one of its passes.
#pragma once

#include <cstddef>
#include <string>

namespace whycam {

/// The graph behind one pass of the compiler, one line a node: its operator, what it reads, its parameters, the shape
/// of its result, and the place in the network that it comes from.
struct GraphStage {
  std::string pass;  ///< "lower" comes first
  std::size_t nodes = 0;
  std::string text;
};

}  // namespace whycam
