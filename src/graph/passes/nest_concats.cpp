// DenseNets concatenate all that came before at each layer: what the last concatenation put together need not be put
// together again, nor its gradient be added up part by part.
#include <algorithm>

#include "graph/differentiate.h"
#include "graph/passes/rewriter.h"

namespace whycam::graph {
namespace {

/// Whether each value's gradient has a meaning of its own, which another reader would change: it is asked for, a rule
/// for ReLUs looks at the whole of it, or none is to arrive.
std::vector<bool> have_meaning(const Graph& graph) {
  std::vector<bool> result(static_cast<std::size_t>(graph.size()), false);
  for (const Output& output : graph.outputs()) result[static_cast<std::size_t>(output.value)] = true;
  for (Value value = 0; value < graph.size(); ++value)
    if (is_relu(graph[value], /*clipped_relus=*/true) || is_detach(graph[value]))
      result[static_cast<std::size_t>(graph[value].inputs[0])] = true;
  return result;
}

}  // namespace

Graph nest_concats(const Graph& graph) {
  const std::vector<bool> as_it_is = have_meaning(graph);
  std::vector<Value> starts;  // concatenations that others may start with
  Rewriter rewriter(graph);
  for (Value value = 0; value < graph.size(); ++value) {
    const Node& node = graph[value];
    if (node.op != Operator::concat || node.inputs.size() < 2) {
      rewriter.copy(value);
      continue;
    }
    Value longest = no_value;
    std::size_t taken = 0;
    for (const Value start : starts) {
      const Node& other = graph[start];
      const std::size_t size = other.inputs.size();
      if (size <= taken || size >= node.inputs.size() || !(other.attributes == node.attributes) ||
          !std::equal(other.inputs.begin(), other.inputs.end(), node.inputs.begin()))
        continue;
      longest = start;
      taken = size;
    }
    std::vector<Value> inputs;
    if (longest != no_value) inputs.push_back(longest);
    inputs.insert(inputs.end(), node.inputs.begin() + static_cast<std::ptrdiff_t>(taken), node.inputs.end());
    rewriter.move(value, rewriter.to.add_like(node, rewriter(inputs)));
    if (!as_it_is[static_cast<std::size_t>(value)]) starts.push_back(value);
  }
  return rewriter.finish();
}

}  // namespace whycam::graph
