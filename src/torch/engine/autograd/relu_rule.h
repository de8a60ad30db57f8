// The guided rules, applied to the autograd graph of one run.
#pragma once

#include <torch/csrc/autograd/function.h>  // an edge of libtorch 2.13 must know the whole of its node

#include <memory>
#include <optional>
#include <vector>

#include "core/relu_rule.h"
#include "whycam/activation_report.h"
#include "whycam/torch_tensor.h"

namespace whycam::engine {

using core::ReluGradient;
using core::ReluRule;

/// Finds every ReLU between the output and the ends (the inputs) of one run, however it was written, and puts hooks
/// there that do nothing until a rule is set. What stands between them belongs to this run alone, so no other thread
/// meets the hooks; what the network computed from its parameters or from tensors with a history of their own is left
/// alone.
class ReluHooks {
 public:
  ReluHooks(const torch::autograd::Edge& output, const std::vector<torch::autograd::Edge>& ends);
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
