// Tasks that are done while others are still being found: each is done once, by whoever comes to it.
#include <gtest/gtest.h>

#include <atomic>
#include <future>
#include <stdexcept>
#include <vector>

#include "backends/onednn/background_tasks.h"

namespace whycam::test {
namespace {

using onednn::BackgroundTasks;
using onednn::Tasks;

TEST(DoAll, DoesEachTaskOnce) {
  std::vector<std::atomic<int>> done(100);
  Tasks tasks;
  for (std::atomic<int>& one : done) tasks.emplace_back([&one] { ++one; });
  onednn::do_all(tasks);
  for (const std::atomic<int>& one : done) EXPECT_EQ(one, 1);
}

TEST(DoAll, ThrowsWhatATaskThrewWhenAllAreDone) {
  std::atomic<int> done{0};
  Tasks tasks(10, [&] { ++done; });
  tasks[3] = [] { throw std::runtime_error("the fourth"); };
  EXPECT_THROW(onednn::do_all(tasks), std::runtime_error);
  EXPECT_EQ(done, 9);
}

TEST(BackgroundTasks, DoEachTaskOnceOrLeaveIt) {
  std::vector<std::atomic<int>> done(1000);
  BackgroundTasks tasks(2);
  for (std::atomic<int>& one : done) tasks.add([&one] { ++one; });
  const Tasks left = tasks.left();
  onednn::do_all(left);
  for (const std::atomic<int>& one : done) EXPECT_EQ(one, 1);
}

TEST(BackgroundTasks, AreDoneWhileOthersAreFound) {
  BackgroundTasks tasks(2);
  std::promise<void> done;
  tasks.add([&] { done.set_value(); });
  done.get_future().wait();  // for ever, were it left until all are found
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
  behind.get_future().wait();
  EXPECT_THROW(tasks.left(), std::runtime_error);
}

TEST(BackgroundTasks, AreGivenUpWhereNobodyAsksForThem) {
  std::promise<void> begun, may_end;
  std::atomic<int> done{0};
  {
    BackgroundTasks tasks(2);
    tasks.add([&] {
      begun.set_value();
      may_end.get_future().wait();
      ++done;
    });
    tasks.add([&] { ++done; });
    begun.get_future().wait();
    may_end.set_value();
  }
  EXPECT_GE(done, 1);  // the one that had begun has ended before its tasks are gone
}

}  // namespace
}  // namespace whycam::test
