#include "graph/finite.h"

#include <algorithm>
#include <cstring>

namespace whycam::graph {

bool all_finite(const float* numbers, std::int64_t count) {
  constexpr std::uint32_t exponent = 0x7f800000;  // all its bits are set in NaN and infinity alone
  constexpr std::int64_t part = 4096;             // a loop that leaves off within is not made to vectors
  for (std::int64_t begin = 0; begin < count; begin += part) {
    std::uint32_t others = 0;
    for (std::int64_t i = begin; i < std::min(count, begin + part); ++i) {
      std::uint32_t bits;
      std::memcpy(&bits, numbers + i, sizeof bits);
      others |= (bits & exponent) == exponent;
    }
    if (others != 0) return false;
  }
  return true;
}

bool all_finite(const Constant& constant, std::int64_t count) {
  return constant.weights ? constant.weights->are_finite() : all_finite(constant.numbers().get(), count);
}

}  // namespace whycam::graph
