// The guided rules, applied to the autograd graph of one run.
#pragma once

#include <torch/csrc/autograd/edge.h>

#include <memory>
#include <vector>

#include "engine/engine.h"

namespace whycam::engine {

/// Finds every ReLU between the output and the inputs of one run, however it was written, and puts hooks there that do
/// nothing until a rule is set. The graph belongs to the run alone, so no other thread meets the hooks.
class ReluHooks {
 public:
  explicit ReluHooks(const torch::autograd::Edge& output);
  ~ReluHooks();

  /// The rule that backward passes follow from now on; none: the plain gradient.
  void follow(const std::optional<ReluRule>& rule);

  ActivationReport report(bool clipped_relus) const;

 private:
  class Switch;
  struct Found;
  std::unique_ptr<Found> found_;
};

}  // namespace whycam::engine
