// What one thread hands to another.
#pragma once

#include <condition_variable>
#include <deque>
#include <exception>
#include <mutex>
#include <optional>

namespace whycam::cli {

/// A queue of at most `room` items between two threads.
template <class Item>
class Queue {
 public:
  explicit Queue(std::size_t room) : room_(room) {}

  /// Waits for room. False: nobody takes any more. Throws what the taker failed with.
  bool push(Item item) {
    std::unique_lock lock(mutex_);
    changed_.wait(lock, [&] { return items_.size() < room_ || closed_; });
    if (failure_) std::rethrow_exception(failure_);
    if (closed_) return false;
    items_.push_back(std::move(item));
    changed_.notify_all();
    return true;
  }

  /// Waits for an item. Nothing: there will be no more. Throws what the giver failed with, behind its last
  /// item.
  std::optional<Item> pop() {
    std::unique_lock lock(mutex_);
    changed_.wait(lock, [&] { return !items_.empty() || closed_; });
    if (items_.empty()) {
      if (failure_) std::rethrow_exception(failure_);
      return std::nullopt;
    }
    Item item = std::move(items_.front());
    items_.pop_front();
    changed_.notify_all();
    return item;
  }

  /// From either side: no more items are given. What is there can still be taken.
  void close(std::exception_ptr failure = nullptr) {
    const std::lock_guard lock(mutex_);
    closed_ = true;
    if (!failure_) failure_ = failure;
    changed_.notify_all();
  }

 private:
  const std::size_t room_;
  std::mutex mutex_;
  std::condition_variable changed_;
  std::deque<Item> items_;
  bool closed_ = false;
  std::exception_ptr failure_;
};

}  // namespace whycam::cli
