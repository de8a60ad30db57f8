#include "graph/axes.h"

#include <algorithm>

#include "graph/axis_parts.h"
#include "graph/operators.h"

namespace whycam::graph {
namespace {

using Kind = AxisPart::Kind;

class Finder {
 public:
  Finder(const Graph& graph, const std::vector<Value>& inputs) : graph_(graph) {
    for (Value value = 0; value < graph.size(); ++value) {
      all_.emplace_back(graph.shape(value).size());
      const Node& node = graph[value];
      depends_.push_back(node.op == Operator::input ||
                         std::any_of(node.inputs.begin(), node.inputs.end(), [&](Value one) { return depends(one); }));
    }
    const bool fixed = fixes_axes(graph);
    for (const Value input : inputs) {
      const Shape& shape = graph.shape(input);
      if (!shape.empty()) learn(input, 0, axis_of(Kind::batch, shape[0]));
      for (std::size_t d = 1; !fixed && d < shape.size(); ++d)
        learn(input, d,
              d == 1 ? axis_of(Kind::channel, shape[1]) : axis_of(Kind::space, shape[d], static_cast<int>(d) - 2));
    }
  }

  std::vector<Axes> find() {
    constexpr int most_rounds = 16;  // each that finds nothing new ends it
    for (int round = 0; round < most_rounds && changed_; ++round) {
      changed_ = false;
      for (Value value = 0; value < graph_.size(); ++value) forward(value);
      for (Value value = graph_.size(); value-- > 0;) backward(value);
    }
    return std::move(all_);
  }

 private:
  Axes& axes(Value value) { return all_[static_cast<std::size_t>(value)]; }

  /// Whether a value is more than the network's weights.
  bool depends(Value value) const { return depends_[static_cast<std::size_t>(value)]; }

  void learn(Value value, std::size_t d, const Axis& axis) {
    if (!depends(value)) return;
    Axis& known = axes(value)[d];
    const Axis& best = better(known, axis);
    if (&best == &known || best == known) return;
    known = axis;
    changed_ = true;
  }
  void learn(Value value, const Axes& found) {
    for (std::size_t d = 0; d < found.size(); ++d) learn(value, d, found[d]);
  }

  void forward(Value value) {
    const Node& node = graph_[value];
    switch (node.op) {
      case Operator::input:
      case Operator::constant:
        return;
      case Operator::convolution:
      case Operator::convolution_transpose:
      case Operator::max_pool:
      case Operator::average_pool:
      case Operator::adaptive_average_pool:
        return window(value, node);
      case Operator::reshape:
        return learn(value, reshaped(axes(node.inputs[0]), graph_.shape(node.inputs[0]), node.shape));
      case Operator::transpose:
        for (std::size_t d = 0; d < node.shape.size(); ++d)
          learn(value, d, axes(node.inputs[0])[static_cast<std::size_t>(permutation(node)[d])]);
        return;
      case Operator::slice:
        return slice(value, node);
      case Operator::embed:
        return embed(value, node);
      case Operator::concat:
        return concat(value, node);
      case Operator::expand:
        return expand(value, node);
      case Operator::matmul:
        return matmul(value, node);
      case Operator::reduce_sum:
        return reduce(value, node);
      default:
        for (const Value input : node.inputs) elementwise(input, value, node);
    }
  }

  static const Integers& permutation(const Node& node) { return node.as<TransposeAttributes>().permutation; }
  /// What works on N x C x space. An axis that is known as something else (examples times frames, all of space in one)
  /// is believed.
  void window(Value value, const Node& node) {
    const Value input = node.inputs[0];
    const Shape &from = graph_.shape(input), &to = node.shape;
    learn(input, 0, axis_of(Kind::batch, from[0]));
    learn(input, 1, axis_of(Kind::channel, from[1]));
    for (std::size_t d = 2; d < from.size(); ++d)
      learn(input, d, axis_of(Kind::space, from[d], static_cast<int>(d) - 2));
    learn(value, 0, axes(input)[0]);
    learn(value, 1, axis_of(Kind::channel, to[1]));
    for (std::size_t d = 2; d < to.size(); ++d) {
      const Axis& before = axes(input)[d];
      if (from[d] == to[d])
        learn(value, d, before);
      else if (before.parts.size() == 1)
        learn(value, d, axis_of(Kind::space, to[d], before.parts[0].dimension));
    }
  }

  void slice(Value value, const Node& node) {
    const auto& a = node.as<SliceAttributes>();
    const Shape& from = graph_.shape(node.inputs[0]);
    for (std::size_t d = 0; d < from.size(); ++d) learn(value, d, cut(axes(node.inputs[0])[d], from[d], a, d));
  }

  static Axis cut(const Axis& axis, std::int64_t from, const SliceAttributes& a, std::size_t d) {
    if (a.shape[d] == from || !axis.known()) return axis;
    Axis rest = axis;
    rest.before -= a.begin[d];
    rest.behind -= from - a.begin[d] - a.shape[d];
    if (a.step[d] == 1 && rest.before >= 0 && rest.behind >= 0) return rest;
    if (axis.parts.size() == 1 && axis.before + axis.behind == 0)  // a part of it is still of that kind
      return axis_of(axis.parts[0].kind, a.shape[d], axis.parts[0].dimension);
    return {};
  }

  void embed(Value value, const Node& node) {
    const auto& a = node.as<EmbedAttributes>();
    const Shape& from = graph_.shape(node.inputs[0]);
    for (std::size_t d = 0; d < from.size(); ++d) {
      Axis axis = axes(node.inputs[0])[d];
      if (from[d] != node.shape[d] && axis.known()) {
        if (axis.parts.size() == 1 && axis.before + axis.behind == 0) {
          axis = axis_of(axis.parts[0].kind, node.shape[d], axis.parts[0].dimension);
        } else if (a.step[d] == 1) {
          axis.before += a.begin[d];
          axis.behind += node.shape[d] - a.begin[d] - from[d];
        } else {
          axis = {};
        }
      }
      learn(value, d, axis);
    }
  }

  void concat(Value value, const Node& node) {
    const auto along = static_cast<std::size_t>(node.as<ConcatAttributes>().axis);
    for (std::size_t d = 0; d < node.shape.size(); ++d)
      if (d != along)
        for (const Value input : node.inputs) learn(value, d, axes(input)[d]);
    const Axis* telling = nullptr;
    std::int64_t at = 0, before = 0;
    int tokens = 0;
    for (const Value input : node.inputs) {
      const Axis& axis = axes(input)[along];
      tokens += axis.parts.size() > 1;
      if (axis.known() && (!telling || (axis.parts.size() > 1 && telling->parts.size() == 1) ||
                           (telling->is(Kind::other) && !axis.is(Kind::other)))) {
        telling = &axis;
        before = at;
      }
      at += graph_.shape(input)[along];
    }
    if (!telling || tokens > 1) return;
    if (telling->parts.size() == 1 && telling->before + telling->behind == 0)
      return learn(value, along, axis_of(telling->parts[0].kind, node.shape[along], telling->parts[0].dimension));
    Axis axis = *telling;
    std::int64_t product = 1;
    for (const AxisPart& part : axis.parts) product *= part.extent;
    axis.before += before;
    axis.behind = node.shape[along] - product - axis.before;
    learn(value, along, axis);
  }

  void expand(Value value, const Node& node) {
    const Shape& from = graph_.shape(node.inputs[0]);
    const std::size_t more = node.shape.size() - from.size();
    for (std::size_t d = 0; d < node.shape.size(); ++d)
      learn(value, d,
            d >= more && from[d - more] == node.shape[d] ? axes(node.inputs[0])[d - more]
                                                         : axis_of(Kind::other, node.shape[d]));
  }

  void matmul(Value value, const Node& node) {
    const auto& a = node.as<MatmulAttributes>();
    const Value x = node.inputs[0], y = node.inputs[1];
    const std::size_t last = node.shape.size() - 1;
    if (merges_patches(value, node)) return;
    for (std::size_t d = 0; d + 2 < node.shape.size(); ++d)
      for (const Value input : {x, y}) learn_aligned(value, d, input);
    if (last == 0) return;
    const auto of = [&](Value input, bool second, bool transposed) -> const Axis& {
      const Axes& all = axes(input);
      static const Axis nothing;
      return all.size() < 2 ? nothing : all[all.size() - (second != transposed ? 1 : 2)];
    };
    learn(value, last - 1, of(x, false, a.transpose_a));
    const Axis& summed = of(x, true, a.transpose_a);
    if (depends(y))
      learn(value, last, of(y, true, a.transpose_b));
    else if (summed.is(Kind::channel))
      learn(value, last, axis_of(Kind::channel, node.shape[last]));
    else if (summed.is(Kind::space) && summed.parts.size() == 1 && has_other_space(axes(x), summed.parts[0].dimension))
      learn(value, last, axis_of(Kind::space, node.shape[last], summed.parts[0].dimension));  // it is resampled
  }

  /// Weights that sum up the channels of whole patches, as where tokens are merged: what is left counts patches.
  bool merges_patches(Value value, const Node& node) {
    const Axes& from = axes(node.inputs[0]);
    if (depends(node.inputs[1]) || from.size() != node.shape.size() || from.empty() ||
        node.as<MatmulAttributes>().transpose_a)
      return false;
    const Axis& summed = from.back();
    const auto has = [&](Kind kind) {
      return std::any_of(summed.parts.begin(), summed.parts.end(), [&](const AxisPart& p) { return p.kind == kind; });
    };
    if (!has(Kind::channel) || !has(Kind::space) || summed.before + summed.behind > 0) return false;
    for (std::size_t d = 0; d + 1 < from.size(); ++d) learn(value, d, without_inner_space(from[d], summed));
    learn(value, from.size() - 1, axis_of(Kind::channel, node.shape.back()));
    return true;
  }

  static bool has_other_space(const Axes& all, int dimension) {
    for (const Axis& axis : all)
      for (const AxisPart& part : axis.parts)
        if (part.kind == Kind::space && part.dimension != dimension) return true;
    return false;
  }

  void reduce(Value value, const Node& node) {
    for (std::size_t d = 0; d < node.shape.size(); ++d) {
      const Axis& axis = axes(node.inputs[0])[d];
      if (node.shape[d] == graph_.shape(node.inputs[0])[d])
        learn(value, d, axis);
      else if (axis.known())
        learn(value, d, axis_of(axis.parts[0].kind, 1, axis.parts[0].dimension));
    }
  }

  /// With the shorter shape's axes aligned to the end of the longer one's, as broadcasting does.
  void learn_aligned(Value value, std::size_t d, Value input) {
    const std::size_t rank = graph_.shape(value).size(), other = graph_.shape(input).size();
    if (d + other < rank) return;
    const std::size_t from = d + other - rank;
    if (graph_.shape(input)[from] == graph_.shape(value)[d]) learn(value, d, axes(input)[from]);
  }

  void elementwise(Value input, Value value, const Node& node) {
    for (std::size_t d = 0; d < node.shape.size(); ++d) learn_aligned(value, d, input);
  }

  void backward(Value value) {
    const Node& node = graph_[value];
    switch (node.op) {
      case Operator::input:
      case Operator::constant:
      case Operator::convolution:
      case Operator::convolution_transpose:
      case Operator::max_pool:
      case Operator::average_pool:
      case Operator::adaptive_average_pool:
      case Operator::expand:
        return;
      case Operator::reshape:
        return learn(node.inputs[0], reshaped(axes(value), node.shape, graph_.shape(node.inputs[0])));
      case Operator::transpose:
        for (std::size_t d = 0; d < node.shape.size(); ++d)
          learn(node.inputs[0], static_cast<std::size_t>(permutation(node)[d]), axes(value)[d]);
        return;
      case Operator::matmul:
        return matmul_backward(value, node);
      default:
        for (const Value input : node.inputs) same_extents(value, input, node);
    }
  }

  void matmul_backward(Value value, const Node& node) {
    const Value x = node.inputs[0];
    const std::size_t rank = node.shape.size();
    if (graph_.shape(x).size() != rank || rank < 2 || node.as<MatmulAttributes>().transpose_a) return;
    for (std::size_t d = 0; d + 1 < rank; ++d)
      if (graph_.shape(x)[d] == node.shape[d]) learn(x, d, axes(value)[d]);
  }

  /// What an operator leaves as it is: every axis that keeps its extent; and one that is cut or padded keeps its kind.
  void same_extents(Value value, Value input, const Node& node) {
    const std::size_t rank = node.shape.size(), other = graph_.shape(input).size();
    for (std::size_t d = 0; d < rank; ++d) {
      if (d + other < rank) continue;
      const std::size_t to = d + other - rank;
      const Axis& axis = axes(value)[d];
      if (graph_.shape(input)[to] == node.shape[d])
        learn(input, to, axis);
      else if ((node.op == Operator::slice || node.op == Operator::embed || node.op == Operator::concat) &&
               axis.parts.size() == 1 && axis.before + axis.behind == 0)
        learn(input, to, axis_of(axis.parts[0].kind, graph_.shape(input)[to], axis.parts[0].dimension));
    }
  }

  const Graph& graph_;
  std::vector<Axes> all_;
  std::vector<bool> depends_;
  bool changed_ = true;
};

}  // namespace

std::vector<Axes> find_axes(const Graph& graph, const std::vector<Value>& inputs) {
  return Finder(graph, inputs).find();
}

bool fixes_axes(const Graph& graph) {
  for (Value value = 0; value < graph.size(); ++value) switch (graph[value].op) {
      case Operator::convolution:
      case Operator::convolution_transpose:
      case Operator::max_pool:
      case Operator::average_pool:
      case Operator::adaptive_average_pool:
        return true;
      default:
        break;
    }
  return false;
}

}  // namespace whycam::graph
