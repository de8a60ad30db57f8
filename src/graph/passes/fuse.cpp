// What follows a convolution, a scale or a sum becomes a part of it.
#include "graph/evaluate.h"
#include "graph/passes/rewriter.h"

namespace whycam::graph {
namespace {

/// The upper limit of a function that cuts off at 0 and at a limit, which is 0 for a ReLU; negative for all else.
double relu_limit(const Node& node) {
  if (node.op != Operator::unary) return -1;
  const auto& a = node.as<FunctionAttributes>();
  if (a.function == Function::relu) return 0;
  const bool clips = a.function == Function::hardtanh || a.function == Function::clamp;
  return clips && a.alpha == 0 && a.beta > 0 ? a.beta : -1;
}

class Fuser {
 public:
  explicit Fuser(const Graph& graph)
      : graph_(graph), rewriter_(graph), uses_(use_counts(graph)), constant_(constant_values(graph)) {}

  Graph run() {
    for (Value value = 0; value < graph_.size(); ++value) {
      const bool fused =
          !constant_[at(value)] && (fuse_relu(value) || fuse_addition(value) || fuse_scale(value) || fuse_gate(value));
      if (!fused) rewriter_.copy(value);
    }
    return rewriter_.finish();
  }

 private:
  static std::size_t at(Value value) { return static_cast<std::size_t>(value); }
  /// The node that a value has become, where nothing but one reader needs the value itself.
  const Node* only_read_here(Value value) const {
    return uses_[at(value)] == 1 && !constant_[at(value)] ? &rewriter_.to[rewriter_(value)] : nullptr;
  }

  /// relu(convolution), relu(add), relu(scale_shift), relu(gate), relu(matmul)
  bool fuse_relu(Value value) {
    const Node& node = graph_[value];
    const double limit = relu_limit(node);
    if (limit < 0) return false;
    const Node* before = only_read_here(node.inputs[0]);
    if (!before || before->fused.relu || (limit > 0 && before->op != Operator::convolution)) return false;
    switch (before->op) {
      case Operator::convolution:
      case Operator::matmul:
      case Operator::add:
      case Operator::scale_shift:
      case Operator::gate:
        break;
      default:
        return false;
    }
    Node fused = *before;
    fused.fused = {true, limit};
    rewriter_.move(value, rewriter_.to.add_like(fused, fused.inputs));
    return true;
  }

  /// convolution + addend of its shape. The convolution is computed last, so it must be the later one of the two.
  bool fuse_addition(Value value) {
    const Node& node = graph_[value];
    if (node.op != Operator::add) return false;
    for (const bool second : {true, false}) {
      const Node* before = only_read_here(node.inputs[second]);
      const Value addend = rewriter_(node.inputs[!second]);
      if (!before || before->op != Operator::convolution || before->inputs.size() > 3 || before->fused.relu ||
          before->shape != rewriter_.to.shape(addend))
        continue;
      Node fused = *before;
      if (fused.inputs.size() == 2) fused.inputs.push_back(zero_bias(fused.shape[1]));
      fused.inputs.push_back(addend);
      rewriter_.move(value, rewriter_.to.add_like(fused, fused.inputs));
      return true;
    }
    return false;
  }

  /// x * scale + shift with constants of one number a channel
  bool fuse_scale(Value value) {
    const Node& node = graph_[value];
    if (node.op != Operator::add || node.shape.size() < 3) return false;
    for (const bool second : {false, true}) {
      const Value product = node.inputs[second], shift = node.inputs[!second];
      if (uses_[at(product)] != 1 || graph_[product].op != Operator::multiply || !per_channel(shift, node.shape))
        continue;
      for (const bool last : {false, true}) {
        const Value x = graph_[product].inputs[last], scale = graph_[product].inputs[!last];
        if (!per_channel(scale, node.shape) || graph_.shape(x) != node.shape) continue;
        const Shape row{node.shape[1]};
        rewriter_.move(value, rewriter_.to.add(Operator::scale_shift,
                                               {rewriter_(x), rewriter_.to.reshape(rewriter_(scale), row),
                                                rewriter_.to.reshape(rewriter_(shift), row)},
                                               {}, node.name));
        return true;
      }
    }
    return false;
  }

  bool per_channel(Value value, const Shape& shape) const {
    const Shape& own = graph_.shape(value);
    if (!constant_[at(value)] || own.size() + 1 != shape.size() + (own.size() == shape.size())) return false;
    const std::size_t channel = own.size() - (shape.size() - 1);
    for (std::size_t i = 0; i < own.size(); ++i)
      if (own[i] != (i == channel ? shape[1] : 1)) return false;
    return true;
  }

  /// gate(mask, a + b) becomes gate(mask, a, b)
  bool fuse_gate(Value value) {
    const Node& node = graph_[value];
    if (node.op != Operator::gate || node.inputs.size() != 2) return false;
    std::vector<Value> inputs = rewriter_(node.inputs);
    bool any = false;
    for (Value sum = node.inputs[1]; graph_[sum].op == Operator::add && uses_[at(sum)] == 1;
         sum = graph_[sum].inputs[0]) {
      const Node& addition = graph_[sum];
      if (graph_.shape(addition.inputs[0]) != node.shape || graph_.shape(addition.inputs[1]) != node.shape ||
          addition.fused.relu || rewriter_.to[rewriter_(sum)].op != Operator::add)
        break;
      inputs[1] = rewriter_(addition.inputs[0]);
      inputs.insert(inputs.begin() + 2, rewriter_(addition.inputs[1]));
      any = true;
    }
    if (any) rewriter_.move(value, rewriter_.to.add_like(node, inputs));
    return any;
  }

  Value zero_bias(std::int64_t channels) {
    return rewriter_.to.add_constant(constant_of(std::vector<float>(static_cast<std::size_t>(channels), 0.0F)),
                                     {channels});
  }

  const Graph& graph_;
  Rewriter rewriter_;
  std::vector<int> uses_;
  std::vector<bool> constant_;
};

}  // namespace

Graph fuse(const Graph& graph) { return Fuser(graph).run(); }

}  // namespace whycam::graph
