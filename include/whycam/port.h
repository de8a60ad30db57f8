// What a network's file declares of its inputs and outputs.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

namespace whycam {

/// An input or output as the file declares it.
struct Port {
  std::string name;
  std::vector<std::int64_t> shape;  ///< -1 where an extent is left open; empty where nothing is said
};

}  // namespace whycam
