// Weights on their way into a plan.
#include <algorithm>

#include "backends/onednn/kernels.h"
#include "backends/onednn/parallel.h"

namespace whycam::onednn::kernels {
namespace {

constexpr std::int64_t tile = 16;

/// Some rows and columns of weights, which stay in the nearest cache while they are put where they go.
struct Tile {
  std::int64_t first_row, rows, first_column, columns;
};

/// Row by row: rows can be a multiple of a cache's size apart, and read side by side they would push each other out.
WHYCAM_HOT void take(const float* from, const Tile& at, std::int64_t all_columns, std::int64_t taps,
                     const double* scales, float* numbers) {
  const std::int64_t count = at.columns * taps;
  for (std::int64_t row = 0; row < at.rows; ++row) {
    const float* const source = from + ((at.first_row + row) * all_columns + at.first_column) * taps;
    float* const target = numbers + row * tile * taps;
    if (scales) {
      const double scale = scales[at.first_row + row];
      WHYCAM_INDEPENDENT
      for (std::int64_t i = 0; i < count; ++i) target[i] = static_cast<float>(source[i] * scale);
    } else {
      std::copy(source, source + count, target);
    }
  }
}

/// Where 16 rows follow each other: a number of each, column by column and tap by tap.
WHYCAM_HOT void put_rows(const float* numbers, std::int64_t columns, const std::int64_t* column_places,
                         std::int64_t taps, const std::int64_t* tap_places, float* to) {
  const std::int64_t row = tile * taps;
  for (std::int64_t column = 0; column < columns; ++column)
    for (std::int64_t tap = 0; tap < taps; ++tap) {
      const float* const source = numbers + column * taps + tap;
      float* const target = to + column_places[column] + tap_places[tap];
      WHYCAM_INDEPENDENT
      for (std::int64_t i = 0; i < tile; ++i) target[i] = source[i * row];
    }
}

/// Where 16 columns follow each other.
WHYCAM_HOT void put_columns(const float* numbers, std::int64_t rows, const std::int64_t* row_places, std::int64_t taps,
                            const std::int64_t* tap_places, float* to) {
  for (std::int64_t row = 0; row < rows; ++row)
    for (std::int64_t tap = 0; tap < taps; ++tap) {
      const float* const source = numbers + row * tile * taps + tap;
      float* const target = to + row_places[row] + tap_places[tap];
      WHYCAM_INDEPENDENT
      for (std::int64_t i = 0; i < tile; ++i) target[i] = source[i * taps];
    }
}

WHYCAM_HOT void put_each(const float* numbers, const Tile& at, const std::int64_t* row_places,
                         const std::int64_t* column_places, std::int64_t taps, const std::int64_t* tap_places,
                         float* to) {
  for (std::int64_t row = 0; row < at.rows; ++row)
    for (std::int64_t column = 0; column < at.columns; ++column)
      for (std::int64_t tap = 0; tap < taps; ++tap)
        to[row_places[row] + column_places[column] + tap_places[tap]] = numbers[(row * tile + column) * taps + tap];
}

/// Whether these are 16 places, each right behind the one before.
bool follow_each_other(const std::int64_t* places, std::int64_t count) {
  for (std::int64_t i = 0; i < count; ++i)
    if (places[i] != places[0] + i) return false;
  return count == tile;
}

void put(const float* numbers, const Tile& at, const WeightPlaces& places, float* to) {
  const std::int64_t *rows = places.rows.data() + at.first_row, *columns = places.columns.data() + at.first_column,
                     *taps = places.taps.data();
  const auto tap_count = static_cast<std::int64_t>(places.taps.size());
  if (follow_each_other(rows, at.rows))
    put_rows(numbers, at.columns, columns, tap_count, taps, to + rows[0]);
  else if (follow_each_other(columns, at.columns))
    put_columns(numbers, at.rows, rows, tap_count, taps, to + columns[0]);
  else
    put_each(numbers, at, rows, columns, tap_count, taps, to);
}

}  // namespace

void pack_weights(const float* from, const WeightPlaces& places, const std::vector<double>& scales, float* to) {
  const std::int64_t rows = static_cast<std::int64_t>(places.rows.size()),
                     columns = static_cast<std::int64_t>(places.columns.size());
  const std::int64_t taps = static_cast<std::int64_t>(places.taps.size());
  if (rows * columns * taps < places.numbers) std::fill(to, to + places.numbers, 0.0F);
  for_each(quotient_up(rows, tile), tile * columns * taps, [&](std::int64_t part) {
    std::vector<float> numbers(static_cast<std::size_t>(tile * tile * taps));
    for (std::int64_t column = 0; column < columns; column += tile) {
      const Tile at{part * tile, std::min(tile, rows - part * tile), column, std::min(tile, columns - column)};
      take(from, at, columns, taps, scales.empty() ? nullptr : scales.data(), numbers.data());
      put(numbers.data(), at, places, to);
    }
  });
}

void unpack_weights(const float* from, const WeightPlaces& places, float* to) {
  const auto columns = static_cast<std::int64_t>(places.columns.size()),
             taps = static_cast<std::int64_t>(places.taps.size());
  for_each(static_cast<std::int64_t>(places.rows.size()), columns * taps, [&](std::int64_t row) {
    const float* const of_row = from + places.rows[static_cast<std::size_t>(row)];
    float* next = to + row * columns * taps;
    for (const std::int64_t column : places.columns)
      for (const std::int64_t tap : places.taps) *next++ = of_row[column + tap];
  });
}

}  // namespace whycam::onednn::kernels
