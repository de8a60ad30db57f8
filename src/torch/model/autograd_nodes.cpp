#include "torch/model/autograd_nodes.h"

#include <torch/csrc/autograd/function.h>

#include <vector>

namespace whycam::network {

std::set<const torch::autograd::Node*> nodes_behind(const c10::IValue& output) {
  std::set<const torch::autograd::Node*> seen;
  std::vector<const torch::autograd::Node*> waiting;
  output.visit([&](const c10::IValue& value) {
    if (value.isTensor() && value.toTensor().grad_fn() && seen.insert(value.toTensor().grad_fn().get()).second)
      waiting.push_back(value.toTensor().grad_fn().get());
    return false;
  });
  while (!waiting.empty()) {
    const torch::autograd::Node* node = waiting.back();
    waiting.pop_back();
    for (const auto& edge : node->next_edges())
      if (edge.is_valid() && seen.insert(edge.function.get()).second) waiting.push_back(edge.function.get());
  }
  return seen;
}

}  // namespace whycam::network
