// Weights on their way into a plan.
#include <algorithm>
#include <memory>
#include <utility>

#include "backends/onednn/kernels.h"
#include "backends/onednn/parallel.h"
#include "backends/onednn/vectors.h"

namespace whycam::onednn::kernels {
namespace {

template <class Registers, int Rows>
inline __attribute__((always_inline)) void rows_side_by_side(const float* from, std::int64_t step,
                                                             std::int64_t readable, const std::int64_t* places,
                                                             std::int64_t count, float* to) {
  constexpr int n = Registers::size;
  for (std::int64_t i = 0; i < count; i += n) {
    const std::int64_t end = std::min<std::int64_t>(count, i + n);
    if ((Rows - 1) * step + i + n > readable) {
      for (std::int64_t j = i; j < end; ++j)
        for (int row = 0; row < Rows; ++row) to[places[j] + row] = from[row * step + j];
      continue;
    }
    for (int first = 0; first < Rows; first += n) {
      typename Registers::Numbers square[n];
#pragma GCC unroll 16
      for (int row = 0; row < n; ++row) square[row] = numbers_at<Registers>(from + (first + row) * step + i).numbers;
      transpose<Registers>(square);
#pragma GCC unroll 16
      for (int j = 0; j < n; ++j)
        if (i + j < end) numbers_at<Registers>(to + places[i + j] + first).numbers = square[j];
    }
  }
}

}  // namespace

WHYCAM_WIDTHS(put_side_by_side,
              (const float* from, std::int64_t step, std::int64_t readable, const std::int64_t* places,
               std::int64_t count, float* to),
              (from, step, readable, places, count, to), rows_side_by_side, lanes)

bool follow_each_other(const graph::Integers& places) {
  for (std::size_t i = 0; i < places.size(); ++i)
    if (i % lanes != 0 && places[i] != places[i - 1] + 1) return false;
  return true;
}

namespace {

WHYCAM_HOT void scale_numbers(const float* from, double scale, std::int64_t count, float* to) {
  for (std::int64_t i = 0; i < count; ++i) to[i] = static_cast<float>(from[i] * scale);
}

/// Each part packs 16 rows.
class Packing {
 public:
  Packing(const float* from, WeightPlaces places, std::vector<double> scales, float* to)
      : from_(from),
        to_(to),
        at_(std::move(places)),
        scales_(std::move(scales)),
        rows_follow_(follow_each_other(at_.rows)),
        columns_follow_(follow_each_other(at_.columns)) {
    for (const std::int64_t column : at_.columns)
      for (const std::int64_t tap : at_.taps) in_row_.push_back(column + tap);
  }

  std::int64_t parts() const { return fills_all() ? quotient_up(size(at_.rows), lanes) : 1; }

  void pack(std::int64_t part) const {
    if (fills_all()) return pack_rows(part * lanes);
    std::fill(to_, to_ + at_.numbers, 0.0F);
    for (std::int64_t row = 0; row < size(at_.rows); row += lanes) pack_rows(row);
  }

 private:
  static std::int64_t size(const graph::Integers& places) { return static_cast<std::int64_t>(places.size()); }
  bool fills_all() const { return size(at_.rows) * size(in_row_) == at_.numbers; }
  std::int64_t taps() const { return size(at_.taps); }
  std::int64_t row_size() const { return at_.column_count * taps(); }

  void pack_rows(std::int64_t first) const {
    const std::int64_t rows = std::max<std::int64_t>(0, std::min(lanes, at_.row_count - first));
    const float* from = rows > 0 ? from_ + first * row_size() : from_;
    std::int64_t readable = (at_.row_count - first) * row_size();
    std::vector<float> scaled;
    if (!scales_.empty() && rows > 0) {
      readable = rows * row_size();
      scaled.resize(static_cast<std::size_t>(readable));
      for (std::int64_t row = 0; row < rows; ++row)
        scale_numbers(from + row * row_size(), scales_[static_cast<std::size_t>(first + row)], row_size(),
                      scaled.data() + row * row_size());
      from = scaled.data();
    }
    const std::int64_t* const of_row = at_.rows.data() + first;
    const bool at_once = rows_follow_ && rows == lanes;
    if (at_once) put_side_by_side(from, row_size(), readable, in_row_.data(), row_size(), to_ + of_row[0]);
    for (std::int64_t row = 0; row < rows && !at_once; ++row)
      put_row(from + row * row_size(), readable - row * row_size(), to_ + of_row[row]);
    for (std::int64_t row = 0; row < std::min(lanes, size(at_.rows) - first); ++row)
      for (std::int64_t i = row < rows ? row_size() : 0; i < size(in_row_); ++i)
        to_[of_row[row] + in_row_[static_cast<std::size_t>(i)]] = 0.0F;
  }

  void put_row(const float* from, std::int64_t readable, float* to) const {
    std::int64_t column = 0;
    for (; columns_follow_ && column + lanes <= at_.column_count; column += lanes) {
      const float* const numbers = from + column * taps();
      float* const target = to + at_.columns[static_cast<std::size_t>(column)];
      if (taps() == 1)
        std::copy(numbers, numbers + lanes, target + at_.taps[0]);
      else
        put_side_by_side(numbers, taps(), readable - column * taps(), at_.taps.data(), taps(), target);
    }
    for (std::int64_t i = column * taps(); i < row_size(); ++i) to[in_row_[static_cast<std::size_t>(i)]] = from[i];
  }

  const float* const from_;
  float* const to_;
  const WeightPlaces at_;
  const std::vector<double> scales_;
  const bool rows_follow_, columns_follow_;
  graph::Integers in_row_;  ///< where a row's numbers go
};

}  // namespace

void do_all(const Parts& parts) {
  for (std::int64_t part = 0; part < parts.count; ++part) parts.work(part);
}

Parts pack_weights(const float* from, WeightPlaces places, std::vector<double> scales, float* to) {
  const auto packing = std::make_shared<const Packing>(from, std::move(places), std::move(scales), to);
  return {packing->parts(), [packing](std::int64_t part) { packing->pack(part); }};
}

void unpack_weights(const float* from, const WeightPlaces& places, float* to) {
  const auto taps = static_cast<std::int64_t>(places.taps.size()), row_size = places.column_count * taps;
  for_each(places.row_count, row_size, [&](std::int64_t row) {
    const float* const of_row = from + places.rows[static_cast<std::size_t>(row)];
    float* next = to + row * row_size;
    for (std::int64_t column = 0; column < places.column_count; ++column)
      for (const std::int64_t tap : places.taps)
        *next++ = of_row[places.columns[static_cast<std::size_t>(column)] + tap];
  });
}

}  // namespace whycam::onednn::kernels
