// Loops in parts for threads: nothing is left out, and nothing done twice.
#include "backends/onednn/parallel.h"

#include <gtest/gtest.h>

#include <mutex>
#include <utility>
#include <vector>

namespace whycam::test {
namespace {

TEST(InParts, HaveEachElementOnceAndBordersAtUnits) {
  for (const std::int64_t count : {1, 31, 32, 8191, 16384, 16385, 100001, 1 << 20})
    for (const std::int64_t unit : {1, 32, 960}) {
      std::mutex mutex;
      std::vector<std::pair<std::int64_t, std::int64_t>> parts;
      onednn::kernels::in_parts(count, unit, [&](std::int64_t begin, std::int64_t end) {
        const std::lock_guard lock(mutex);
        parts.emplace_back(begin, end);
      });
      std::sort(parts.begin(), parts.end());
      std::int64_t next = 0;
      for (const auto& [begin, end] : parts) {
        EXPECT_EQ(begin, next) << count << " in units of " << unit;
        EXPECT_EQ(begin % unit, 0) << count << " in units of " << unit;
        EXPECT_LT(begin, end) << count << " in units of " << unit;
        next = end;
      }
      EXPECT_EQ(next, count) << "in units of " << unit;
    }
}

TEST(InParts, AreOneWhereTheWorkIsSmall) {
  int parts = 0;
  onednn::kernels::in_parts(onednn::kernels::grain - 1, 1, [&](std::int64_t, std::int64_t) { ++parts; });
  EXPECT_EQ(parts, 1);
}

}  // namespace
}  // namespace whycam::test
