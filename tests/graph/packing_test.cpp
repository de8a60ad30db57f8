// Weights in other orders: where each number goes, as the places say it.
#include <gtest/gtest.h>

#include <numeric>
#include <vector>

#include "backends/onednn/kernels.h"

namespace whycam::test {
namespace {

using graph::Integers;
using onednn::kernels::WeightPlaces;

Integers spread(std::int64_t count, std::int64_t block, std::int64_t step, std::int64_t block_step) {
  Integers places;
  for (std::int64_t i = 0; i < count; ++i) places.push_back(i % block * step + i / block * block_step);
  return places;
}

struct Order {
  const char* name;
  std::int64_t rows, columns, taps;
  bool rows_follow, columns_follow;  ///< each other, in blocks of 16
  bool filled = false;               ///< there are places for what fills the last blocks up, too
};

WeightPlaces places_of(const Order& order) {
  const std::int64_t row_blocks = (order.rows + 15) / 16, column_blocks = (order.columns + 15) / 16;
  const std::int64_t numbers = row_blocks * column_blocks * 256 * order.taps;
  const std::int64_t tap = 256, column_block = 256 * order.taps, row_block = column_block * column_blocks;
  const std::int64_t row = order.rows_follow ? 1 : 16, column = order.columns_follow ? 1 : 16;
  Integers rows = spread(order.filled ? 16 * row_blocks : order.rows, 16, row, row_block),
           columns = spread(order.filled ? 16 * column_blocks : order.columns, 16, column, column_block);
  if (!order.rows_follow && !order.columns_follow) {  // neither: the row's last bit is the innermost
    for (std::int64_t i = 0; i < order.rows; ++i)
      rows[static_cast<std::size_t>(i)] = i / 16 * row_block + i % 2 + i % 16 / 2 * 32;
    for (std::int64_t i = 0; i < order.columns; ++i)
      columns[static_cast<std::size_t>(i)] = i / 16 * column_block + i % 16 * 2;
  }
  Integers taps(static_cast<std::size_t>(order.taps));
  for (std::int64_t i = 0; i < order.taps; ++i) taps[static_cast<std::size_t>(order.taps - 1 - i)] = i * tap;  // turned
  return {rows, columns, taps, order.rows, order.columns, numbers};
}

class Packing : public testing::TestWithParam<std::tuple<Order, bool>> {};

TEST_P(Packing, PutsEachNumberWhereItsPlacesSay) {
  const auto& [order, scaled] = GetParam();
  const WeightPlaces places = places_of(order);
  std::vector<float> numbers(static_cast<std::size_t>(order.rows * order.columns * order.taps));
  std::iota(numbers.begin(), numbers.end(), 1.0F);
  std::vector<double> scales;
  for (std::int64_t row = 0; scaled && row < order.rows; ++row) scales.push_back(1 / (3.0 + static_cast<double>(row)));
  std::vector<float> expected(static_cast<std::size_t>(places.numbers), 0.0F), packed(expected.size(), 7.0F);
  std::size_t i = 0;
  for (std::size_t row = 0; row < static_cast<std::size_t>(order.rows); ++row)
    for (std::size_t column = 0; column < static_cast<std::size_t>(order.columns); ++column)
      for (const std::int64_t tap : places.taps)
        expected[static_cast<std::size_t>(places.rows[row] + places.columns[column] + tap)] =
            static_cast<float>(numbers[i++] * (scaled ? scales[row] : 1));
  onednn::kernels::do_all(onednn::kernels::pack_weights(numbers.data(), places, scales, packed.data()));
  EXPECT_EQ(packed, expected);  // every bit: nothing is computed but the scale
}

// One that fills its blocks, and one that leaves some of each dimension's last block free.
INSTANTIATE_TEST_SUITE_P(
    Orders, Packing,
    testing::Combine(
        testing::Values(Order{"RowsFollow", 64, 48, 1, true, false}, Order{"RowsFollowInPart", 40, 21, 9, true, false},
                        Order{"RowsFollowAndAreFilledUp", 40, 21, 9, true, false, true},
                        Order{"ColumnsFollowAndAreFilledUp", 21, 40, 9, false, true, true},
                        Order{"BothAreAlone", 1, 1, 1, true, false, true},
                        Order{"ColumnsFollow", 48, 64, 9, false, true},
                        Order{"ColumnsFollowInPart", 21, 40, 1, false, true}, Order{"Neither", 32, 48, 4, false, false},
                        Order{"NeitherInPart", 19, 23, 121, false, false}, Order{"OneColumn", 130, 1, 9, true, false},
                        Order{"OneRow", 1, 130, 9, false, true}),
        testing::Bool()),
    [](const auto& info) {
      return std::string(std::get<0>(info.param).name) + (std::get<1>(info.param) ? "Scaled" : "");
    });

}  // namespace
}  // namespace whycam::test
