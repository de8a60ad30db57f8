// Threads that do what they are given.
#pragma once

#include <condition_variable>
#include <cstddef>
#include <deque>
#include <exception>
#include <future>
#include <mutex>
#include <thread>
#include <utility>
#include <vector>

#include "exit_code.h"

namespace whycam::cli {

/// So many threads, or as many as the system starts, which take tasks in the order in which they were given. The
/// destructor waits for those that have begun, and drops the others. Throws Failure where the system starts none.
class Workers {
 public:
  explicit Workers(std::size_t count) {
    try {
      while (threads_.size() < count) threads_.emplace_back([this] { work(); });
    } catch (const std::exception&) {  // no memory for it, or too many
      if (threads_.empty())
        throw Failure(ExitCode::memory,
                      "the system starts no further thread: explain with fewer --workers or --threads");
    }
  }
  ~Workers() {
    {
      const std::lock_guard lock(mutex_);
      ends_ = true;
      tasks_.clear();
    }
    changed_.notify_all();
    for (std::thread& thread : threads_) thread.join();
  }
  Workers(const Workers&) = delete;
  Workers& operator=(const Workers&) = delete;

  /// The future holds what the task returns or throws.
  template <class Task>
  auto give(Task task) {
    std::packaged_task<decltype(task())()> packaged(std::move(task));
    auto future = packaged.get_future();
    {
      const std::lock_guard lock(mutex_);
      tasks_.emplace_back([packaged = std::move(packaged)]() mutable { packaged(); });
    }
    changed_.notify_one();
    return future;
  }

 private:
  void work() {
    std::unique_lock lock(mutex_);
    while (true) {
      changed_.wait(lock, [&] { return ends_ || !tasks_.empty(); });
      if (tasks_.empty()) return;
      {
        std::packaged_task<void()> task = std::move(tasks_.front());
        tasks_.pop_front();
        lock.unlock();
        task();
      }
      lock.lock();
    }
  }

  std::mutex mutex_;
  std::condition_variable changed_;
  std::deque<std::packaged_task<void()>> tasks_;
  bool ends_ = false;
  std::vector<std::thread> threads_;
};

}  // namespace whycam::cli
