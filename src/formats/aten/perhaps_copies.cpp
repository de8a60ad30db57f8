#include "formats/aten/perhaps_copies.h"

#include <algorithm>

#include "core/cannot_compile.h"

namespace whycam::aten {
namespace {

using graph::Value;

/// A ReLU, or one that is cut off above, which options may have guided, too.
bool is_relu(const graph::Node& node) {
  if (node.op != graph::Operator::unary) return false;
  const graph::Function function = node.as<graph::FunctionAttributes>().function;
  return function == graph::Function::relu || function == graph::Function::hardtanh ||
         function == graph::Function::clamp;
}

/// Of each value how many nodes read it, and whether a ReLU does.
struct Readers {
  explicit Readers(const graph::Graph& graph)
      : counts(static_cast<std::size_t>(graph.size()), 0), relu(counts.size(), false) {
    for (Value reader = 0; reader < graph.size(); ++reader)
      for (const Value input : graph[reader].inputs) {
        ++counts[static_cast<std::size_t>(input)];
        if (is_relu(graph[reader])) relu[static_cast<std::size_t>(input)] = true;
      }
  }
  std::vector<int> counts;
  std::vector<bool> relu;
};

}  // namespace

void require_no_difference(const graph::Graph& graph, const std::vector<Value>& copies,
                           const std::vector<std::vector<Value>>& layers) {
  const Readers readers(graph);
  for (const Value copy : copies) {
    if (readers.counts[static_cast<std::size_t>(graph[copy].inputs[0])] < 2) continue;
    const bool is_layer = std::any_of(layers.begin(), layers.end(), [&](const std::vector<Value>& layer) {
      return std::find(layer.begin(), layer.end(), copy) != layer.end();
    });
    if (is_layer || readers.relu[static_cast<std::size_t>(copy)])
      throw core::CannotCompile("a tensor that may or may not be copied");
  }
}

}  // namespace whycam::aten
