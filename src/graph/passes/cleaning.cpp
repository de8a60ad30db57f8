// Verification, and what can be left out or shared.
#include <map>
#include <stdexcept>
#include <tuple>

#include "graph/operators.h"
#include "graph/passes/rewriter.h"

namespace whycam::graph {

void verify(const Graph& graph) {
  const auto check = [](bool condition, const std::string& message) {
    if (!condition) throw std::logic_error("the graph is broken: " + message);
  };
  for (Value value = 0; value < graph.size(); ++value) {
    const Node& node = graph[value];
    const std::string place = "%" + std::to_string(value) + " (" + signature(node.op).name + ")";
    Question question{{}, node};
    for (const Value input : node.inputs) {
      check(input >= 0 && input < value, place + " reads a value that is not computed before it");
      question.inputs.push_back(graph.shape(input));
    }
    check(record(node.op).shape(question) == node.shape, place + " has another shape than its inputs give");
    if (node.op == Operator::constant)
      check((node.constant.floats || node.constant.doubles) && !(node.constant.floats && node.constant.doubles),
            place + " has no numbers");
  }
  for (const Output& output : graph.outputs())
    check(output.value >= 0 && output.value < graph.size(), "the output " + output.name + " is no value");
}

std::vector<int> use_counts(const Graph& graph) {
  std::vector<int> uses(static_cast<std::size_t>(graph.size()), 0);
  for (Value value = 0; value < graph.size(); ++value)
    for (const Value input : graph[value].inputs) ++uses[static_cast<std::size_t>(input)];
  for (const Output& output : graph.outputs()) ++uses[static_cast<std::size_t>(output.value)];
  return uses;
}

Graph drop_dead(const Graph& graph) {
  std::vector<bool> alive(static_cast<std::size_t>(graph.size()), false);
  for (const Output& output : graph.outputs()) alive[static_cast<std::size_t>(output.value)] = true;
  for (Value value = graph.size(); value-- > 0;)
    if (alive[static_cast<std::size_t>(value)])
      for (const Value input : graph[value].inputs) alive[static_cast<std::size_t>(input)] = true;
  Rewriter rewriter(graph);
  for (Value value = 0; value < graph.size(); ++value)
    if (alive[static_cast<std::size_t>(value)] || graph[value].op == Operator::input) rewriter.copy(value);
  return rewriter.finish();
}

Graph share(const Graph& graph) {
  std::map<std::pair<Operator, std::vector<Value>>, std::vector<Value>> known;  // new values that may be equal
  Rewriter rewriter(graph);
  for (Value value = 0; value < graph.size(); ++value) {
    const Node& node = graph[value];
    std::vector<Value>& alike = known[{node.op, rewriter(node.inputs)}];
    for (const Value other : alike) {
      const Node& first = rewriter.to[other];
      if (node.op != Operator::input && first.attributes == node.attributes && first.fused == node.fused &&
          first.constant == node.constant)
        rewriter.move(value, other);
    }
    if (rewriter(value) != no_value) continue;
    rewriter.copy(value);
    alike.push_back(rewriter(value));
  }
  return rewriter.finish();
}

Graph optimise(const Graph& graph, const Seen& seen) {
  const struct {
    const char* name;
    Graph (*pass)(const Graph&);
  } passes[] = {{"share", share}, {"drop_dead", drop_dead}, {"fuse", fuse}, {"drop_dead", drop_dead}};
  Graph result = graph;
  for (const auto& [name, pass] : passes) {
    result = pass(result);
#ifndef NDEBUG
    verify(result);
#endif
    if (seen) seen(name, result);
  }
  return result;
}

}  // namespace whycam::graph
