// Nodes that hold graphs.
#include "formats/onnx/follower.h"

namespace whycam::onnx {

/// The nodes of a graph within a node, as far as its outputs need them.
void Follower::follow_inner(const proto::GraphProto& graph) {
  for (const auto& initializer : graph.initializer())
    known_[initializer.name()] =
        item_of(read_tensor(initializer, contents_.model, contents_.folder), initializer.name());
  std::unordered_set<std::string> outputs;
  for (const auto& output : graph.output()) outputs.insert(output.name());
  const std::vector<bool> wanted = needed(graph, std::move(outputs));
  for (int i = 0; i < graph.node_size(); ++i)
    if (wanted[static_cast<std::size_t>(i)]) follow(graph.node(i));
}

/// A condition that is known chooses a branch.
void Follower::branch(const proto::NodeProto& node, const Call& call) {
  const auto condition = call.known(0);
  if (!condition || condition->numbers.size() != 1) throw Error("a condition that depends on the inputs");
  const auto* taken = call.find(condition->numbers[0] != 0 ? "then_branch" : "else_branch");
  if (!taken || !taken->has_g() || taken->g().output_size() != node.output_size())
    throw Error("a branch without results");
  follow_inner(taken->g());
  for (int i = 0; i < node.output_size(); ++i) known_[node.output(i)] = item(taken->g().output(i).name());
}

}  // namespace whycam::onnx
