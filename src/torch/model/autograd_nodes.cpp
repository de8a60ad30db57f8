#include "torch/model/autograd_nodes.h"

#include <torch/csrc/autograd/function.h>

#include <algorithm>
#include <string>
#include <vector>

namespace whycam::network {

namespace {

using torch::autograd::Node;

/// These nodes and all behind them.
std::set<const Node*> with_all_behind(std::vector<const Node*> waiting) {
  std::set<const Node*> seen(waiting.begin(), waiting.end());
  while (!waiting.empty()) {
    const Node* node = waiting.back();
    waiting.pop_back();
    for (const auto& edge : node->next_edges())
      if (edge.is_valid() && seen.insert(edge.function.get()).second) waiting.push_back(edge.function.get());
  }
  return seen;
}

}  // namespace

std::set<const Node*> nodes_behind(const c10::IValue& output) {
  std::vector<const Node*> nodes;
  output.visit([&](const c10::IValue& value) {
    if (value.isTensor() && value.toTensor().grad_fn()) nodes.push_back(value.toTensor().grad_fn().get());
    return false;
  });
  return with_all_behind(std::move(nodes));
}

bool moves_axes(const Node& node) {
  static const std::set<std::string> names{"PermuteBackward",   "TransposeBackward",  "TBackward",
                                           "ViewBackward",      "UnsafeViewBackward", "ReshapeAliasBackward",
                                           "AsStridedBackward", "UnfoldBackward",     "SelectBackward",
                                           "SqueezeBackward",   "UnsqueezeBackward"};
  const std::set<const Node*> all = with_all_behind({&node});
  return std::any_of(all.begin(), all.end(), [](const Node* one) {
    const std::string name = one->name();
    return names.count(name.substr(0, name.find_last_not_of("0123456789") + 1)) > 0;
  });
}

}  // namespace whycam::network
