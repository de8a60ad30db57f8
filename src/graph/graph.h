// The compiler's graph: tensors of known shapes and the operators between them, in an order in which they can run.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <stdexcept>
#include <string>
#include <type_traits>
#include <utility>
#include <vector>

#include "graph/attributes.h"
#include "graph/weights.h"

namespace whycam::graph {

/// What each means is said at its record in graph/operators/.
#define OPERATOR(name, attributes, fewest, most) name,
enum class Operator {
#include "graph/operators.def"
};
#undef OPERATOR

#define OPERATOR(name, attributes, fewest, most) +1
constexpr int operator_count = 0
#include "graph/operators.def"
    ;
#undef OPERATOR

/// What operators.def says of an operator.
struct Signature {
  const char* name;
  std::size_t attributes;  ///< their index in the variant
  std::size_t fewest_inputs, most_inputs;
};
const Signature& signature(Operator op);

/// A node's index in its graph; a node gives one tensor, so this names the tensor, too.
using Value = std::int32_t;
constexpr Value no_value = -1;

/// Numbers that belong to the network. They are not copied: `owner` keeps alive what the pointer points to.
struct Constant {
  std::shared_ptr<const void> owner;
  const float* floats = nullptr;  ///< one of the three
  const double* doubles = nullptr;
  std::shared_ptr<const Weights> weights = nullptr;

  bool holds_floats() const { return floats || weights; }
  /// Floating-point numbers for as long as they are held; null where there are doubles.
  std::shared_ptr<const float> numbers() const {
    return weights ? weights->numbers() : std::shared_ptr<const float>(owner, floats);
  }
  /// Tells constants apart by where their numbers are.
  const void* identity() const {
    return weights ? weights.get() : floats ? static_cast<const void*>(floats) : static_cast<const void*>(doubles);
  }
  bool operator==(const Constant& other) const { return identity() == other.identity(); }
};

Constant constant_of(std::vector<double> numbers);
Constant constant_of(std::vector<float> numbers);

struct Node {
  Operator op = Operator::input;
  std::vector<Value> inputs;
  Attributes attributes;
  Fused fused;
  Shape shape;
  std::string name;        ///< where it comes from: "layer4.1.conv2"
  std::string activation;  ///< how a report calls it, where it is one of the network's activations
  Constant constant;       ///< of a constant

  /// The operator's attributes, or a part of them that several operators share. Throws std::logic_error where the
  /// operator has others.
  template <class A>
  const A& as() const {
    const A* found = std::visit(
        [](const auto& held) -> const A* {
          if constexpr (std::is_base_of_v<A, std::decay_t<decltype(held)>>)
            return &held;
          else
            return nullptr;
        },
        attributes);
    if (!found) throw std::logic_error(std::string(signature(op).name) + " has other attributes than it was asked for");
    return *found;
  }
};

/// A tensor that the graph is there for. Section 0 is the forward pass; each further section is a backward pass of its
/// own, which is run behind the forward pass any number of times, or never.
struct Output {
  std::string name;
  Value value = no_value;
  int section = 0;
  bool exact = false;  ///< computed in float32, whatever the precision of others is
};

/// Nodes in an order in which they can run: each reads only nodes before it. Throws std::invalid_argument where an
/// operator does not fit its inputs.
class Graph {
 public:
  Value add_input(const std::string& name, const Shape& shape);
  Value add_constant(Constant constant, const Shape& shape, const std::string& name = {});
  /// With the attributes that operators.def names.
  Value add(Operator op, std::vector<Value> inputs, Attributes attributes = {}, const std::string& name = {});
  /// A copy of another graph's node with these inputs.
  Value add_like(const Node& node, std::vector<Value> inputs);

  void add_output(const std::string& name, Value value, int section = 0) { outputs_.push_back({name, value, section}); }
  void add_output(Output output) { outputs_.push_back(std::move(output)); }
  void set_outputs(std::vector<Output> outputs) { outputs_ = std::move(outputs); }
  void set_activation(Value value, const std::string& name) { nodes_[value].activation = name; }
  /// Makes a ReLU a part of another activation: it is neither guided nor counted as one.
  void make_part(Value relu);

  const Node& operator[](Value value) const { return nodes_[static_cast<std::size_t>(value)]; }
  const Shape& shape(Value value) const { return (*this)[value].shape; }
  Value size() const { return static_cast<Value>(nodes_.size()); }
  const std::vector<Output>& outputs() const { return outputs_; }
  /// The output or the input of that name, or no_value.
  Value output(const std::string& name) const;
  Value input(const std::string& name) const;

  // Shorter ways to say what gradients and lowering say often.
  Value unary(Function function, Value x, double alpha = 0, double beta = 0);
  Value binary(Operator op, Value a, Value b) { return add(op, {a, b}); }
  Value scalar(double number);
  Value reshape(Value x, Shape shape);
  /// Sums over the dimensions by which `shape` was broadcast.
  Value sum_to(Value x, Shape shape);
  Value sum(Value x, Integers axes) { return add(Operator::reduce_sum, {x}, AxesAttributes{std::move(axes)}); }
  Value transpose(Value x, Integers permutation) {
    return add(Operator::transpose, {x}, TransposeAttributes{std::move(permutation)});
  }
  /// The order of axes from before a transpose by that permutation.
  Value transpose_back(Value x, const Integers& permutation);
  Value expand(Value x, Shape shape) { return add(Operator::expand, {x}, ShapeAttributes{std::move(shape)}); }
  /// x with mean 0 and variance 1 over these axes, and with `groups` of the channels over all that belongs to a group.
  Value normalize(Value x, Integers axes, double epsilon, const std::string& name);
  Value normalize_groups(Value x, std::int64_t groups, double epsilon, const std::string& name);
  /// A part of one axis.
  Value slice(Value x, std::size_t axis, std::int64_t begin, std::int64_t size, std::int64_t step = 1);
  /// x with other elements from `begin` on along an axis, which `part` may lack where it is one place.
  Value put(Value x, std::size_t axis, std::int64_t begin, Value part);
  /// So many elements more before and behind in each dimension; negative ones are cut off. x itself where all are 0.
  Value pad(Value x, const Integers& before, const Integers& behind, double fill);

 private:
  Value append(Node node);
  std::vector<Node> nodes_;
  std::vector<Output> outputs_;
};

}  // namespace whycam::graph
