// A gradient on its way to a picture.
#ifdef __x86_64__
#include <immintrin.h>
#endif
#include <omp.h>

#include <algorithm>
#include <cstring>

#include "backends/onednn/kernels.h"
#include "backends/onednn/parallel.h"
#include "backends/onednn/processor.h"
#include "backends/onednn/vectors.h"

namespace whycam::onednn::kernels {
namespace {

constexpr std::int64_t band_rows = 16;

/// A row of the gradient: its channels lie in groups of 16, `group_step` apart; of each group and place 16 bits say
/// which are not 0.
struct Row {
  const float* values;
  const std::uint16_t* others_than_0;
  std::int64_t places, groups, place_step, group_step, place_bits, group_bits;
};

/// Adds all channels of a place to `Rows` rows of the picture, 16 * Vectors numbers of each. The sums stay in registers
/// meanwhile.
template <class Registers, int Rows, int Vectors>
inline __attribute__((always_inline)) void add_place(const Row& row, std::int64_t place, const float* weights,
                                                     std::int64_t weights_step, float* to, std::int64_t to_step) {
  using Numbers = typename Registers::Numbers;
  constexpr std::int64_t size = Registers::size, of_row = Vectors * lanes / size;
  Numbers sums[Rows][of_row];
  for (int r = 0; r < Rows; ++r)
    for (int v = 0; v < of_row; ++v) sums[r][v] = numbers_at<Registers>(to + r * to_step + v * size).numbers;
  for (std::int64_t first = 0; first < row.groups; first += 4) {
    std::uint64_t bits = 0;
    for (std::int64_t g = first; g < std::min(row.groups, first + 4); ++g)
      bits |= static_cast<std::uint64_t>(row.others_than_0[place * row.place_bits + g * row.group_bits])
              << (g - first) * lanes;
    for (; bits != 0; bits &= bits - 1) {
      const std::int64_t channel = first * lanes + __builtin_ctzll(bits);
      const float value = row.values[place * row.place_step + channel / lanes * row.group_step + channel % lanes];
      const float* const kernel = weights + channel * weights_step;
      for (int r = 0; r < Rows; ++r)
        for (int v = 0; v < of_row; ++v)
          sums[r][v] += value * numbers_at<Registers>(kernel + (r * of_row + v) * size).numbers;
    }
  }
  for (int r = 0; r < Rows; ++r)
    for (int v = 0; v < of_row; ++v) numbers_at<Registers>(to + r * to_step + v * size).numbers = sums[r][v];
}

template <class Registers, int Rows, int Vectors>
inline __attribute__((always_inline)) std::int64_t add_places(const Row& row, const float* weights,
                                                              std::int64_t weights_step, float* to,
                                                              std::int64_t to_step, std::int64_t to_place_step) {
  for (std::int64_t i = 0; i < row.places; ++i)
    add_place<Registers, Rows, Vectors>(row, i, weights, weights_step, to + i * to_place_step, to_step);
  return Rows;
}

/// Adds the first of `rows` rows of the kernel, as many as fit into the registers; `added` says how many they were.
template <class Registers, int Vectors>
inline __attribute__((always_inline)) void add_first_rows(std::int64_t rows, const Row& row, const float* w,
                                                          std::int64_t w_step, float* to, std::int64_t to_step,
                                                          std::int64_t to_place_step, std::int64_t& added) {
  constexpr int most =
      (Registers::size == lanes ? 15 : 12 * static_cast<int>(Registers::size) / static_cast<int>(lanes)) / Vectors;
  if constexpr (most >= 7)
    if (rows >= 7) return void(added = add_places<Registers, 7, Vectors>(row, w, w_step, to, to_step, to_place_step));
  if constexpr (most >= 5)
    if (rows >= 5) return void(added = add_places<Registers, 5, Vectors>(row, w, w_step, to, to_step, to_place_step));
  if constexpr (most >= 3)
    if (rows >= 3) return void(added = add_places<Registers, 3, Vectors>(row, w, w_step, to, to_step, to_place_step));
  if constexpr (most >= 2)
    if (rows >= 2) return void(added = add_places<Registers, 2, Vectors>(row, w, w_step, to, to_step, to_place_step));
  added = add_places<Registers, 1, Vectors>(row, w, w_step, to, to_step, to_place_step);
}

#define WHYCAM_ADD_ROWS(vectors)                                                                    \
  WHYCAM_WIDTHS(add_rows_##vectors,                                                                 \
                (std::int64_t rows, const Row& row, const float* w, std::int64_t w_step, float* to, \
                 std::int64_t to_step, std::int64_t to_place_step, std::int64_t& added),            \
                (rows, row, w, w_step, to, to_step, to_place_step, added), add_first_rows, vectors)
WHYCAM_ADD_ROWS(1)
WHYCAM_ADD_ROWS(2)
WHYCAM_ADD_ROWS(3)
#undef WHYCAM_ADD_ROWS

void find_plainly(const float* x, std::uint16_t* bits, std::int64_t groups) {
  for (std::int64_t g = 0; g < groups; ++g) {
    std::uint32_t word = 0;
    for (int i = 0; i < lanes; ++i) word |= static_cast<std::uint32_t>(x[g * lanes + i] != 0) << i;
    bits[g] = static_cast<std::uint16_t>(word);
  }
}

#ifdef __x86_64__
// Instructions that compilers do not find by themselves.

__attribute__((target("avx2"))) void find_by_avx2(const float* x, std::uint16_t* bits, std::int64_t groups) {
  for (std::int64_t g = 0; g < groups; ++g) {
    const __m256 low = _mm256_loadu_ps(x + g * lanes), high = _mm256_loadu_ps(x + g * lanes + lanes / 2);
    const int of_low = _mm256_movemask_ps(_mm256_cmp_ps(low, _mm256_setzero_ps(), _CMP_NEQ_UQ)),
              of_high = _mm256_movemask_ps(_mm256_cmp_ps(high, _mm256_setzero_ps(), _CMP_NEQ_UQ));
    bits[g] = static_cast<std::uint16_t>(of_low | of_high << lanes / 2);
  }
}

__attribute__((target("avx512f"))) void find_by_avx512(const float* x, std::uint16_t* bits, std::int64_t groups) {
  for (std::int64_t g = 0; g < groups; ++g)
    bits[g] = _mm512_cmp_ps_mask(_mm512_loadu_ps(x + g * lanes), _mm512_setzero_ps(), _CMP_NEQ_UQ);
}
#endif

}  // namespace

void find_others_than_0(const float* x, std::uint16_t* bits, std::int64_t groups) {
#ifdef __x86_64__
  if (register_bits() == 512) return find_by_avx512(x, bits, groups);
  if (register_bits() == 256) return find_by_avx2(x, bits, groups);
#endif
  find_plainly(x, bits, groups);
}

TransposedConvolution::TransposedConvolution(const graph::Shape& y, const graph::Shape& weights, const graph::Shape& x,
                                             const graph::ConvolutionAttributes& a)
    : examples(x[0]),
      channels(x[1]),
      height(x[2]),
      width(x[3]),
      rows(y[2]),
      columns(y[3]),
      kernel_rows(weights[2]),
      kernel_columns(weights[3]),
      row_stride(a.strides[0]),
      column_stride(a.strides[1]),
      padding_rows(a.padding_begin[0]),
      padding_columns(a.padding_begin[1]) {}

bool TransposedConvolution::fits(const graph::Shape& weights, const graph::ConvolutionAttributes& a) {
  return weights.size() == 4 && a.groups == 1 && a.dilation == graph::Integers{1, 1} && a.padding_begin[0] >= 0 &&
         a.padding_begin[1] >= 0;
}

Scatter::Scatter(const graph::Shape& y, Layout layout, const graph::Shape& weights, const graph::Shape& x,
                 const graph::ConvolutionAttributes& a)
    : TransposedConvolution(y, weights, x, a),
      groups(quotient_up(y[1], lanes)),
      channels_last(is_channels_last(y, layout)),
      vectors(quotient_up(kernel_columns * channels, lanes)) {
  const std::int64_t seen = (width + padding_columns) * channels,
                     written = (columns - 1) * column_stride * channels + vectors * lanes;
  band_width = std::max(seen, written);
}

bool Scatter::fits(const graph::Shape& weights, const graph::Shape& x, const graph::ConvolutionAttributes& a) {
  return TransposedConvolution::fits(weights, a) && x[1] <= 4 && weights[3] * x[1] <= 3 * lanes;
}

std::int64_t Scatter::scratch_of_a_thread() const { return band_rows * band_width + columns * groups; }
std::int64_t Scatter::scratch() const { return threads() * scratch_of_a_thread(); }
std::int64_t Scatter::packed() const { return groups * lanes * kernel_rows * vectors * lanes; }

void Scatter::pack(const float* from, std::int64_t outputs, float* to) const {
  std::fill(to, to + packed(), 0.0F);
  for (std::int64_t o = 0; o < outputs; ++o)
    for (std::int64_t c = 0; c < channels; ++c)
      for (std::int64_t r = 0; r < kernel_rows; ++r)
        for (std::int64_t s = 0; s < kernel_columns; ++s)
          to[(o * kernel_rows + r) * vectors * lanes + s * channels + c] =
              from[((o * channels + c) * kernel_rows + r) * kernel_columns + s];
}

namespace {

/// A row of the gradient, with its bits.
Row row_of(const Scatter& of, const float* y, std::int64_t example, std::int64_t row, std::uint16_t* bits) {
  const std::int64_t area = of.rows * of.columns, all = of.groups * lanes;
  if (of.channels_last) {
    const float* values = y + (example * area + row * of.columns) * all;
    find_others_than_0(values, bits, of.columns * of.groups);
    return {values, bits, of.columns, of.groups, all, lanes, of.groups, 1};
  }
  const float* values = y + example * area * all + row * of.columns * lanes;
  for (std::int64_t g = 0; g < of.groups; ++g)
    find_others_than_0(values + g * area * lanes, bits + g * of.columns, of.columns);
  return {values, bits, of.columns, of.groups, lanes, area * lanes, 1, of.columns};
}

/// The rows of one example's picture from `begin` to `end`.
void fill_band(const Scatter& of, const float* y, const float* weights, std::int64_t example, std::int64_t begin,
               std::int64_t end, float* band) {
  std::memset(band, 0, static_cast<std::size_t>((end - begin) * of.band_width) * sizeof(float));
  auto* bits = reinterpret_cast<std::uint16_t*>(band + band_rows * of.band_width);
  const auto add = of.vectors == 1 ? add_rows_1 : of.vectors == 2 ? add_rows_2 : add_rows_3;
  for (std::int64_t y_row = 0; y_row < of.rows; ++y_row) {
    const std::int64_t top = y_row * of.row_stride - of.padding_rows;  // where the kernel's first row lies
    const std::int64_t first = std::max<std::int64_t>(0, begin - top), last = std::min(of.kernel_rows, end - top);
    if (first >= last) continue;
    const Row row = row_of(of, y, example, y_row, bits);
    for (std::int64_t r = first, added = 0; r < last; r += added)
      add(last - r, row, weights + r * of.vectors * lanes, of.kernel_rows * of.vectors * lanes,
          band + (top + r - begin) * of.band_width, of.band_width, of.column_stride * of.channels, added);
  }
}

}  // namespace

void Scatter::run(const float* y, const float* weights, float* scratch, float* x) const {
  const std::int64_t bands = quotient_up(height, band_rows);
#pragma omp parallel for schedule(dynamic)
  for (std::int64_t i = 0; i < examples * bands; ++i) {
    const std::int64_t example = i / bands, begin = i % bands * band_rows, end = std::min(height, begin + band_rows);
    float* band = scratch + omp_get_thread_num() * scratch_of_a_thread();
    fill_band(*this, y, weights, example, begin, end, band);
    for (std::int64_t c = 0; c < channels; ++c)
      for (std::int64_t h = begin; h < end; ++h) {
        const float* from = band + (h - begin) * band_width + padding_columns * channels + c;
        float* to = x + ((example * channels + c) * height + h) * width;
        for (std::int64_t w = 0; w < width; ++w) to[w] = from[w * channels];
      }
  }
}

}  // namespace whycam::onednn::kernels
