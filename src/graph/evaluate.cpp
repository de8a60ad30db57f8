#include "graph/evaluate.h"

#include <unordered_map>

namespace whycam::graph {
namespace {

/// Evaluates what it is asked for, each node once.
class Evaluator {
 public:
  explicit Evaluator(const Graph& graph) : graph_(graph) {}

  void set(Value value, const Tensor& tensor) { known_[value] = tensor; }

  const Tensor& get(Value wanted) {
    std::vector<Value> path{wanted};  // not by recursion: graphs may be deep
    while (!path.empty()) {
      const Value value = path.back();
      const bool known = known_.count(value) > 0;
      const Node& node = graph_[value];
      bool ready = true;
      for (const Value input : node.inputs) {
        if (known || known_.count(input)) continue;
        path.push_back(input);
        ready = false;
      }
      if (!ready) continue;
      path.pop_back();
      if (known) continue;
      Tensors inputs;
      for (const Value input : node.inputs) inputs.push_back(&known_.at(input));
      known_.emplace(value, record(node.op).evaluate(node, inputs));
    }
    return known_.at(wanted);
  }

 private:
  const Graph& graph_;
  std::unordered_map<Value, Tensor> known_;  // not one place a node: who asks for one constant takes no time for all
};

}  // namespace

std::map<std::string, Tensor> evaluate(const Graph& graph, const std::map<std::string, Tensor>& inputs) {
  Evaluator evaluator(graph);
  for (Value value = 0; value < graph.size(); ++value) {
    if (graph[value].op != Operator::input) continue;
    const auto given = inputs.find(graph[value].name);
    if (given == inputs.end()) continue;
    require(given->second.shape == graph.shape(value), "the input \"", graph[value].name, "\" has the shape ",
            given->second.shape, " instead of ", graph.shape(value));
    evaluator.set(value, given->second);
  }
  std::map<std::string, Tensor> outputs;
  for (const Output& output : graph.outputs()) outputs[output.name] = evaluator.get(output.value);
  return outputs;
}

std::vector<bool> constant_values(const Graph& graph) {
  std::vector<bool> constant;
  for (Value value = 0; value < graph.size(); ++value) {
    bool all = graph[value].op != Operator::input;
    for (const Value input : graph[value].inputs) all = all && constant[static_cast<std::size_t>(input)];
    constant.push_back(all);
  }
  return constant;
}

Tensor evaluate_constant(const Graph& graph, Value value) { return Evaluator(graph).get(value); }

}  // namespace whycam::graph
