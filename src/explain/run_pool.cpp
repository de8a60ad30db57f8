#include "explain/run_pool.h"

#include <algorithm>

namespace whycam::explain {

std::unique_ptr<backends::Run> RunPool::take() const {
  {
    const std::lock_guard<std::mutex> lock(mutex_);
    if (!idle_.empty()) {
      auto run = std::move(idle_.back());
      idle_.pop_back();
      return run;
    }
  }
  return plan_->start();
}

void RunPool::give_back(std::unique_ptr<backends::Run> run) const {
  const std::lock_guard<std::mutex> lock(mutex_);
  if ((idle_.size() + 1) * plan_->run_bytes() <= most_kept_bytes || idle_.empty()) idle_.push_back(std::move(run));
}

std::size_t RunPool::bytes() const {
  const std::lock_guard<std::mutex> lock(mutex_);
  return plan_->packed_bytes() + std::max<std::size_t>(idle_.size(), 1) * plan_->run_bytes();
}

}  // namespace whycam::explain
