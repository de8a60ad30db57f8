// Compiled plans, kept for the requests that they fit.
#pragma once

#include <memory>
#include <optional>
#include <vector>

#include "engine/compiled/lowering.h"
#include "engine/compiled/plan_key.h"
#include "plain/plan_cache.h"
#include "whycam/torch_tensor.h"

namespace whycam::engine {

/// A plan for one kind of request, with what is known of its results.
class CompiledPlan {
 public:
  /// Throws CannotCompile.
  CompiledPlan(const network::Network& network, const Request& request);

  const plain::RunPool& runs() const { return *runs_; }

  graph::Shape output_shape;
  std::vector<std::vector<std::size_t>> layer_tensors;  ///< of each layer, the numbers of those that are explained
  std::vector<std::vector<graph::Shape>> layer_shapes;
  std::vector<ReluRule> rules;
  ActivationReport plain_report, clipped_report;

 private:
  void compile(const network::Network& network, const Request& request);

  std::optional<plain::RunPool> runs_;
};

/// The plans of one network. Thread-safe.
class PlanCache {
 public:
  explicit PlanCache(std::shared_ptr<const network::Network> network) : network_(std::move(network)) {}

  /// Throws CannotCompile.
  std::shared_ptr<const CompiledPlan> plan_for(const Request& request);

 private:
  std::shared_ptr<const network::Network> network_;
  plain::PlanCache<PlanKey, CompiledPlan> plans_;
};

}  // namespace whycam::engine
