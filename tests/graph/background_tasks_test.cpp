// Tasks that are done while others are still being found: each is done once, by whoever comes to it.
#include <gtest/gtest.h>

#include <atomic>
#include <chrono>
#include <future>
#include <stdexcept>
#include <thread>
#include <vector>

#include "backends/onednn/background_tasks.h"

namespace whycam::test {
namespace {

using onednn::BackgroundTasks;
using onednn::Tasks;

/// Rather than for ever.
void wait_for(std::promise<void>& promise) {
  ASSERT_EQ(promise.get_future().wait_for(std::chrono::seconds(60)), std::future_status::ready);
}

TEST(DoInParallel, DoesEachTaskOnce) {
  std::vector<std::atomic<int>> done(100);
  Tasks tasks;
  for (std::atomic<int>& one : done) tasks.emplace_back([&one] { ++one; });
  onednn::do_in_parallel(tasks);
  for (const std::atomic<int>& one : done) EXPECT_EQ(one, 1);
}

TEST(DoInParallel, ThrowsWhatATaskThrewWhenAllAreDone) {
  std::atomic<int> done{0};
  Tasks tasks(10, [&] { ++done; });
  tasks[3] = [] { throw std::runtime_error("the fourth"); };
  EXPECT_THROW(onednn::do_in_parallel(tasks), std::runtime_error);
  EXPECT_EQ(done, 9);
}

TEST(BackgroundTasks, DoEachTaskOnceOrLeaveIt) {
  std::vector<std::atomic<int>> done(1000);
  BackgroundTasks tasks(2);
  for (std::atomic<int>& one : done) tasks.add([&one] { ++one; });
  const Tasks left = tasks.left();
  onednn::do_in_parallel(left);
  for (const std::atomic<int>& one : done) EXPECT_EQ(one, 1);
}

TEST(BackgroundTasks, AreDoneWhileOthersAreFound) {
  BackgroundTasks tasks(2);
  std::promise<void> done;
  tasks.add([&] { done.set_value(); });
  wait_for(done);  // in vain, were it left until all are found
  EXPECT_TRUE(tasks.left().empty());
}

TEST(BackgroundTasks, AreLeftWhereThereIsOneThread) {
  int done = 0;
  BackgroundTasks tasks(1);
  for (int i = 0; i < 3; ++i) tasks.add([&] { ++done; });
  const Tasks left = tasks.left();
  EXPECT_EQ(done, 0);
  EXPECT_EQ(left.size(), 3U);
}

TEST(BackgroundTasks, ThrowWhatOneThrew) {
  BackgroundTasks tasks(2);
  std::promise<void> behind;
  tasks.add([] { throw std::runtime_error("the first"); });
  tasks.add([&] { behind.set_value(); });
  wait_for(behind);
  EXPECT_THROW(tasks.left(), std::runtime_error);
}

TEST(BackgroundTasks, HaveEndedOnceTheyAreGone) {
  std::promise<void> begun;
  std::atomic<bool> ended{false};
  {
    BackgroundTasks tasks(2);
    tasks.add([&] {
      begun.set_value();
      std::this_thread::sleep_for(std::chrono::milliseconds(50));
      ended = true;
    });
    wait_for(begun);
  }
  EXPECT_TRUE(ended);  // what it works with may be gone from here on
}

}  // namespace
}  // namespace whycam::test
