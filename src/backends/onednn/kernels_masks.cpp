// Masks of ReLUs: which elements they let pass, and gradients behind them.
#ifdef __x86_64__
#include <immintrin.h>
#endif

#include <algorithm>
#include <cmath>
#include <cstring>

#include "backends/onednn/kernels.h"
#include "backends/onednn/parallel.h"
#include "backends/onednn/processor.h"
#include "backends/onednn/vectors.h"

namespace whycam::onednn::kernels {
namespace {

template <bool Bounded>
inline __attribute__((always_inline)) void inside_loop(const float* x, float low, float high, Word* bits,
                                                       std::int64_t count) {
  const auto one = [&](float value) {
    return static_cast<Word>(static_cast<unsigned>(!(value <= low)) &
                             static_cast<unsigned>(!(Bounded && value >= high)));
  };
  const std::int64_t whole = count / word_bits;
  for (std::int64_t w = 0; w < whole; ++w) {
    Word word = 0;
    for (int i = 0; i < word_bits; ++i) word |= one(x[w * word_bits + i]) << i;
    bits[w] = word;
  }
  if (whole * word_bits == count) return;
  Word word = 0;
  for (std::int64_t i = whole * word_bits; i < count; ++i) word |= one(x[i]) << (i % word_bits);
  bits[whole] = word;
}

#ifdef __x86_64__
/// Instructions that compilers do not find by themselves; the last word's bits one by one.
template <bool Bounded>
__attribute__((target("avx512f"))) void inside_by_avx512(const float* x, float low, float high, Word* bits,
                                                         std::int64_t count) {
  const __m512 lows = _mm512_set1_ps(low), highs = _mm512_set1_ps(high);
  const std::int64_t whole = count / word_bits;
  for (std::int64_t w = 0; w < whole; ++w) {
    const __m512 first = _mm512_loadu_ps(x + w * word_bits), second = _mm512_loadu_ps(x + w * word_bits + lanes);
    Word of_first = _mm512_cmp_ps_mask(first, lows, _CMP_NLE_UQ),
         of_second = _mm512_cmp_ps_mask(second, lows, _CMP_NLE_UQ);
    if (Bounded) {
      of_first &= _mm512_cmp_ps_mask(first, highs, _CMP_NGE_UQ);
      of_second &= _mm512_cmp_ps_mask(second, highs, _CMP_NGE_UQ);
    }
    bits[w] = of_first | of_second << lanes;
  }
  inside_loop<Bounded>(x + whole * word_bits, low, high, bits + whole, count - whole * word_bits);
}
#endif

WHYCAM_HOT void above_part(const float* x, float low, float high, Word* bits, std::int64_t n) {
  inside_loop<false>(x, low, high, bits, n);
}
WHYCAM_HOT void inside_part(const float* x, float low, float high, Word* bits, std::int64_t n) {
  inside_loop<true>(x, low, high, bits, n);
}

// Two loops for gates: that over rows, done as one long row, was slower where the gradient lies in the nearest caches.

template <int Gradients, bool Relu>
inline __attribute__((always_inline)) void gate_loop(const Word* bits, const float* const* g, float* result,
                                                     std::int64_t begin, std::int64_t end) {
  for (std::int64_t at = begin; at < end; at += word_bits) {
    const Word word = bits[at / word_bits];
    const int count = static_cast<int>(std::min(word_bits, end - at));
    const auto one = [&](int i) {
      float sum = g[0][at + i];
      if (Gradients > 1) sum += g[1][at + i];
      if (Gradients > 2) sum += g[2][at + i];
      if (Relu) sum = sum < 0 ? 0.0F : sum;
      // As bits: GCC 14 makes no vectors of a choice between the sum and 0.
      std::uint32_t as_bits;
      std::memcpy(&as_bits, &sum, sizeof sum);
      as_bits &= -((word >> i) & 1U);
      std::memcpy(&sum, &as_bits, sizeof sum);
      return sum;
    };
    if (count == word_bits) {
      WHYCAM_INDEPENDENT
      for (int i = 0; i < word_bits; ++i) result[at + i] = one(i);
    } else {
      for (int i = 0; i < count; ++i) result[at + i] = one(i);
    }
  }
}

WHYCAM_HOT void gate1(const Word* b, const float* const* g, float* r, std::int64_t i, std::int64_t j) {
  gate_loop<1, false>(b, g, r, i, j);
}
WHYCAM_HOT void gate2(const Word* b, const float* const* g, float* r, std::int64_t i, std::int64_t j) {
  gate_loop<2, false>(b, g, r, i, j);
}
WHYCAM_HOT void gate3(const Word* b, const float* const* g, float* r, std::int64_t i, std::int64_t j) {
  gate_loop<3, false>(b, g, r, i, j);
}
WHYCAM_HOT void gate1_relu(const Word* b, const float* const* g, float* r, std::int64_t i, std::int64_t j) {
  gate_loop<1, true>(b, g, r, i, j);
}
WHYCAM_HOT void gate2_relu(const Word* b, const float* const* g, float* r, std::int64_t i, std::int64_t j) {
  gate_loop<2, true>(b, g, r, i, j);
}
WHYCAM_HOT void gate3_relu(const Word* b, const float* const* g, float* r, std::int64_t i, std::int64_t j) {
  gate_loop<3, true>(b, g, r, i, j);
}

template <class Registers, int Gradients, bool Relu>
inline __attribute__((always_inline)) void gate_rows_loop(const std::uint16_t* bits, const GradientRows* g,
                                                          float* result, std::int64_t channels, std::int64_t begin,
                                                          std::int64_t end) {
  for (std::int64_t place = begin; place < end; ++place) {
    const float *first = g[0].first + place * g[0].row, *second = nullptr, *third = nullptr;
    if (Gradients > 1) second = g[1].first + place * g[1].row;
    if (Gradients > 2) third = g[2].first + place * g[2].row;
    const std::uint16_t* const of_place = bits + place * channels / lanes;
    float* const to = result + place * channels;
    for (std::int64_t c = 0; c < channels; c += Registers::size) {
      typename Registers::Numbers sum = numbers_at<Registers>(first + c).numbers;
      if (Gradients > 1) sum += numbers_at<Registers>(second + c).numbers;
      if (Gradients > 2) sum += numbers_at<Registers>(third + c).numbers;
      keep_where<Registers, Relu>(of_place[c / lanes], c % lanes, sum);
      numbers_at<Registers>(to + c).numbers = sum;
    }
  }
}

using GateOfRows = void (*)(const std::uint16_t*, const GradientRows*, float*, std::int64_t, std::int64_t,
                            std::int64_t);
#define WHYCAM_GATE(name, gradients, relu)                                                                             \
  WHYCAM_WIDTHS(                                                                                                       \
      name, (const std::uint16_t* b, const GradientRows* g, float* r, std::int64_t c, std::int64_t i, std::int64_t j), \
      (b, g, r, c, i, j), gate_rows_loop, gradients, relu)
WHYCAM_GATE(gate1_of_rows, 1, false)
WHYCAM_GATE(gate2_of_rows, 2, false)
WHYCAM_GATE(gate3_of_rows, 3, false)
WHYCAM_GATE(gate1_of_rows_relu, 1, true)
WHYCAM_GATE(gate2_of_rows_relu, 2, true)
WHYCAM_GATE(gate3_of_rows_relu, 3, true)
#undef WHYCAM_GATE

}  // namespace

void inside(const float* x, float low, float high, Word* bits, std::int64_t count) {
  auto part = std::isinf(high) ? above_part : inside_part;
#ifdef __x86_64__
  if (register_bits() == 512) part = std::isinf(high) ? inside_by_avx512<false> : inside_by_avx512<true>;
#endif
  in_parts(count, word_bits, [&](std::int64_t begin, std::int64_t end) {
    part(x + begin, low, high, bits + begin / word_bits, end - begin);
  });
}

void gate(const Word* bits, const float* const* gradients, std::size_t number, float* result, std::int64_t count,
          bool relu) {
  const auto part = relu ? (number == 1   ? gate1_relu
                            : number == 2 ? gate2_relu
                                          : gate3_relu)
                         : (number == 1   ? gate1
                            : number == 2 ? gate2
                                          : gate3);
  in_parts(count, word_bits, [&](std::int64_t begin, std::int64_t end) { part(bits, gradients, result, begin, end); });
}

void gate_rows(const std::uint16_t* bits, const GradientRows* gradients, std::size_t number, float* result,
               std::int64_t channels, std::int64_t places, bool relu) {
  const GateOfRows plain[] = {gate1_of_rows, gate2_of_rows, gate3_of_rows},
                   cut_off[] = {gate1_of_rows_relu, gate2_of_rows_relu, gate3_of_rows_relu};
  const GateOfRows part = (relu ? cut_off : plain)[number - 1];
  in_parts(places * channels, channels, [&](std::int64_t begin, std::int64_t end) {
    part(bits, gradients, result, channels, begin / channels, end / channels);
  });
}

}  // namespace whycam::onednn::kernels
