// Batch norms vanish into the convolutions and matrix products before them.
#include "graph/evaluate.h"
#include "graph/passes/rewriter.h"

namespace whycam::graph {
namespace {

/// The dimension of its result along which an operator has one weight row each, or -1.
std::int64_t channel_dimension(const Node& node) {
  if (node.op == Operator::convolution) return 1;
  if (node.op == Operator::matmul) return static_cast<std::int64_t>(node.shape.size()) - 1;
  return -1;
}

class Folder {
 public:
  explicit Folder(const Graph& graph)
      : graph_(graph), rewriter_(graph), uses_(use_counts(graph)), constant_(constant_values(graph)) {}

  Graph run() {
    for (Value value = 0; value < graph_.size(); ++value)
      if (!fold(value)) rewriter_.copy(value);
    return rewriter_.finish();
  }

 private:
  static std::size_t at(Value value) { return static_cast<std::size_t>(value); }

  /// Whether a value is one number a channel, for a tensor of `shape` with its channels in dimension `channels`.
  bool per_channel(Value value, const Shape& shape, std::int64_t channels) const {
    const Shape& own = graph_.shape(value);
    if (!constant_[at(value)] || own.size() > shape.size()) return false;
    for (std::size_t i = 0; i < own.size(); ++i) {
      const std::size_t dimension = shape.size() - own.size() + i;
      if (own[i] != 1 && static_cast<std::int64_t>(dimension) != channels) return false;
    }
    return true;
  }

  bool fold(Value value) {
    const Node& node = graph_[value];
    if (node.op != Operator::multiply && node.op != Operator::add) return false;
    for (const bool second : {false, true}) {
      const Value product = node.inputs[second], factor = node.inputs[!second];
      const Node before = rewriter_.to[rewriter_(product)];  // as it is by now: it may have been folded itself
      const std::int64_t channels = channel_dimension(before);
      if (channels < 0 || uses_[at(product)] != 1 || graph_.shape(product) != node.shape || constant_[at(product)] ||
          before.inputs.size() > 3 || !weights_are_constant(graph_[product]) ||
          !per_channel(factor, node.shape, channels))
        continue;
      rewriter_.move(value, node.op == Operator::multiply ? scaled(before, factor) : shifted(before, factor));
      return true;
    }
    return false;
  }

  /// Of the node as it was; one that folding made has constant weights because that one had.
  bool weights_are_constant(const Node& node) const {
    if (node.op == Operator::multiply || node.op == Operator::add) return true;
    for (std::size_t i = 1; i < node.inputs.size(); ++i)
      if (!constant_[at(node.inputs[i])]) return false;
    return true;
  }

  /// One number a channel as a tensor of one dimension.
  Value row(Value factor, std::int64_t channels) {
    Graph& to = rewriter_.to;
    const Value moved = to.reshape(rewriter_(factor), {element_count(graph_.shape(factor))});
    if (to.shape(moved) == Shape{channels}) return moved;
    return to.expand(moved, {channels});
  }

  Value scaled(const Node& before, Value factor) {
    Graph& to = rewriter_.to;
    const std::int64_t channels = before.shape[static_cast<std::size_t>(channel_dimension(before))];
    const Value scale = row(factor, channels);
    Shape along_weights(to.shape(before.inputs[1]).size(), 1);
    const bool rows = before.op == Operator::convolution || before.as<MatmulAttributes>().transpose_b;
    const std::size_t dimension = before.op == Operator::convolution ? 0 : along_weights.size() - (rows ? 2 : 1);
    along_weights[dimension] = channels;
    std::vector<Value> inputs = before.inputs;
    inputs[1] = to.binary(Operator::multiply, inputs[1], to.reshape(scale, along_weights));
    if (inputs.size() > 2) inputs[2] = to.binary(Operator::multiply, inputs[2], scale);
    return to.add_like(before, inputs);
  }

  Value shifted(const Node& before, Value factor) {
    Graph& to = rewriter_.to;
    const Value shift = row(factor, before.shape[static_cast<std::size_t>(channel_dimension(before))]);
    std::vector<Value> inputs = before.inputs;
    if (inputs.size() > 2)
      inputs[2] = to.binary(Operator::add, inputs[2], shift);
    else
      inputs.push_back(shift);
    return to.add_like(before, inputs);
  }

  const Graph& graph_;
  Rewriter rewriter_;
  std::vector<int> uses_;
  std::vector<bool> constant_;
};

}  // namespace

Graph fold_scales(const Graph& graph) { return drop_dead(Folder(graph).run()); }

}  // namespace whycam::graph
