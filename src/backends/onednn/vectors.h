// 16 numbers at a time, whatever the instruction set: the compiler makes of them what WHYCAM_HOT compiles for.
#pragma once

#include <cstdint>

namespace whycam::onednn::kernels {

constexpr std::int64_t lanes = 16;
using Vector __attribute__((vector_size(lanes * sizeof(float)), aligned(alignof(float)), may_alias)) = float;
using Integers16 __attribute__((vector_size(lanes * sizeof(std::int32_t)))) = std::int32_t;

/// The same by smaller registers: compilers put what does not fit into registers through memory.
using VectorOf8 __attribute__((vector_size(8 * sizeof(float)), aligned(alignof(float)), may_alias)) = float;
using VectorOf4 __attribute__((vector_size(4 * sizeof(float)), aligned(alignof(float)), may_alias)) = float;

/// References, as the registers by which functions return vectors depend on the instruction set.
inline __attribute__((always_inline)) const Vector& vector(const float* at) {
  return *reinterpret_cast<const Vector*>(at);
}
inline __attribute__((always_inline)) Vector& vector(float* at) { return *reinterpret_cast<Vector*>(at); }

/// Sets the numbers whose bit is not set to 0; `Relu`: negative ones, too.
template <bool Relu>
inline __attribute__((always_inline)) void keep_where(std::uint16_t bits, Vector& numbers) {
  constexpr Integers16 bit_of_lane{1,      1 << 1, 1 << 2,  1 << 3,  1 << 4,  1 << 5,  1 << 6,  1 << 7,
                                   1 << 8, 1 << 9, 1 << 10, 1 << 11, 1 << 12, 1 << 13, 1 << 14, 1 << 15};
  const Integers16 all = Integers16{} + static_cast<std::int32_t>(bits);
  if (Relu) numbers = numbers < 0 ? Vector{} : numbers;
  numbers = reinterpret_cast<Vector>(reinterpret_cast<Integers16>(numbers) & ((all & bit_of_lane) != 0));
}

}  // namespace whycam::onednn::kernels
