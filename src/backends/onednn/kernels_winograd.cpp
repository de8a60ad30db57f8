// The transforms of Winograd's algorithm, a register of channels at a time.
#include <algorithm>
#include <array>
#include <cmath>
#include <memory>
#include <utility>

#include "backends/onednn/kernels_winograd.h"
#include "backends/onednn/parallel.h"
#include "backends/onednn/vectors.h"

namespace whycam::onednn::kernels {
namespace {

// Tiles of 4 x 4 interpolate at 0, +-p, +-q and infinity with p q = 1: rounding errors are half those of the usual
// points 1 and 2.
constexpr double p = 0.70710678118654752440, q = 1.41421356237309504880, p2 = 0.5, q2 = 2, sum_of_squares = 2.5;

/// Transforms one dimension of a tile and its border, in place; `step` is from one element to the next.
template <class Registers, int Size>
inline __attribute__((always_inline)) void transform_in(typename Registers::Numbers* d, int step) {
  using Numbers = typename Registers::Numbers;
  if constexpr (Size == 2) {
    const Numbers d0 = d[0], d1 = d[step], d2 = d[2 * step], d3 = d[3 * step];
    d[0] = d0 - d2;
    d[step] = d1 + d2;
    d[2 * step] = d2 - d1;
    d[3 * step] = d1 - d3;
  } else {
    constexpr float fp = static_cast<float>(p), fq = static_cast<float>(q);
    constexpr float fp2 = p2, fq2 = q2, s = sum_of_squares;
    const Numbers d0 = d[0], d1 = d[step], d2 = d[2 * step], d3 = d[3 * step], d4 = d[4 * step], d5 = d[5 * step];
    const Numbers even_p = d4 - fq2 * d2, odd_p = d3 - fq2 * d1, even_q = d4 - fp2 * d2, odd_q = d3 - fp2 * d1;
    d[0] = d0 + d4 - s * d2;
    d[step] = even_p + fp * odd_p;
    d[2 * step] = even_p - fp * odd_p;
    d[3 * step] = even_q + fq * odd_q;
    d[4 * step] = even_q - fq * odd_q;
    d[5 * step] = d1 + d5 - s * d3;
  }
}

/// The same back, which leaves the first `Size` elements.
template <class Registers, int Size>
inline __attribute__((always_inline)) void transform_out(typename Registers::Numbers* m, int step) {
  using Numbers = typename Registers::Numbers;
  if constexpr (Size == 2) {
    const Numbers m1 = m[step], m2 = m[2 * step];
    m[0] = m[0] + m1 + m2;
    m[step] = m1 - m2 - m[3 * step];
  } else {
    constexpr float fp = static_cast<float>(p), fq = static_cast<float>(q), fp3 = static_cast<float>(p * p2),
                    fq3 = static_cast<float>(q * q2), fp2 = p2, fq2 = q2;
    const Numbers even_p = m[step] + m[2 * step], odd_p = m[step] - m[2 * step], even_q = m[3 * step] + m[4 * step],
                  odd_q = m[3 * step] - m[4 * step];
    m[0] = m[0] + even_p + even_q;
    m[step] = fp * odd_p + fq * odd_q;
    m[2 * step] = fp2 * even_p + fq2 * even_q;
    m[3 * step] = fp3 * odd_p + fq3 * odd_q + m[5 * step];
  }
}

/// The part of a tile that lies within the picture.
struct Inside {
  Inside(std::int64_t first, std::int64_t size, std::int64_t extent)
      : begin(static_cast<int>(std::max<std::int64_t>(0, -first))),
        end(static_cast<int>(std::min(size, extent - first))) {}
  int begin, end;
};

/// One tile with its border, whose first element would lie at `x`.
template <class Registers, int Size>
inline __attribute__((always_inline)) void tile_in(const float* x, std::int64_t row_step, std::int64_t channels,
                                                   Inside rows, Inside columns, float* to, std::int64_t step) {
  using Numbers = typename Registers::Numbers;
  constexpr int n = Size + 2;
  for (std::int64_t channel = 0; channel < channels; channel += Registers::size) {
    Numbers tile[n * n];
#pragma GCC unroll 6
    for (int column = 0; column < n; ++column) {
      const bool visible = column >= columns.begin && column < columns.end;
#pragma GCC unroll 6
      for (int row = 0; row < n; ++row)
        tile[row * n + column] = visible && row >= rows.begin && row < rows.end
                                     ? numbers_at<Registers>(x + row * row_step + column * channels + channel).numbers
                                     : Numbers{};
      transform_in<Registers, Size>(tile + column, n);
    }
#pragma GCC unroll 6
    for (int row = 0; row < n; ++row) {
      transform_in<Registers, Size>(tile + row * n, 1);
#pragma GCC unroll 6
      for (int column = 0; column < n; ++column)
        numbers_at<Registers>(to + (row * n + column) * step + channel).numbers = tile[row * n + column];
    }
  }
}

template <class Registers, int Size>
inline __attribute__((always_inline)) void tile_out(const float* from, std::int64_t step, std::int64_t row_step,
                                                    std::int64_t channels, Inside rows, Inside columns,
                                                    const WinogradTransforms::Finish& finish, float* y) {
  using Numbers = typename Registers::Numbers;
  constexpr int n = Size + 2;
  const Numbers zero{}, limit = zero + finish.limit;
  for (std::int64_t channel = 0; channel < channels; channel += Registers::size) {
    Numbers tile[n * n];
#pragma GCC unroll 6
    for (int column = 0; column < n; ++column) {
#pragma GCC unroll 6
      for (int row = 0; row < n; ++row)
        tile[row * n + column] = numbers_at<Registers>(from + (row * n + column) * step + channel).numbers;
      transform_out<Registers, Size>(tile + column, n);
    }
    const Numbers bias = finish.bias ? numbers_at<Registers>(finish.bias + channel).numbers : zero;
#pragma GCC unroll 4
    for (int row = 0; row < Size; ++row) {
      if (row >= rows.end) break;
      transform_out<Registers, Size>(tile + row * n, 1);
#pragma GCC unroll 4
      for (int column = 0; column < Size; ++column) {
        if (column >= columns.end) break;
        Unaligned<Registers>& to = numbers_at<Registers>(y + row * row_step + column * channels + channel);
        Numbers result = tile[row * n + column] + bias;
        if (finish.add) result += to.numbers;
        if (finish.relu) result = result < zero ? zero : result;
        if (finish.limit > 0) result = result > limit ? limit : result;
        to.numbers = result;
      }
    }
  }
}

/// A tile's place.
struct Tile {
  Tile(const WinogradTransforms& of, std::int64_t index)
      : column(index % of.tile_columns * of.tile_size),
        row(index / of.tile_columns % of.tile_rows * of.tile_size),
        first_row(index / of.tile_columns / of.tile_rows * of.height) {}
  std::int64_t column, row, first_row;
};

template <class Registers, int Size>
inline __attribute__((always_inline)) void tiles_in(const WinogradTransforms& of, const float* x, std::int64_t begin,
                                                    std::int64_t end, float* to, std::int64_t step) {
  for (std::int64_t i = begin; i < end; ++i) {
    const Tile tile(of, i);
    const std::int64_t place = ((tile.first_row + tile.row - 1) * of.width + tile.column - 1) * of.inputs;
    tile_in<Registers, Size>(x + place, of.width * of.inputs, of.inputs, Inside(tile.row - 1, Size + 2, of.height),
                             Inside(tile.column - 1, Size + 2, of.width), to + (i - begin) * of.inputs, step);
  }
}

template <class Registers, int Size>
inline __attribute__((always_inline)) void tiles_out(const WinogradTransforms& of, const float* from, std::int64_t step,
                                                     std::int64_t begin, std::int64_t end,
                                                     const WinogradTransforms::Finish& finish, float* y) {
  for (std::int64_t i = begin; i < end; ++i) {
    const Tile tile(of, i);
    const std::int64_t place = ((tile.first_row + tile.row) * of.width + tile.column) * of.outputs;
    tile_out<Registers, Size>(from + (i - begin) * of.outputs, step, of.width * of.outputs, of.outputs,
                              Inside(tile.row, Size, of.height), Inside(tile.column, Size, of.width), finish,
                              y + place);
  }
}

#define WHYCAM_IN(name, size)                                                                                       \
  WHYCAM_WIDTHS(                                                                                                    \
      name,                                                                                                         \
      (const WinogradTransforms& of, const float* x, std::int64_t i, std::int64_t j, float* to, std::int64_t step), \
      (of, x, i, j, to, step), tiles_in, size)
#define WHYCAM_OUT(name, size)                                                                                       \
  WHYCAM_WIDTHS(name,                                                                                                \
                (const WinogradTransforms& of, const float* from, std::int64_t step, std::int64_t i, std::int64_t j, \
                 const WinogradTransforms::Finish& finish, float* y),                                                \
                (of, from, step, i, j, finish, y), tiles_out, size)
WHYCAM_IN(small_in, 2)
WHYCAM_IN(large_in, 4)
WHYCAM_OUT(small_out, 2)
WHYCAM_OUT(large_out, 4)
#undef WHYCAM_IN
#undef WHYCAM_OUT

}  // namespace

WinogradTransforms::WinogradTransforms(const graph::Shape& x, const graph::Shape& y, std::int64_t size)
    : tile_size(size),
      examples(x[0]),
      inputs(x[1]),
      outputs(y[1]),
      height(x[2]),
      width(x[3]),
      tile_rows((height + size - 1) / size),
      tile_columns((width + size - 1) / size) {}

void WinogradTransforms::transform_input(const float* x, std::int64_t begin, std::int64_t end, float* to,
                                         std::int64_t step) const {
  (tile_size == 2 ? small_in : large_in)(*this, x, begin, end, to, step);
}

void WinogradTransforms::transform_output(const float* from, std::int64_t step, std::int64_t begin, std::int64_t end,
                                          Finish finish, float* y) const {
  (tile_size == 2 ? small_out : large_out)(*this, from, step, begin, end, finish, y);
}

namespace {

/// What a kernel of three is multiplied by.
using Factors = double[3];
constexpr Factors small_factors[4] = {{1, 0, 0}, {0.5, 0.5, 0.5}, {0.5, -0.5, 0.5}, {0, 0, 1}};
constexpr double at_p = 1 / (2 * p2 * (p2 - q2)), at_q = 1 / (2 * q2 * (q2 - p2));
constexpr Factors large_factors[6] = {{1, 0, 0},
                                      {at_p, at_p* p, at_p* p2},
                                      {at_p, -at_p* p, at_p* p2},
                                      {at_q, at_q* q, at_q* q2},
                                      {at_q, -at_q* q, at_q* q2},
                                      {0, 0, 1}};

/// 16 kernels side by side.
template <int N>
inline __attribute__((always_inline)) void transform_kernels(const double (&kernels)[9][lanes], const Factors* factors,
                                                             float (&result)[N * N][lanes]) {
  double half[N][3][lanes];
  for (int i = 0; i < N; ++i)
    for (int column = 0; column < 3; ++column)
      for (int lane = 0; lane < lanes; ++lane)
        half[i][column][lane] = factors[i][0] * kernels[column][lane] + factors[i][1] * kernels[3 + column][lane] +
                                factors[i][2] * kernels[6 + column][lane];
  for (int i = 0; i < N; ++i)
    for (int j = 0; j < N; ++j)
      for (int lane = 0; lane < lanes; ++lane)
        result[i * N + j][lane] = static_cast<float>(
            factors[j][0] * half[i][0][lane] + factors[j][1] * half[i][1][lane] + factors[j][2] * half[i][2][lane]);
}

/// Kernels that are transformed side by side, and those that follow: rows and columns of weights, or columns and rows.
struct Side {
  std::int64_t step, count;    ///< from a kernel to the next
  const std::int64_t* places;  ///< where they go
  const double* scales;        ///< may be null
  double scale(std::int64_t i) const { return scales ? scales[i] : 1; }
};

/// Of 16 kernels of one side, tap by tap.
template <int N>
inline __attribute__((always_inline)) void transform_side_by_side(const float (&taps)[9][lanes], const Side& one,
                                                                  bool follow, double other_scale,
                                                                  const Factors* factors,
                                                                  const std::int64_t* of_element, float* to) {
  double kernels[9][lanes], scales[lanes];
  for (int lane = 0; lane < lanes; ++lane) scales[lane] = one.scale(lane) * other_scale;
  for (int tap = 0; tap < 9; ++tap)
    for (int lane = 0; lane < lanes; ++lane) kernels[tap][lane] = scales[lane] * taps[tap][lane];
  float result[N * N][lanes];
  transform_kernels<N>(kernels, factors, result);
  for (int element = 0; element < N * N; ++element) {
    float* const target = to + of_element[element];
    if (follow)
      std::copy(result[element], result[element] + lanes, target + one.places[0]);
    else
      for (int lane = 0; lane < lanes; ++lane) target[one.places[lane]] = result[element][lane];
  }
}

WHYCAM_HOT void small_side_by_side(const float (&taps)[9][lanes], const Side& one, bool follow, double other_scale,
                                   const std::int64_t* of_element, float* to) {
  transform_side_by_side<4>(taps, one, follow, other_scale, small_factors, of_element, to);
}
WHYCAM_HOT void large_side_by_side(const float (&taps)[9][lanes], const Side& one, bool follow, double other_scale,
                                   const std::int64_t* of_element, float* to) {
  transform_side_by_side<6>(taps, one, follow, other_scale, large_factors, of_element, to);
}

/// Each part transforms 16 kernels that follow each other in the pack, which are of the outputs of the convolution.
class WeightTransform {
 public:
  WeightTransform(const float* from, WinogradPlaces places, std::vector<double> scales, bool turned, float* to)
      : from_(from),
        to_(to),
        at_(std::move(places)),
        scales_(std::move(scales)),
        turned_(turned),
        follow_(follow_each_other(turned ? at_.columns : at_.rows)) {
    for (std::int64_t tap = 0; tap < taps; ++tap)
      of_tap_[static_cast<std::size_t>(turned ? taps - 1 - tap : tap)] = tap * lanes;
  }

  std::int64_t parts() const { return one().count / lanes; }

  void transform(std::int64_t part) const {
    const auto transform = at_.elements.size() == 16 ? small_side_by_side : large_side_by_side;
    const Side all = one(), with = other();
    const std::int64_t first = part * lanes, numbers = size(at_.rows) * size(at_.columns) * taps;
    const Side of_part{all.step, lanes, all.places + first, all.scales ? all.scales + first : nullptr};
    for (std::int64_t i = 0; i < with.count; ++i) {
      const std::int64_t begin = first * all.step + i * with.step;
      float kernels[taps][lanes];
      put_side_by_side(from_ + begin, all.step, numbers - begin, of_tap_.data(), taps, &kernels[0][0]);
      transform(kernels, of_part, follow_, with.scale(i), at_.elements.data(), to_ + with.places[i]);
    }
  }

 private:
  static constexpr std::int64_t taps = 9;

  Side rows() const {
    return {size(at_.columns) * taps, size(at_.rows), at_.rows.data(), scales_.empty() ? nullptr : scales_.data()};
  }
  Side columns() const { return {taps, size(at_.columns), at_.columns.data(), nullptr}; }
  Side one() const { return turned_ ? columns() : rows(); }
  Side other() const { return turned_ ? rows() : columns(); }
  static std::int64_t size(const graph::Integers& places) { return static_cast<std::int64_t>(places.size()); }

  const float* const from_;
  float* const to_;
  const WinogradPlaces at_;
  const std::vector<double> scales_;
  const bool turned_, follow_;  ///< follow: places of kernels that are transformed side by side
  std::array<std::int64_t, taps> of_tap_{};
};

}  // namespace

Parts transform_weights(const float* from, WinogradPlaces places, std::vector<double> scales, bool turned, float* to) {
  const auto transform =
      std::make_shared<const WeightTransform>(from, std::move(places), std::move(scales), turned, to);
  return {transform->parts(), [transform](std::int64_t part) { transform->transform(part); }};
}

}  // namespace whycam::onednn::kernels
