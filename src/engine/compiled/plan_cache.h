// Compiled plans, kept for the requests that they fit.
#pragma once

#include <torch/types.h>

#include <list>
#include <memory>
#include <mutex>
#include <string>
#include <vector>

#include "engine/compiled/lowering.h"
#include "onednn/plan.h"

namespace whycam::engine {

/// A plan for one kind of request, with what is known of its results; and memory that is waiting for the next run.
class CompiledPlan {
 public:
  /// Throws CannotCompile.
  CompiledPlan(const network::Network& network, const Request& request);

  std::unique_ptr<onednn::Run> take_run() const;
  void give_back(std::unique_ptr<onednn::Run> run) const;

  std::size_t bytes() const;

  graph::Shape output_shape;
  std::vector<std::vector<std::size_t>> layer_tensors;  ///< of each layer, the numbers of those that are explained
  std::vector<std::vector<graph::Shape>> layer_shapes;
  std::vector<ReluRule> rules;
  ActivationReport plain_report, clipped_report;

 private:
  void compile(const network::Network& network, const Request& request);

  std::unique_ptr<onednn::Plan> plan_;
  mutable std::mutex mutex_;
  mutable std::vector<std::unique_ptr<onednn::Run>> idle_;
};

/// Thread-safe. Keeps the plans used last, as many as fit into `most_bytes` (and always the latest); and why requests could not
/// be compiled.
class PlanCache {
 public:
  explicit PlanCache(std::shared_ptr<const network::Network> network) : network_(std::move(network)) {}

  /// Throws CannotCompile.
  std::shared_ptr<const CompiledPlan> plan_for(const Request& request);

  static constexpr std::size_t most_bytes = std::size_t{1} << 30;

 private:
  struct Entry {
    std::string key;
    std::shared_ptr<const CompiledPlan> plan;  ///< null where it could not be compiled
    std::string reason;
  };
  std::string key_of(const Request& request) const;

  std::shared_ptr<const network::Network> network_;
  std::mutex mutex_;
  std::list<Entry> entries_;  ///< the one used last comes first
};

}  // namespace whycam::engine
