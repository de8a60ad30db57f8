// Vectors of numbers, by the registers that a processor has.
#pragma once

#include <cstdint>

#include "backends/onednn/processor.h"

namespace whycam::onednn::kernels {

constexpr std::int64_t lanes = 16;  // of the widest; what lies in groups of so many fits all

/// Vectors that fill one register: compilers compute with larger ones number by number. For loops that are templates on
/// them, and have a form for each by WHYCAM_WIDTHS.
struct Registers512 {
  using Numbers __attribute__((vector_size(64), aligned(alignof(float)), may_alias)) = float;
  using Integers __attribute__((vector_size(64), aligned(alignof(float)), may_alias)) = std::int32_t;
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

/// At any address: clang forgets a type's own alignment where it comes from a template's parameter.
template <class Registers>
struct __attribute__((packed, may_alias)) Unaligned {
  typename Registers::Numbers numbers;
};

/// References, as functions return vectors by registers that not every processor has.
template <class Registers>
inline __attribute__((always_inline)) const Unaligned<Registers>& numbers_at(const float* at) {
  return *reinterpret_cast<const Unaligned<Registers>*>(at);
}
template <class Registers>
inline __attribute__((always_inline)) Unaligned<Registers>& numbers_at(float* at) {
  return *reinterpret_cast<Unaligned<Registers>*>(at);
}

/// Sets the numbers whose bit is not set to 0, of a vector that begins at this one of 16 numbers; `Relu`: negative
/// ones, too.
template <class Registers, bool Relu>
inline __attribute__((always_inline)) void keep_where(std::uint16_t bits, std::int64_t first,
                                                      typename Registers::Numbers& numbers) {
  using Numbers = typename Registers::Numbers;
  using Integers = typename Registers::Integers;
  constexpr Registers512::Integers bit_of_lane{1,      1 << 1, 1 << 2,  1 << 3,  1 << 4,  1 << 5,  1 << 6,  1 << 7,
                                               1 << 8, 1 << 9, 1 << 10, 1 << 11, 1 << 12, 1 << 13, 1 << 14, 1 << 15};
  const Integers set = (Integers{} + (bits >> first)) & reinterpret_cast<const Integers&>(bit_of_lane);
  if (Relu) numbers = numbers < 0 ? Numbers{} : numbers;
  numbers = reinterpret_cast<Numbers>(reinterpret_cast<Integers>(numbers) & (set != 0));
}

/// Numbers of two vectors in turn, of their first halves or of their second ones.
template <class Registers, bool Second>
inline __attribute__((always_inline)) void interleave(const typename Registers::Numbers& a,
                                                      const typename Registers::Numbers& b,
                                                      typename Registers::Numbers& to) {
#ifdef __clang__
#define WHYCAM_SHUFFLED(...) __builtin_shufflevector(a, b, __VA_ARGS__)
#else
#define WHYCAM_SHUFFLED(...) __builtin_shuffle(a, b, typename Registers::Integers{__VA_ARGS__})
#endif
  constexpr int n = Registers::size, f = Second ? n / 2 : 0;
  if constexpr (n == 16)
    to = WHYCAM_SHUFFLED(f, n + f, f + 1, n + f + 1, f + 2, n + f + 2, f + 3, n + f + 3, f + 4, n + f + 4, f + 5,
                         n + f + 5, f + 6, n + f + 6, f + 7, n + f + 7);
  else if constexpr (n == 8)
    to = WHYCAM_SHUFFLED(f, n + f, f + 1, n + f + 1, f + 2, n + f + 2, f + 3, n + f + 3);
  else
    to = WHYCAM_SHUFFLED(f, n + f, f + 1, n + f + 1);
#undef WHYCAM_SHUFFLED
}

/// Makes columns of a square's rows.
template <class Registers>
inline __attribute__((always_inline)) void transpose(typename Registers::Numbers* rows) {
  constexpr int n = Registers::size;
  typename Registers::Numbers next[n];
#pragma GCC unroll 4
  for (int done = 1; done < n; done *= 2) {
#pragma GCC unroll 8
    for (int i = 0; i < n / 2; ++i) {
      interleave<Registers, false>(rows[i], rows[i + n / 2], next[2 * i]);
      interleave<Registers, true>(rows[i], rows[i + n / 2], next[2 * i + 1]);
    }
#pragma GCC unroll 16
    for (int i = 0; i < n; ++i) rows[i] = next[i];
  }
}

/// One of three forms of a loop, for the registers that this processor has.
template <class Loop>
Loop* of_width(Loop* of_512, Loop* of_256, Loop* of_128) {
  const int bits = register_bits();
  return bits == 512 ? of_512 : bits == 256 ? of_256 : of_128;
}

#ifdef __x86_64__
#define WHYCAM_FOR_512 __attribute__((target("avx512f")))
#define WHYCAM_FOR_256 __attribute__((target("avx2,fma")))
#else
#define WHYCAM_FOR_512
#define WHYCAM_FOR_256
#endif
/// Defines the function `name` with these parameters, in parentheses, which calls the template `loop` with the
/// registers and what else follows as its parameters, and the arguments, in parentheses.
#define WHYCAM_WIDTHS(name, parameters, arguments, loop, ...)                                 \
  WHYCAM_FOR_512 void name##_by_512 parameters { loop<Registers512, __VA_ARGS__> arguments; } \
  WHYCAM_FOR_256 void name##_by_256 parameters { loop<Registers256, __VA_ARGS__> arguments; } \
  void name##_by_128 parameters { loop<Registers128, __VA_ARGS__> arguments; }                \
  void name parameters { of_width(name##_by_512, name##_by_256, name##_by_128) arguments; }

}  // namespace whycam::onednn::kernels
