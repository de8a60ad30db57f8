// A plan with memory that is waiting for the next run.
#pragma once

#include <memory>
#include <mutex>
#include <set>
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

  /// What it keeps: packed weights, and memory for those runs that wait.
  std::size_t bytes() const { return packed_bytes_ + bytes_of_runs(); }
  /// Without the packed weights that are among the counted ones, where the others are put.
  std::size_t bytes(std::set<const void*>& counted) const;
  /// Of one run.
  std::size_t run_bytes() const { return plan_->run_bytes(); }

 private:
  std::size_t bytes_of_runs() const;

  std::unique_ptr<const backends::Plan> plan_;
  const std::size_t packed_bytes_ = plan_->packed_bytes();
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
