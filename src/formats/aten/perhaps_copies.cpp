#include "formats/aten/perhaps_copies.h"

#include <algorithm>

#include "core/cannot_compile.h"

namespace whycam::aten {
namespace {

using graph::Value;

bool is_relu(const graph::Node& node) {
  return node.op == graph::Operator::unary && node.as<graph::FunctionAttributes>().function == graph::Function::relu;
}

/// Whether a value has another reader than one node.
bool is_read_elsewhere(const graph::Graph& graph, Value value, Value but) {
  for (Value reader = 0; reader < graph.size(); ++reader) {
    const std::vector<Value>& inputs = graph[reader].inputs;
    if (reader != but && std::find(inputs.begin(), inputs.end(), value) != inputs.end()) return true;
  }
  return false;
}

bool enters_a_relu(const graph::Graph& graph, Value value) {
  for (Value reader = value + 1; reader < graph.size(); ++reader)
    if (is_relu(graph[reader]) && graph[reader].inputs[0] == value) return true;
  return false;
}

}  // namespace

void require_no_difference(const graph::Graph& graph, const std::vector<Value>& copies,
                           const std::vector<std::vector<Value>>& layers) {
  for (const Value copy : copies) {
    if (!is_read_elsewhere(graph, graph[copy].inputs[0], copy)) continue;
    const bool is_layer = std::any_of(layers.begin(), layers.end(), [&](const std::vector<Value>& layer) {
      return std::find(layer.begin(), layer.end(), copy) != layer.end();
    });
    if (is_layer || enters_a_relu(graph, copy)) throw core::CannotCompile("a tensor that may or may not be copied");
  }
}

}  // namespace whycam::aten
