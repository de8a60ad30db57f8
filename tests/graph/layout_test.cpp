// How values lie in memory.
#include <gtest/gtest.h>

#include "backends/onednn/api.h"

namespace whycam::test {
namespace {

using graph::Shape;
using onednn::Layout;

/// A layout that is not recognised costs much: the operation then falls back to row-major order.
TEST(Layouts, OfChannelsLastAreRecognisedForAnyNumberOfChannels) {
  for (const std::int64_t channels : {2, 3, 8, 16, 24, 64}) {
    const Shape shape{2, channels, 5, 7};
    const auto channels_last = onednn::strided(shape, {channels * 35, 1, 7 * channels, channels});
    EXPECT_EQ(onednn::layout_of(channels_last, shape), Layout{channels}) << channels;
  }
}

TEST(Layouts, OfBlocksAreRecognised) {
  for (const std::int64_t block : {1, 8, 16}) {
    const Shape shape{2, 40, 5, 7};
    EXPECT_EQ(onednn::layout_of(onednn::description(shape, {block}), shape), Layout{block});
  }
}

TEST(Layouts, OfOtherOrdersAreNone) {
  const Shape shape{2, 40, 5, 7};
  EXPECT_EQ(onednn::layout_of(onednn::strided(shape, {40 * 35, 35, 1, 5}), shape), std::nullopt);
}

}  // namespace
}  // namespace whycam::test
