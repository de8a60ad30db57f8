// Inputs for the graph that a fuzzer makes of a network.
#pragma once

#include <string>
#include <vector>

#include "formats/format.h"

/// The shapes that a network declares, with 1 for what it leaves open; few numbers, so that time goes into reading.
inline bool small_inputs(const whycam::formats::NetworkFile& network, std::vector<whycam::formats::Given>& given) {
  for (const auto& input : network.inputs()) {
    whycam::formats::Given one{"input." + std::to_string(given.size()), input.shape, !input.is_float};
    std::int64_t count = 1;
    for (std::int64_t& extent : one.shape) {
      if (extent < 0) extent = 1;
      if (extent > (1 << 16) || (count *= extent) > (1 << 16)) return false;
    }
    given.push_back(std::move(one));
  }
  return true;
}
