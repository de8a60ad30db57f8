#include "graph/graph.h"

#include <algorithm>
#include <limits>
#include <tuple>

#include "graph/operators.h"

namespace whycam::graph {

std::int64_t element_count(const Shape& shape) {
  std::int64_t count = 1;
  for (const std::int64_t size : shape)
    if (__builtin_mul_overflow(count, size, &count)) return std::numeric_limits<std::int64_t>::max();
  return count;
}

bool is_sound(const Shape& shape) {
  for (const std::int64_t extent : shape)
    if (extent < 1 || extent > largest_extent) return false;
  return element_count(shape) <= most_elements;
}

Shape completed(Shape shape, std::int64_t elements) {
  Shape known;
  for (const std::int64_t extent : shape)
    if (extent != -1) known.push_back(extent);
  for (std::int64_t& extent : shape)
    if (extent == -1) extent = elements / std::max<std::int64_t>(element_count(known), 1);
  return shape;
}

void require_moderate(const Integers& integers) {
  for (const std::int64_t integer : integers)
    if (integer < -largest_extent || integer > largest_extent)
      throw std::invalid_argument(std::to_string(integer) + " is no size: none is beyond 2^30");
}

std::string to_string(const Integers& integers) {
  std::string text = "[";
  for (std::size_t i = 0; i < integers.size(); ++i) text += (i ? ", " : "") + std::to_string(integers[i]);
  return text + "]";
}

bool Attributes::operator==(const Attributes& other) const {
  const auto all = [](const Attributes& a) {
    return std::tie(a.function, a.alpha, a.beta, a.kernel, a.strides, a.dilation, a.padding_begin, a.padding_end,
                    a.groups, a.count_padding, a.axes, a.begin, a.step, a.shape, a.transpose_a, a.transpose_b, a.relu,
                    a.limit);
  };
  return all(*this) == all(other);
}

Constant constant_of(std::vector<double> numbers) {
  const auto owner = std::make_shared<const std::vector<double>>(std::move(numbers));
  return {owner, nullptr, owner->data()};
}

Constant constant_of(std::vector<float> numbers) {
  const auto owner = std::make_shared<const std::vector<float>>(std::move(numbers));
  return {owner, owner->data(), nullptr};
}

Value Graph::append(Node node) {
  const Record& operator_record = record(node.op);
  Question question{{}, node.attributes};
  for (const Value input : node.inputs) {
    require(input >= 0 && input < size(), std::string(operator_record.name) + ": an input is no node of the graph");
    question.inputs.push_back(shape(input));
  }
  require(node.inputs.size() >= operator_record.fewest_inputs && node.inputs.size() <= operator_record.most_inputs,
          std::string(operator_record.name) + " takes no " + std::to_string(node.inputs.size()) + " inputs");
  const Attributes& a = node.attributes;
  for (const Integers* given :
       {&a.kernel, &a.strides, &a.dilation, &a.padding_begin, &a.padding_end, &a.begin, &a.step, &a.shape})
    require_moderate(*given);
  require_moderate({a.groups});
  node.shape = operator_record.shape(question);
  require(is_sound(node.shape),
          std::string(operator_record.name) + " would give a tensor of shape " + to_string(node.shape));
  nodes_.push_back(std::move(node));
  return size() - 1;
}

Value Graph::add_input(const std::string& name, const Shape& shape) {
  Node node;
  node.op = Operator::input;
  node.attributes.shape = shape;
  node.name = name;
  return append(std::move(node));
}

void Graph::make_part(Value relu) {
  Node& node = nodes_[static_cast<std::size_t>(relu)];
  node.activation.clear();
  node.attributes.function = Function::leaky_relu;  // the same with a slope of 0
  node.attributes.alpha = 0;
}

Value Graph::add_constant(Constant constant, const Shape& shape, const std::string& name) {
  Node node;
  node.op = Operator::constant;
  node.attributes.shape = shape;
  node.constant = std::move(constant);
  node.name = name;
  return append(std::move(node));
}

Value Graph::add(Operator op, std::vector<Value> inputs, Attributes attributes, const std::string& name) {
  Node node;
  node.op = op;
  node.inputs = std::move(inputs);
  node.attributes = std::move(attributes);
  node.name = name;
  return append(std::move(node));
}

Value Graph::add_like(const Node& node, std::vector<Value> inputs) {
  Node copy = node;
  copy.inputs = std::move(inputs);
  return append(std::move(copy));
}

Value Graph::output(const std::string& name) const {
  for (const Output& output : outputs_)
    if (output.name == name) return output.value;
  return no_value;
}

Value Graph::input(const std::string& name) const {
  for (Value value = 0; value < size(); ++value)
    if ((*this)[value].op == Operator::input && (*this)[value].name == name) return value;
  return no_value;
}

Value Graph::unary(Function function, Value x, double alpha, double beta) {
  Attributes attributes;
  attributes.function = function;
  attributes.alpha = alpha;
  attributes.beta = beta;
  return add(Operator::unary, {x}, attributes);
}

Value Graph::scalar(double number) { return add_constant(constant_of(std::vector<double>{number}), {}); }

Value Graph::reshape(Value x, Shape shape) {
  if (this->shape(x) == shape) return x;
  Attributes attributes;
  attributes.shape = std::move(shape);
  return add(Operator::reshape, {x}, attributes);
}

Value Graph::sum_to(Value x, Shape shape) {
  const Shape from = this->shape(x);
  if (from == shape) return x;
  const std::size_t more = from.size() - shape.size();
  Attributes attributes;
  for (std::size_t i = 0; i < from.size(); ++i)
    if (i < more || (shape[i - more] == 1 && from[i] != 1)) attributes.axes.push_back(static_cast<std::int64_t>(i));
  return reshape(attributes.axes.empty() ? x : add(Operator::reduce_sum, {x}, attributes), shape);
}

Value Graph::transpose(Value x, const Integers& permutation) {
  Attributes attributes;
  attributes.axes = permutation;
  return add(Operator::transpose, {x}, attributes);
}

}  // namespace whycam::graph
