// Tasks: done by all threads at once, or in the background while others are still being found.
#pragma once

#include <condition_variable>
#include <deque>
#include <exception>
#include <functional>
#include <mutex>
#include <thread>
#include <vector>

namespace whycam::onednn {

using Tasks = std::vector<std::function<void()>>;

/// By all threads. Throws what a task threw, when all are done.
void do_in_parallel(const Tasks& tasks);

/// Does them on a thread of its own, in order.
class BackgroundTasks {
 public:
  /// `threads`: how many the caller may use. With one, or where no thread can be started, none is begun.
  explicit BackgroundTasks(int threads);
  BackgroundTasks(const BackgroundTasks&) = delete;
  BackgroundTasks& operator=(const BackgroundTasks&) = delete;
  ~BackgroundTasks() { end(); }

  void add(std::function<void()> task);
  /// Waits for the one that is being done, and gives those that were not begun. Throws what one threw. To be called
  /// once.
  Tasks left();

 private:
  void work();
  void end();

  std::mutex mutex_;
  std::condition_variable changed_;
  std::deque<std::function<void()>> waiting_;
  bool ended_ = false;
  std::exception_ptr failure_;
  std::thread thread_;
};

}  // namespace whycam::onednn
