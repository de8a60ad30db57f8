// Buffers share one block of memory: what lives at the same time must never overlap, or maps are of other numbers in
// silence.
#include "backends/onednn/arena.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <random>

namespace whycam::onednn {
namespace {

/// As in a network: most live for a few steps, some to the end; a few are empty.
std::vector<Lifetime> lifetimes(int count, unsigned seed) {
  std::mt19937 random(seed);
  std::vector<Lifetime> buffers;
  for (int step = 0; step < count; ++step) {
    const int steps = random() % 16 == 0 ? count - step : static_cast<int>(random() % 5);
    buffers.push_back({random() % 32 == 0 ? 0 : 1 + random() % 100000, step, std::min(step + steps, count)});
  }
  std::shuffle(buffers.begin(), buffers.end(), random);
  return buffers;
}

bool overlap(std::size_t a, std::size_t a_size, std::size_t b, std::size_t b_size) {
  return a < b + b_size && b < a + a_size;
}

void expect_apart(const std::vector<Lifetime>& buffers, const Arena& arena) {
  ASSERT_EQ(arena.offsets.size(), buffers.size());
  for (std::size_t i = 0; i < buffers.size(); ++i) {
    ASSERT_LE(arena.offsets[i] + buffers[i].bytes, arena.bytes);
    for (std::size_t j = 0; j < i; ++j)
      ASSERT_FALSE(buffers[i].first <= buffers[j].last && buffers[j].first <= buffers[i].last &&
                   overlap(arena.offsets[i], buffers[i].bytes, arena.offsets[j], buffers[j].bytes))
          << i << " and " << j;
  }
}

/// What lives at the step that needs most: no less will do.
std::size_t least_bytes(const std::vector<Lifetime>& buffers) {
  std::vector<std::int64_t> change(buffers.size() + 3);
  for (const Lifetime& one : buffers) {
    change[static_cast<std::size_t>(one.first)] += static_cast<std::int64_t>(one.bytes);
    change[static_cast<std::size_t>(one.last) + 1] -= static_cast<std::int64_t>(one.bytes);
  }
  std::int64_t now = 0, most = 0;
  for (const std::int64_t one : change) most = std::max(most, now += one);
  return static_cast<std::size_t>(most);
}

class ArenaOf : public testing::TestWithParam<int> {};

TEST_P(ArenaOf, BuffersKeepsThoseApartThatLiveAtTheSameTime) {
  for (unsigned seed = 0; seed < 3; ++seed) {
    const std::vector<Lifetime> buffers = lifetimes(GetParam(), seed);
    const Arena arena(buffers);
    expect_apart(buffers, arena);
    EXPECT_LE(static_cast<double>(arena.bytes), 1.25 * static_cast<double>(least_bytes(buffers)))
        << "little more than is needed: gaps and alignment";
  }
}

// From 4097 on they are placed by time, as below there are too many to be compared with each other.
INSTANTIATE_TEST_SUITE_P(Counts, ArenaOf, testing::Values(1, 40, 1000, 4096, 4097, 6000));

TEST(Arena, OfNothingTakesNothing) {
  EXPECT_EQ(Arena({}).bytes, 0U);
  EXPECT_EQ(Arena({{0, 0, 3}, {0, 1, 2}}).bytes, 0U);
}

}  // namespace
}  // namespace whycam::onednn
