// The compiler's graph: tensors of known shapes and the operators between them, in an order in which they can run.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "graph/functions.h"

namespace whycam::graph {

using Shape = std::vector<std::int64_t>;
using Integers = std::vector<std::int64_t>;

/// The largest extent, stride, padding or place: the product of two still fits 64 bits, however it is added up.
constexpr std::int64_t largest_extent = std::int64_t{1} << 30;
/// The most elements of a tensor.
constexpr std::int64_t most_elements = std::int64_t{1} << 36;

/// 2^63 - 1, which no tensor has, where the product is not less.
std::int64_t element_count(const Shape& shape);
/// Whether a tensor may have this shape: no extent below 1, and none of the numbers above exceeded.
bool is_sound(const Shape& shape);
/// One extent may be -1: what the others leave of so many elements.
Shape completed(Shape shape, std::int64_t elements);
/// Throws std::invalid_argument where one is further from 0 than the largest extent.
void require_moderate(const Integers& integers);
std::string to_string(const Integers& integers);

/// Every operator, in one list. What each means is said at its record in graph/operators/.
enum class Operator {
  input,
  constant,
  unary,
  unary_gradient,
  add,
  subtract,
  multiply,
  divide,
  maximum,
  minimum,
  convolution,
  convolution_transpose,
  matmul,
  max_pool,
  max_pool_positions,
  max_pool_gradient,
  average_pool,
  average_pool_gradient,
  adaptive_average_pool,
  adaptive_average_pool_gradient,
  reduce_sum,
  softmax,
  log_softmax,
  normalize,
  normalize_gradient,
  reshape,
  transpose,
  slice,
  embed,
  concat,
  expand,
  inside,
  gate,
  scale_shift,
};

/// A node's place in its graph; a node gives one tensor, so this names the tensor, too.
using Value = std::int32_t;
constexpr Value no_value = -1;

/// The parameters of all operators; each reads its own (its record says which).
struct Attributes {
  Function function = Function::relu;  ///< unary, unary_gradient
  double alpha = 0, beta = 0;          ///< the function's parameters; the fill of embed; the epsilon of normalize
  Integers kernel, strides, dilation, padding_begin, padding_end;  ///< windows: one number a spatial dimension
  std::int64_t groups = 1;                                         ///< convolutions
  bool count_padding = true;                                       ///< average_pool: padding belongs to the mean
  Integers axes;         ///< reduce_sum, softmax, normalize, concat; the permutation of transpose
  Integers begin, step;  ///< slice, embed
  Shape shape;           ///< the result's, where the inputs do not tell it
  bool transpose_a = false, transpose_b = false;  ///< matmul
  bool relu = false;                              ///< what comes out is set to 0 where it is negative, after fusion
  double limit = 0;                               ///< and to this where it is greater; 0: without a limit

  bool operator==(const Attributes& other) const;
  bool operator!=(const Attributes& other) const { return !(*this == other); }
};

/// Numbers that belong to the network. They are not copied: `owner` keeps alive what the pointer points to.
struct Constant {
  std::shared_ptr<const void> owner;
  const float* floats = nullptr;  ///< one of the two
  const double* doubles = nullptr;

  bool operator==(const Constant& other) const { return floats == other.floats && doubles == other.doubles; }
};

Constant constant_of(std::vector<double> numbers);
Constant constant_of(std::vector<float> numbers);

struct Node {
  Operator op = Operator::input;
  std::vector<Value> inputs;
  Attributes attributes;
  Shape shape;
  std::string name;        ///< where it comes from: "layer4.1.conv2"
  std::string activation;  ///< how a report calls it, where it is one of the network's activations
  Constant constant;       ///< of a constant
};

/// A tensor that the graph is there for. Section 0 is the forward pass; each further section is a backward pass of its
/// own, which is run behind the forward pass any number of times, or never.
struct Output {
  std::string name;
  Value value = no_value;
  int section = 0;
};

/// Nodes in an order in which they can run: each reads only nodes before it. Throws std::invalid_argument where an
/// operator does not fit its inputs.
class Graph {
 public:
  Value add_input(const std::string& name, const Shape& shape);
  Value add_constant(Constant constant, const Shape& shape, const std::string& name = {});
  Value add(Operator op, std::vector<Value> inputs, Attributes attributes = {}, const std::string& name = {});
  /// A copy of another graph's node with these inputs.
  Value add_like(const Node& node, std::vector<Value> inputs);

  void add_output(const std::string& name, Value value, int section = 0) { outputs_.push_back({name, value, section}); }
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
  Value transpose(Value x, const Integers& permutation);

 private:
  Value append(Node node);
  std::vector<Node> nodes_;
  std::vector<Output> outputs_;
};

}  // namespace whycam::graph
