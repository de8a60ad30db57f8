#include "backends/onednn/background_tasks.h"

#include <omp.h>

#include <cstddef>
#include <iterator>
#include <system_error>
#include <utility>

namespace whycam::onednn {

void do_in_parallel(const Tasks& tasks) {
  std::vector<std::exception_ptr> failures(tasks.size());
#pragma omp parallel for schedule(dynamic)
  for (std::size_t i = 0; i < tasks.size(); ++i) {
    try {
      tasks[i]();
    } catch (...) {
      failures[i] = std::current_exception();
    }
  }
  for (const std::exception_ptr& failure : failures)
    if (failure) std::rethrow_exception(failure);
}

BackgroundTasks::BackgroundTasks(int threads) {
  if (threads < 2) return;
  try {
    thread_ = std::thread([this, threads] {
      omp_set_num_threads(threads);  // each thread has a number of its own, and oneDNN may ask for it
      work();
    });
  } catch (const std::system_error&) {
    return;
  }
}

void BackgroundTasks::add(std::function<void()> task) {
  {
    const std::lock_guard lock(mutex_);
    waiting_.push_back(std::move(task));
  }
  changed_.notify_one();
}

void BackgroundTasks::work() {
  std::unique_lock lock(mutex_);
  while (true) {
    changed_.wait(lock, [&] { return ended_ || !waiting_.empty(); });
    if (ended_) return;
    const std::function<void()> task = std::move(waiting_.front());
    waiting_.pop_front();
    lock.unlock();
    try {
      task();
    } catch (...) {
      failure_ = std::current_exception();  // the last one's: who waits for it reads it when this thread has ended
    }
    lock.lock();
  }
}

void BackgroundTasks::end() {
  if (!thread_.joinable()) return;
  {
    const std::lock_guard lock(mutex_);
    ended_ = true;
  }
  changed_.notify_one();
  thread_.join();
}

Tasks BackgroundTasks::left() {
  end();
  if (failure_) std::rethrow_exception(failure_);
  return {std::make_move_iterator(waiting_.begin()), std::make_move_iterator(waiting_.end())};
}

}  // namespace whycam::onednn
