// 16 numbers at a time, whatever the instruction set: the compiler makes of them what WHYCAM_HOT compiles for.
#pragma once

#include <cstdint>

#include "backends/onednn/processor.h"

namespace whycam::onednn::kernels {

constexpr std::int64_t lanes = 16;
using Vector __attribute__((vector_size(lanes * sizeof(float)), aligned(alignof(float)), may_alias)) = float;
using Integers16 __attribute__((vector_size(lanes * sizeof(std::int32_t)))) = std::int32_t;

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

/// Vectors that fill one register: compilers compute with larger ones number by number. For loops that are templates on
/// them, and have a form for each by WHYCAM_WIDTHS.
struct Registers512 {
  using Numbers = Vector;
  using Integers = Integers16;
  static constexpr std::int64_t size = 16;
};
struct Registers256 {
  using Numbers __attribute__((vector_size(32), aligned(alignof(float)), may_alias)) = float;
  using Integers __attribute__((vector_size(32), aligned(alignof(float)), may_alias)) = std::int32_t;
  static constexpr std::int64_t size = 8;
};
struct Registers128 {
  using Numbers __attribute__((vector_size(16), aligned(alignof(float)), may_alias)) = float;
  using Integers __attribute__((vector_size(16), aligned(alignof(float)), may_alias)) = std::int32_t;
  static constexpr std::int64_t size = 4;
};

/// One of three forms of a loop, for the registers that this processor has.
template <class Loop>
Loop* of_width(Loop* of_512, Loop* of_256, Loop* of_128) {
  const int bits = register_bits();
  return bits == 512 ? of_512 : bits == 256 ? of_256 : of_128;
}

/// Defines the function `name` with these parameters, in parentheses, which calls the template `loop` with the
/// registers and what else follows as its parameters, and the arguments, in parentheses.
#ifdef __x86_64__
#define WHYCAM_FOR_512 __attribute__((target("avx512f")))
#define WHYCAM_FOR_256 __attribute__((target("avx2,fma")))
#else
#define WHYCAM_FOR_512
#define WHYCAM_FOR_256
#endif
#define WHYCAM_WIDTHS(name, parameters, arguments, loop, ...)                                   \
  WHYCAM_FOR_512 void name##_by_512 parameters { loop<Registers512, ##__VA_ARGS__> arguments; } \
  WHYCAM_FOR_256 void name##_by_256 parameters { loop<Registers256, ##__VA_ARGS__> arguments; } \
  void name##_by_128 parameters { loop<Registers128, ##__VA_ARGS__> arguments; }                \
  void name parameters { of_width(name##_by_512, name##_by_256, name##_by_128) arguments; }

}  // namespace whycam::onednn::kernels
