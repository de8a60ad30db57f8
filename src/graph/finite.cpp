#include "graph/finite.h"

#include <algorithm>
#include <cstring>

namespace whycam::graph {
namespace {

/// 1 for NaN and infinity, 0 for all else.
std::uint32_t is_no_number(const float& number) {
  constexpr std::uint32_t exponent = 0x7f800000;  // all its bits are set in NaN and infinity alone
  std::uint32_t bits;
  std::memcpy(&bits, &number, sizeof bits);
  return (bits & exponent) == exponent;
}

}  // namespace

bool all_finite(const float* numbers, std::int64_t count) {
  constexpr std::int64_t side_by_side = 64;  // a fixed number, and no way out: compilers make vectors of such a loop
  std::uint32_t others[side_by_side] = {};
  std::int64_t i = 0;
  for (; i + side_by_side <= count; i += side_by_side)
    for (std::int64_t j = 0; j < side_by_side; ++j) others[j] |= is_no_number(numbers[i + j]);
  for (; i < count; ++i) others[0] |= is_no_number(numbers[i]);
  return std::count(others, others + side_by_side, 0U) == side_by_side;
}

bool all_finite(const Constant& constant, std::int64_t count) {
  return constant.weights ? constant.weights->are_finite() : all_finite(constant.numbers().get(), count);
}

}  // namespace whycam::graph
