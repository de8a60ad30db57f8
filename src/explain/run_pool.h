// A plan with memory that is waiting for the next run.
#pragma once

#include <memory>
#include <mutex>
#include <vector>

#include "backends/backend.h"

namespace whycam::explain {

/// How many bytes of plans, and of memory for them, are kept for later; limit_plan_memory() sets it.
std::size_t most_kept_bytes();

/// Thread-safe.
class RunPool {
 public:
  /// Throws backends::CannotPlan.
  explicit RunPool(const graph::Graph& graph, Precision precision = Precision::exact)
      : plan_(backends::cpu().prepare(graph, precision)) {}

  std::unique_ptr<backends::Run> take() const;
  void give_back(std::unique_ptr<backends::Run> run) const;

  /// What it keeps: the plan, and memory for those runs that wait.
  std::size_t bytes() const;
  /// Of one run.
  std::size_t run_bytes() const { return plan_->run_bytes(); }

 private:
  std::unique_ptr<const backends::Plan> plan_;
  mutable std::mutex mutex_;
  mutable std::vector<std::unique_ptr<backends::Run>> idle_;
};

/// A run that goes back to its pool, whatever happens.
class BorrowedRun {
 public:
  explicit BorrowedRun(const RunPool& pool) : pool_(pool), run_(pool.take()) {}
  ~BorrowedRun() { pool_.give_back(std::move(run_)); }
  BorrowedRun(const BorrowedRun&) = delete;
  BorrowedRun& operator=(const BorrowedRun&) = delete;
  backends::Run* operator->() const { return run_.get(); }

 private:
  const RunPool& pool_;
  std::unique_ptr<backends::Run> run_;
};

}  // namespace whycam::explain
