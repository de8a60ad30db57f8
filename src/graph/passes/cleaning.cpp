// Verification, and what can be left out or shared.
#include <functional>
#include <map>
#include <stdexcept>
#include <tuple>
#include <type_traits>

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
      check(node.constant.holds_floats() != (node.constant.doubles != nullptr), place + " has no numbers");
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

namespace {

std::size_t mixed(std::size_t hash, std::size_t number) { return hash * 1000003 + number; }

template <class T>
std::size_t hash_of_field(const T& value) {
  if constexpr (std::is_enum_v<T>)
    return static_cast<std::size_t>(value);
  else
    return std::hash<T>()(value);
}

std::size_t hash_of_field(const Integers& numbers) {
  std::size_t hash = numbers.size();
  for (const std::int64_t number : numbers) hash = mixed(hash, static_cast<std::size_t>(number));
  return hash;
}

/// The same for equal nodes, so that of thousands which read the same values few are compared with each other.
std::size_t hash_of(const Node& node) {
  std::size_t hash = hash_of_field(node.shape);
  hash = mixed(hash, std::hash<const void*>()(node.constant.identity()));
  const auto add = [&hash](const auto&... fields) { ((hash = mixed(hash, hash_of_field(fields.value))), ...); };
  std::visit([&](const auto& attributes) { std::apply(add, attributes.fields()); }, node.attributes);
  return hash;
}

}  // namespace

Graph share(const Graph& graph) {
  // New values that may be equal.
  std::map<std::tuple<Operator, std::vector<Value>, std::size_t>, std::vector<Value>> known;
  Rewriter rewriter(graph);
  for (Value value = 0; value < graph.size(); ++value) {
    const Node& node = graph[value];
    std::vector<Value>& alike = known[{node.op, rewriter(node.inputs), hash_of(node)}];
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
