// Weights on their way into a plan.
#include <algorithm>

#include "backends/onednn/kernels.h"
#include "backends/onednn/parallel.h"

namespace whycam::onednn::kernels {
namespace {

constexpr std::int64_t tile = 16;

/// A tile of weights, which stays in the nearest cache together with where it goes.
WHYCAM_HOT void pack_tile(const float* from, const WeightPlaces& places, const double* scales, float* to,
                          std::int64_t first_row, std::int64_t end_row, std::int64_t first_column,
                          std::int64_t end_column) {
  const std::int64_t columns = static_cast<std::int64_t>(places.columns.size()),
                     taps = static_cast<std::int64_t>(places.taps.size());
  const std::int64_t *column_places = places.columns.data(), *tap_places = places.taps.data();
  for (std::int64_t row = first_row; row < end_row; ++row) {
    const double scale = scales ? scales[row] : 1;
    float* const to_row = to + places.rows[static_cast<std::size_t>(row)];
    const float* numbers = from + (row * columns + first_column) * taps;
    for (std::int64_t column = first_column; column < end_column; ++column)
      for (std::int64_t tap = 0; tap < taps; ++tap)
        to_row[column_places[column] + tap_places[tap]] = static_cast<float>(*numbers++ * scale);
  }
}

}  // namespace

void pack_weights(const float* from, const WeightPlaces& places, const std::vector<double>& scales, float* to) {
  const std::int64_t rows = static_cast<std::int64_t>(places.rows.size()),
                     columns = static_cast<std::int64_t>(places.columns.size());
  const std::int64_t taps = static_cast<std::int64_t>(places.taps.size());
  if (rows * columns * taps < places.numbers) std::fill(to, to + places.numbers, 0.0F);
  for_each(quotient_up(rows, tile), tile * columns * taps, [&](std::int64_t part) {
    for (std::int64_t column = 0; column < columns; column += tile)
      pack_tile(from, places, scales.empty() ? nullptr : scales.data(), to, part * tile,
                std::min(rows, (part + 1) * tile), column, std::min(columns, column + tile));
  });
}

}  // namespace whycam::onednn::kernels
