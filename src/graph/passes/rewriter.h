// Building a graph from another one, node by node.
#pragma once

#include <vector>

#include "graph/graph.h"
#include "graph/passes.h"

namespace whycam::graph {

class Rewriter {
 public:
  explicit Rewriter(const Graph& from) : from_(from), moved_(static_cast<std::size_t>(from.size()), no_value) {}

  /// Where a value of the old graph is in the new one.
  Value operator()(Value old) const { return moved_[static_cast<std::size_t>(old)]; }
  std::vector<Value> operator()(const std::vector<Value>& old) const {
    std::vector<Value> moved;
    for (const Value value : old) moved.push_back((*this)(value));
    return moved;
  }

  void move(Value old, Value moved) { moved_[static_cast<std::size_t>(old)] = moved; }
  void copy(Value old) { move(old, to.add_like(from_[old], (*this)(from_[old].inputs))); }

  Graph finish() {
    for (const Output& output : from_.outputs())
      to.add_output({output.name, (*this)(output.value), output.section, output.exact});
    return std::move(to);
  }

  Graph to;

 private:
  const Graph& from_;
  std::vector<Value> moved_;
};

}  // namespace whycam::graph
