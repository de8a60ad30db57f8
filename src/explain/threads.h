// How many threads an explanation gets.
#pragma once

#include <string>

#include "backends/backend.h"
#include "whycam/errors.h"

namespace whycam::explain {

/// The calling thread's runs get so many threads for a while; with 0, as many as before. Throws InputError for more
/// than any computer has.
class ThreadsForAWhile {
 public:
  explicit ThreadsForAWhile(std::size_t threads) {
    constexpr std::size_t most = 4096;
    if (threads > most) throw InputError(std::to_string(threads) + " threads are more than " + std::to_string(most));
    if (threads == 0 || !backends::cpu().available()) return;
    before_ = backends::cpu().thread_count();
    backends::cpu().set_thread_count(static_cast<int>(threads));
  }
  ~ThreadsForAWhile() {
    if (before_ > 0) backends::cpu().set_thread_count(before_);
  }
  ThreadsForAWhile(const ThreadsForAWhile&) = delete;
  ThreadsForAWhile& operator=(const ThreadsForAWhile&) = delete;

 private:
  int before_ = 0;
};

}  // namespace whycam::explain
