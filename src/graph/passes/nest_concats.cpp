// DenseNets concatenate all that came before at each layer: what the last concatenation put together need not be put
// together again, nor its gradient be added up part by part.
#include <algorithm>
#include <map>

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
  std::map<std::vector<Value>, std::vector<Value>>
      known;  // concatenations by their first two inputs; later ones are longer
  Rewriter rewriter(graph);
  for (Value value = 0; value < graph.size(); ++value) {
    const Node& node = graph[value];
    rewriter.copy(value);
    if (node.op != Operator::concat || node.inputs.size() < 2) continue;
    auto& alike = known[{node.inputs[0], node.inputs[1]}];
    const auto starts_with = [&](Value shorter) {
      const Node& other = graph[shorter];
      return other.attributes == node.attributes && other.inputs.size() < node.inputs.size() &&
             std::equal(other.inputs.begin(), other.inputs.end(), node.inputs.begin());
    };
    if (const auto start = std::find_if(alike.rbegin(), alike.rend(), starts_with); start != alike.rend()) {
      std::vector<Value> inputs{*start};
      inputs.insert(inputs.end(), node.inputs.begin() + static_cast<std::ptrdiff_t>(graph[*start].inputs.size()),
                    node.inputs.end());
      rewriter.move(value, rewriter.to.add_like(node, rewriter(inputs)));
    }
    if (as_it_is[static_cast<std::size_t>(value)]) continue;
    const auto longer = [&](Value other) { return graph[other].inputs.size() > node.inputs.size(); };
    alike.insert(std::find_if(alike.begin(), alike.end(), longer), value);
  }
  return drop_dead(rewriter.finish());
}

}  // namespace whycam::graph
