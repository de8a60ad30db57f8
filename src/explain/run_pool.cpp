#include "explain/run_pool.h"

#include <algorithm>
#include <atomic>

#include "whycam/network.h"

namespace whycam {
namespace {

std::atomic<std::size_t> kept_bytes{std::size_t{1} << 30};

}  // namespace

void limit_plan_memory(std::uint64_t bytes) { kept_bytes = static_cast<std::size_t>(bytes); }
void set_plan_cache(const std::filesystem::path& folder) { backends::cpu().keep_packed_weights(folder); }

}  // namespace whycam

namespace whycam::explain {

std::size_t most_kept_bytes() { return kept_bytes; }

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
  if ((idle_.size() + 1) * plan_->run_bytes() <= most_kept_bytes() || idle_.empty()) idle_.push_back(std::move(run));
}

std::size_t RunPool::bytes(std::set<const void*>& counted) const {
  std::size_t packed = 0;
  for (const auto& [memory, bytes] : plan_->packed())
    if (counted.insert(memory).second) packed += bytes;
  return packed + bytes_of_runs();
}

std::size_t RunPool::bytes_of_runs() const {
  const std::lock_guard<std::mutex> lock(mutex_);
  return std::max<std::size_t>(idle_.size(), 1) * plan_->run_bytes();
}

}  // namespace whycam::explain
