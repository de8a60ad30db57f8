// Loops in parts for threads: nothing is left out, and nothing done twice.
#include "backends/onednn/parallel.h"

#include <gtest/gtest.h>
#include <omp.h>

#include <algorithm>
#include <mutex>
#include <string>
#include <utility>
#include <vector>

namespace whycam::test {
namespace {

class InParts : public testing::TestWithParam<int> {
 protected:
  void SetUp() override { omp_set_num_threads(GetParam()); }
  void TearDown() override { omp_set_num_threads(threads_); }

  /// In order.
  static std::vector<std::pair<std::int64_t, std::int64_t>> parts(std::int64_t count, std::int64_t unit) {
    std::mutex mutex;
    std::vector<std::pair<std::int64_t, std::int64_t>> all;
    onednn::kernels::in_parts(count, unit, [&](std::int64_t begin, std::int64_t end) {
      const std::lock_guard lock(mutex);
      all.emplace_back(begin, end);
    });
    std::sort(all.begin(), all.end());
    return all;
  }

 private:
  const int threads_ = omp_get_max_threads();
};

TEST_P(InParts, EachElementIsOnceAndBordersAreAtUnits) {
  for (const std::int64_t count : {1, 31, 32, 8191, 16384, 16385, 100001, 1 << 20})
    for (const std::int64_t unit : {1, 32, 960, 8193, 30000}) {
      SCOPED_TRACE(std::to_string(count) + " in units of " + std::to_string(unit));
      std::int64_t next = 0;
      for (const auto& [begin, end] : parts(count, unit)) {
        EXPECT_EQ(begin, next);
        EXPECT_EQ(begin % (unit == 1 ? 16 : unit), 0);
        EXPECT_LT(begin, end);
        next = end;
      }
      EXPECT_EQ(next, count);
    }
}

TEST_P(InParts, ThereIsOneForEachThreadWhereThereIsEnough) {
  EXPECT_EQ(parts(onednn::kernels::grain * GetParam(), 16).size(), static_cast<std::size_t>(GetParam()));
  EXPECT_EQ(parts(onednn::kernels::grain - 1, 1).size(), 1U);
}

INSTANTIATE_TEST_SUITE_P(Threads, InParts, testing::Values(1, 2, 3, 7, 64), testing::PrintToStringParamName());

}  // namespace
}  // namespace whycam::test
