#include "graph/examples.h"

#include <algorithm>
#include <variant>
#include <vector>

#include "graph/evaluate.h"
#include "graph/operators.h"

namespace whycam::graph {
namespace {

bool has(const Integers& axes, std::int64_t axis) { return std::find(axes.begin(), axes.end(), axis) != axes.end(); }

/// Decides node by node whether examples stay apart. Of each value that depends on the inputs the first axis is that of
/// the examples, or of as many rows for each of them, one example after the other.
class Examples {
 public:
  explicit Examples(const Graph& graph)
      : graph_(graph), constant_(constant_values(graph)), count_(example_count(graph)) {}

  bool stay_apart() const {
    for (Value value = 0; count_ > 0 && value < graph_.size(); ++value)
      if (!is_constant(value) && !(has_examples(value) && keeps_rows(value) && stay_apart(value))) return false;
    return count_ > 0;
  }

  std::int64_t count() const { return count_; }

  bool is_constant(Value value) const { return constant_[static_cast<std::size_t>(value)]; }

  /// Whether a constant is repeated for each example where this node reads it.
  bool is_repeated(const Node& reader, Value constant) const {
    const Node& node = graph_[constant];
    return (is_elementwise(reader.op) || reader.op == Operator::concat) && node.op == Operator::expand &&
           node.shape.size() == reader.shape.size() && node.shape[0] == reader.shape[0] &&
           is_of_all(node.inputs[0], node.shape.size());
  }

 private:
  static bool is_elementwise(Operator op) {
    switch (op) {
      case Operator::unary:
      case Operator::unary_gradient:
      case Operator::add:
      case Operator::subtract:
      case Operator::multiply:
      case Operator::divide:
      case Operator::maximum:
      case Operator::minimum:
      case Operator::inside:
      case Operator::gate:
        return true;
      default:
        return false;
    }
  }

  bool has_examples(Value value) const {
    const Shape& shape = graph_.shape(value);
    return !shape.empty() && shape[0] % count_ == 0;
  }

  /// Whether a value has as many rows for each example as what it is computed of; a reshape alone may change that.
  bool keeps_rows(Value value) const {
    const Node& node = graph_[value];
    return node.op == Operator::reshape || std::all_of(node.inputs.begin(), node.inputs.end(), [&](Value input) {
             return is_constant(input) || graph_.shape(input)[0] == node.shape[0];
           });
  }

  /// Whether a constant is there once for all examples of a tensor with so many dimensions.
  bool is_of_all(Value constant, std::size_t dimensions) const {
    const Shape& shape = graph_.shape(constant);
    return shape.size() < dimensions || (shape.size() == dimensions && !shape.empty() && shape[0] == 1);
  }

  bool all_meet_examples(const Node& node) const {
    return std::all_of(node.inputs.begin(), node.inputs.end(), [&](Value input) {
      const std::size_t dimensions = node.shape.size();
      return is_constant(input) ? is_of_all(input, dimensions) || is_repeated(node, input)
                                : graph_.shape(input).size() == dimensions;
    });
  }
  bool all_but_the_first_are_constant(const Node& node) const {
    return !is_constant(node.inputs[0]) &&
           std::all_of(node.inputs.begin() + 1, node.inputs.end(), [&](Value input) { return is_constant(input); });
  }
  bool none_is_constant(const Node& node) const {
    return std::none_of(node.inputs.begin(), node.inputs.end(), [&](Value input) { return is_constant(input); });
  }

  bool product_stays_apart(const Node& node) const {
    const Value a = node.inputs[0], b = node.inputs[1];
    const std::size_t dimensions = node.shape.size();
    if (node.inputs.size() > 2 && !is_constant(node.inputs[2])) return false;
    if (dimensions == 2)  // rows are examples
      return !is_constant(a) && is_constant(b) && !node.as<MatmulAttributes>().transpose_a;
    const auto is_batched = [&](Value factor) {
      return is_constant(factor) ? is_of_all(factor, dimensions) : graph_.shape(factor).size() == dimensions;
    };
    return dimensions > 2 && is_batched(a) && is_batched(b);
  }

  bool stay_apart(Value value) const {
    const Node& node = graph_[value];
    if (is_elementwise(node.op)) return all_meet_examples(node);
    switch (node.op) {
      case Operator::input:
        return true;
      case Operator::scale_shift:
      case Operator::convolution_transpose:
        return all_but_the_first_are_constant(node);
      case Operator::convolution:
        return !is_constant(node.inputs[0]) && is_constant(node.inputs[1]) &&
               (node.inputs.size() < 3 || is_constant(node.inputs[2])) &&
               (node.inputs.size() < 4 || !is_constant(node.inputs[3]));
      case Operator::matmul:
        return product_stays_apart(node);
      case Operator::max_pool:
      case Operator::max_pool_positions:
      case Operator::max_pool_gradient:
      case Operator::average_pool:
      case Operator::average_pool_gradient:
      case Operator::adaptive_average_pool:
      case Operator::adaptive_average_pool_gradient:
      case Operator::principal_eigenvector:
      case Operator::reshape:  // numbers in row-major order, in which each example's lie together
        return none_is_constant(node);
      default:
        return leaves_first_axis_alone(node);
    }
  }

  bool leaves_first_axis_alone(const Node& node) const {
    switch (node.op) {
      case Operator::reduce_sum:
      case Operator::softmax:
      case Operator::log_softmax:
      case Operator::normalize:
      case Operator::normalize_gradient:
        return none_is_constant(node) && !has(node.as<AxesAttributes>().axes, 0);
      case Operator::transpose:
        return node.as<TransposeAttributes>().permutation[0] == 0;
      case Operator::slice:
      case Operator::embed: {
        const auto& a = node.as<SliceAttributes>();
        return none_is_constant(node) && a.begin[0] == 0 && a.step[0] == 1;
      }
      case Operator::concat:
        return node.as<ConcatAttributes>().axis != 0 &&
               std::all_of(node.inputs.begin(), node.inputs.end(),
                           [&](Value input) { return !is_constant(input) || is_repeated(node, input); });
      case Operator::expand:
        return graph_.shape(node.inputs[0]).size() == node.shape.size();
      default:
        return false;
    }
  }

  const Graph& graph_;
  const std::vector<bool> constant_;
  const std::int64_t count_;
};

/// The attributes for `count` examples of so many, where they say shapes.
Attributes of_examples(Attributes attributes, std::int64_t count, std::int64_t of) {
  std::visit(
      [&](auto& of_node) {
        if constexpr (std::is_base_of_v<ShapeAttributes, std::decay_t<decltype(of_node)>>)
          of_node.shape[0] = of_node.shape[0] / of * count;
      },
      attributes);
  return attributes;
}

}  // namespace

std::int64_t example_count(const Graph& graph) {
  std::int64_t count = 0;
  for (Value value = 0; value < graph.size(); ++value) {
    if (graph[value].op != Operator::input) continue;
    const Shape& shape = graph.shape(value);
    if (shape.empty() || (count != 0 && shape[0] != count)) return 0;
    count = shape[0];
  }
  return count;
}

std::optional<Graph> for_examples(const Graph& graph, std::int64_t count) {
  const Examples examples(graph);
  if (!examples.stay_apart()) return std::nullopt;
  Graph result;
  std::vector<Value> values, repeated(static_cast<std::size_t>(graph.size()), no_value);
  const auto add = [&](Value value, const std::vector<Value>& inputs, bool with_examples) {
    Node node = graph[value];
    if (with_examples) node.attributes = of_examples(std::move(node.attributes), count, examples.count());
    return result.add_like(node, inputs);
  };
  const auto mapped = [&](const Node& reader, Value input) {
    if (!examples.is_constant(input) || !examples.is_repeated(reader, input))
      return values[static_cast<std::size_t>(input)];
    Value& copy = repeated[static_cast<std::size_t>(input)];
    if (copy == no_value) copy = add(input, {values[static_cast<std::size_t>(graph[input].inputs[0])]}, true);
    return copy;
  };
  for (Value value = 0; value < graph.size(); ++value) {
    const Node& node = graph[value];
    std::vector<Value> inputs;
    for (const Value input : node.inputs)
      inputs.push_back(examples.is_constant(value) ? values[static_cast<std::size_t>(input)] : mapped(node, input));
    values.push_back(add(value, inputs, !examples.is_constant(value)));
  }
  for (Output output : graph.outputs()) {
    if (examples.is_constant(output.value)) return std::nullopt;
    output.value = values[static_cast<std::size_t>(output.value)];
    result.add_output(std::move(output));
  }
  return result;
}

}  // namespace whycam::graph
