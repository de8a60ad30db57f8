// Products and convolutions that leave zeros out.
#include <omp.h>

#include <algorithm>
#include <cstring>
#include <vector>

#include "backends/onednn/kernels.h"
#include "backends/onednn/parallel.h"
#include "backends/onednn/vectors.h"

namespace whycam::onednn::kernels {
namespace {

constexpr int at_once = 4;  // rows, whose sums stay in registers

/// What of a column is other than 0 in any of the rows.
void find_columns(const float* const* rows, std::int64_t size, std::vector<std::int64_t>& found) {
  found.clear();
  const std::int64_t whole = size / lanes;
  for (std::int64_t group = 0; group < whole; ++group) {
    unsigned bits = 0;
    for (int r = 0; r < at_once; ++r) {
      std::uint16_t of_row;
      find_others_than_0(rows[r] + group * lanes, &of_row, 1);
      bits |= of_row;
    }
    for (; bits != 0; bits &= bits - 1) found.push_back(group * lanes + __builtin_ctz(bits));
  }
  for (std::int64_t k = whole * lanes; k < size; ++k)
    if (std::any_of(rows, rows + at_once, [k](const float* row) { return row[k] != 0; })) found.push_back(k);
}

/// So many registers of each row's result.
template <class Registers, int Rows, int Count>
inline __attribute__((always_inline)) void sum_columns(const float* const* rows, const std::int64_t* found,
                                                       std::size_t count, const float* b, std::int64_t columns,
                                                       float* const* results) {
  typename Registers::Numbers sums[Rows][Count] = {};
  for (std::size_t i = 0; i < count; ++i) {
    const float* const numbers = b + found[i] * columns;
    for (int v = 0; v < Count; ++v) {
      const typename Registers::Numbers of_b = numbers_at<Registers>(numbers + v * Registers::size).numbers;
      for (int r = 0; r < Rows; ++r) sums[r][v] += rows[r][found[i]] * of_b;
    }
  }
  for (int r = 0; r < Rows; ++r)
    for (int v = 0; v < Count; ++v) numbers_at<Registers>(results[r] + v * Registers::size).numbers = sums[r][v];
}

template <class Registers, int Rows>
inline __attribute__((always_inline)) void sum_all_columns(const float* const* rows, const std::int64_t* found,
                                                           std::size_t count, const float* b, std::int64_t columns,
                                                           float* const* results) {
  constexpr int most = Registers::size == lanes ? 4 : 2;  // so many registers there are
  std::int64_t c = 0;
  float* to[Rows];
  for (; c + most * Registers::size <= columns; c += most * Registers::size) {
    for (int r = 0; r < Rows; ++r) to[r] = results[r] + c;
    sum_columns<Registers, Rows, most>(rows, found, count, b + c, columns, to);
  }
  for (; c + Registers::size <= columns; c += Registers::size) {
    for (int r = 0; r < Rows; ++r) to[r] = results[r] + c;
    sum_columns<Registers, Rows, 1>(rows, found, count, b + c, columns, to);
  }
  for (; c < columns; ++c)
    for (int r = 0; r < Rows; ++r) {
      float sum = 0;
      for (std::size_t i = 0; i < count; ++i) sum += rows[r][found[i]] * b[found[i] * columns + c];
      results[r][c] = sum;
    }
}
WHYCAM_WIDTHS(sum_rows,
              (const float* const* rows, const std::int64_t* found, std::size_t count, const float* b,
               std::int64_t columns, float* const* results),
              (rows, found, count, b, columns, results), sum_all_columns, at_once)

}  // namespace

void sparse_product(const float* a, const float* b, float* result, std::int64_t rows, std::int64_t size,
                    std::int64_t columns) {
  for_each(quotient_up(rows, at_once), at_once * std::max(size, columns), [&](std::int64_t i) {
    const float* of_a[at_once];
    float* to[at_once];
    for (int r = 0; r < at_once; ++r) {
      const std::int64_t row = std::min(i * at_once + r, rows - 1);  // the last one again, where there are no more
      of_a[r] = a + row * size;
      to[r] = result + row * columns;
    }
    thread_local std::vector<std::int64_t> found;
    find_columns(of_a, size, found);
    sum_rows(of_a, found.data(), found.size(), b, columns, to);
  });
}

namespace {

constexpr std::int64_t most_vectors = 6;  // of a row of the kernel, whose sums stay in registers

/// A number of the gradient other than 0.
struct Factor {
  float value;
  std::int32_t channel;
};

/// The numbers of `places` places that are not 0: those of place i end before ends[i].
WHYCAM_HOT void find_factors(const float* y, std::int64_t places, std::int64_t channels, Factor* factors,
                             std::int32_t* ends) {
  std::uint16_t bits[lanes];
  std::int32_t count = 0;
  for (std::int64_t place = 0; place < places; ++place, y += channels) {
    for (std::int64_t first = 0; first < channels; first += lanes * lanes) {
      const std::int64_t groups = std::min(lanes, (channels - first) / lanes);
      find_others_than_0(y + first, bits, groups);
      for (std::int64_t g = 0; g < groups; ++g)
        for (unsigned left = bits[g]; left != 0; left &= left - 1) {
          const auto channel = static_cast<std::int32_t>(first + g * lanes + __builtin_ctz(left));
          factors[count++] = {y[channel], channel};
        }
    }
    ends[place] = count;
  }
}

/// The factors of one row of the gradient.
struct RowOfFactors {
  const Factor* factors;
  const std::int32_t* ends;
  std::int64_t places;
};

/// Adds each factor times `Count` numbers of its channel's kernel to where its place lies.
template <class Registers, std::int64_t Count>
inline __attribute__((always_inline)) void add_factors(const RowOfFactors& row, const float* weights, float* to,
                                                       std::int64_t step) {
  using Numbers = typename Registers::Numbers;
  constexpr std::int64_t size = Registers::size, vectors = Count / size;
  std::int32_t i = 0;
  for (std::int64_t place = 0; place < row.places; ++place, to += step) {
    const std::int32_t end = row.ends[place];
    if (i == end) continue;
    Numbers sums[vectors];
    for (std::int64_t v = 0; v < vectors; ++v) sums[v] = numbers_at<Registers>(to + v * size).numbers;
    for (; i < end; ++i) {
      const float value = row.factors[i].value;
      const float* const kernel = weights + row.factors[i].channel * Count;
      for (std::int64_t v = 0; v < vectors; ++v) sums[v] += value * numbers_at<Registers>(kernel + v * size).numbers;
    }
    for (std::int64_t v = 0; v < vectors; ++v) numbers_at<Registers>(to + v * size).numbers = sums[v];
  }
}

#define WHYCAM_ADD(vectors)                                                                                   \
  WHYCAM_WIDTHS(add_##vectors, (const RowOfFactors& row, const float* weights, float* to, std::int64_t step), \
                (row, weights, to, step), add_factors, vectors* lanes)
WHYCAM_ADD(1)
WHYCAM_ADD(2)
WHYCAM_ADD(3)
WHYCAM_ADD(4)
WHYCAM_ADD(5)
WHYCAM_ADD(6)
#undef WHYCAM_ADD
constexpr auto add = {add_1, add_2, add_3, add_4, add_5, add_6};  // by vectors of 16 numbers, from 1
static_assert(add.size() == most_vectors);

std::int64_t vectors_of(const SparseConvolution& of) { return of.kernel_columns * of.channels / lanes; }

/// Where a slice of a row of the kernel begins, in vectors.
std::int64_t begin_of(const SparseConvolution& of, std::int64_t slice) { return slice * vectors_of(of) / of.slices; }

/// Rows of the gradient that meet a band of x.
std::int64_t most_rows(const SparseConvolution& of) { return (of.band_rows + of.kernel_rows - 2) / of.row_stride + 1; }

/// What a thread writes to.
struct Band {
  Band(const SparseConvolution& of, float* scratch)
      : sums(scratch),
        factors(reinterpret_cast<Factor*>(sums + of.band_rows * of.band_width)),
        ends(reinterpret_cast<std::int32_t*>(factors + most_rows(of) * of.columns * of.outputs)) {}
  float* sums;
  Factor* factors;
  std::int32_t* ends;
};

/// The rows of one example's x from `begin` to `end`.
void fill_band(const SparseConvolution& of, const float* y, const float* weights, std::int64_t begin, std::int64_t end,
               const Band& band) {
  std::memset(band.sums, 0, static_cast<std::size_t>((end - begin) * of.band_width) * sizeof(float));
  const std::int64_t first =
      std::max<std::int64_t>(0, quotient_up(begin + of.padding_rows - of.kernel_rows + 1, of.row_stride));
  const std::int64_t last = std::min(of.rows, (end - 1 + of.padding_rows) / of.row_stride + 1);
  const std::int64_t of_row = of.columns * of.outputs;
  for (std::int64_t row = first; row < last; ++row)
    find_factors(y + row * of_row, of.columns, of.outputs, band.factors + (row - first) * of_row,
                 band.ends + (row - first) * of.columns);
  for (std::int64_t kernel_row = 0; kernel_row < of.kernel_rows; ++kernel_row)
    for (std::int64_t slice = 0; slice < of.slices; ++slice) {
      const std::int64_t at = begin_of(of, slice), vectors = begin_of(of, slice + 1) - at;
      const float* const kernels = weights + (kernel_row * vectors_of(of) + at) * of.outputs * lanes;
      for (std::int64_t row = first; row < last; ++row) {
        const std::int64_t to = row * of.row_stride - of.padding_rows + kernel_row;
        if (to >= begin && to < end)
          add.begin()[vectors - 1](
              {band.factors + (row - first) * of_row, band.ends + (row - first) * of.columns, of.columns}, kernels,
              band.sums + (to - begin) * of.band_width + at * lanes, of.column_stride * of.channels);
      }
    }
}

}  // namespace

SparseConvolution::SparseConvolution(const graph::Shape& y, const graph::Shape& weights, const graph::Shape& x,
                                     const graph::ConvolutionAttributes& a)
    : TransposedConvolution(y, weights, x, a),
      outputs(y[1]),
      slices(quotient_up(kernel_columns * channels / lanes, most_vectors)),
      band_width(std::max(width + padding_columns, (columns - 1) * column_stride + kernel_columns) * channels) {
  // A band stays in the second-level cache, and each thread has some to do.
  constexpr std::int64_t cached = 1 << 17, bands_of_a_thread = 4;
  band_rows = std::min(cached / band_width, examples * height / (bands_of_a_thread * threads()));
  band_rows = std::max<std::int64_t>(1, std::min(band_rows, height));
}

bool SparseConvolution::fits(const graph::Shape& weights, const graph::ConvolutionAttributes& a) {
  return TransposedConvolution::fits(weights, a) && weights[0] % lanes == 0 && weights[1] % lanes == 0;
}

std::int64_t SparseConvolution::scratch_of_a_thread() const {
  const std::int64_t places = most_rows(*this) * columns;
  return band_rows * band_width + places * outputs * 2 + quotient_up(places, lanes) * lanes;
}

void SparseConvolution::pack(const float* from, float* to) const {
  for (std::int64_t kernel_row = 0; kernel_row < kernel_rows; ++kernel_row)
    for (std::int64_t slice = 0; slice < slices; ++slice) {
      const std::int64_t begin = begin_of(*this, slice) * lanes, end = begin_of(*this, slice + 1) * lanes;
      for (std::int64_t o = 0; o < outputs; ++o)
        for (std::int64_t i = begin; i < end; ++i) {
          const std::int64_t column = i / channels, c = i % channels;
          *to++ = from[((o * channels + c) * kernel_rows + kernel_row) * kernel_columns + column];
        }
    }
}

void SparseConvolution::run(const float* y, const float* weights, float* scratch, float* x) const {
  const std::int64_t bands = quotient_up(height, band_rows);
#pragma omp parallel for schedule(dynamic)
  for (std::int64_t i = 0; i < examples * bands; ++i) {
    const std::int64_t example = i / bands, begin = i % bands * band_rows, end = std::min(height, begin + band_rows);
    const Band band(*this, scratch + omp_get_thread_num() * scratch_of_a_thread());
    fill_band(*this, y + example * rows * columns * outputs, weights, begin, end, band);
    const float* from = band.sums + padding_columns * channels;
    float* to = x + (example * height + begin) * width * channels;
    for (std::int64_t row = begin; row < end; ++row, from += band_width) to = std::copy_n(from, width * channels, to);
  }
}

}  // namespace whycam::onednn::kernels
