#include "graph/graph.h"

#include <algorithm>

#include "graph/operators.h"

namespace whycam::graph {

Constant constant_of(std::vector<double> numbers) {
  const auto owner = std::make_shared<const std::vector<double>>(std::move(numbers));
  return {owner, nullptr, owner->data()};
}

Constant constant_of(std::vector<float> numbers) {
  const auto owner = std::make_shared<const std::vector<float>>(std::move(numbers));
  return {owner, owner->data(), nullptr};
}

namespace {

void require_moderate_fields(const Attributes& attributes) {
  const auto check = [](const auto& value) {
    using T = std::decay_t<decltype(value)>;
    if constexpr (std::is_same_v<T, Integers>) require_moderate(value);
    if constexpr (std::is_same_v<T, std::int64_t>) require_moderate({value});
  };
  std::visit([&](const auto& a) { std::apply([&](const auto&... field) { (check(field.value), ...); }, a.fields()); },
             attributes);
}

}  // namespace

Value Graph::append(Node node) {
  const Signature& of = signature(node.op);
  const char* const name = of.name;
  require(node.attributes.index() == of.attributes, name, ": these are the attributes of another operator");
  Question question{{}, node};
  for (const Value input : node.inputs) {
    require(input >= 0 && input < size(), name, ": an input is no node of the graph");
    question.inputs.push_back(shape(input));
  }
  require(node.inputs.size() >= of.fewest_inputs && node.inputs.size() <= of.most_inputs, name, " takes no ",
          node.inputs.size(), " inputs");
  require_moderate_fields(node.attributes);
  node.shape = record(node.op).shape(question);
  require(is_sound(node.shape), name, " would give a tensor of shape ", node.shape);
  nodes_.push_back(std::move(node));
  return size() - 1;
}

Value Graph::add_input(const std::string& name, const Shape& shape) {
  return add(Operator::input, {}, ShapeAttributes{shape}, name);
}

void Graph::make_part(Value relu) {
  Node& node = nodes_[static_cast<std::size_t>(relu)];
  node.activation.clear();
  node.attributes = FunctionAttributes{Function::leaky_relu, 0, 0};  // the same with a slope of 0
}

Value Graph::add_constant(Constant constant, const Shape& shape, const std::string& name) {
  Node node;
  node.op = Operator::constant;
  node.attributes = ShapeAttributes{shape};
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
  return add(Operator::unary, {x}, FunctionAttributes{function, alpha, beta});
}

Value Graph::scalar(double number) { return add_constant(constant_of(std::vector<double>{number}), {}); }

Value Graph::reshape(Value x, Shape shape) {
  if (this->shape(x) == shape) return x;
  return add(Operator::reshape, {x}, ShapeAttributes{std::move(shape)});
}

Value Graph::transpose_back(Value x, const Integers& permutation) {
  Integers inverse(permutation.size());
  for (std::size_t i = 0; i < inverse.size(); ++i)
    inverse[static_cast<std::size_t>(permutation[i])] = static_cast<std::int64_t>(i);
  return transpose(x, std::move(inverse));
}

Value Graph::sum_to(Value x, Shape shape) {
  const Shape from = this->shape(x);
  if (from == shape) return x;
  const std::size_t more = from.size() - shape.size();
  Integers axes;
  for (std::size_t i = 0; i < from.size(); ++i)
    if (i < more || (shape[i - more] == 1 && from[i] != 1)) axes.push_back(static_cast<std::int64_t>(i));
  return reshape(axes.empty() ? x : sum(x, axes), shape);
}

Value Graph::normalize(Value x, Integers axes, double epsilon, const std::string& name) {
  return add(Operator::normalize, {x}, NormalizeAttributes{{std::move(axes)}, epsilon}, name);
}

Value Graph::normalize_groups(Value x, std::int64_t groups, double epsilon, const std::string& name) {
  const Shape all = shape(x);
  const Value grouped = reshape(x, {all[0], groups, element_count(all) / (all[0] * groups)});
  return reshape(normalize(grouped, {2}, epsilon, name), all);
}

Value Graph::slice(Value x, std::size_t axis, std::int64_t begin, std::int64_t size, std::int64_t step) {
  SliceAttributes part{{shape(x)}, Integers(shape(x).size(), 0), Integers(shape(x).size(), 1)};
  part.shape.at(axis) = size;
  part.begin[axis] = begin;
  part.step[axis] = step;
  return add(Operator::slice, {x}, std::move(part));
}

Value Graph::put(Value x, std::size_t axis, std::int64_t begin, Value part) {
  Shape shape = this->shape(x);
  const std::int64_t extent = shape.at(axis), row = element_count(shape) / std::max<std::int64_t>(extent, 1);
  const std::int64_t count = element_count(this->shape(part)) / std::max<std::int64_t>(row, 1);
  require(begin >= 0 && begin + count <= extent, "a part that is not within its tensor");
  if (row == 0 || count == 0) return x;
  shape[axis] = count;
  std::vector<Value> parts;
  if (begin > 0) parts.push_back(slice(x, axis, 0, begin));
  parts.push_back(reshape(part, shape));
  if (begin + count < extent) parts.push_back(slice(x, axis, begin + count, extent - begin - count));
  return parts.size() == 1 ? parts[0] : add(Operator::concat, parts, ConcatAttributes{static_cast<std::int64_t>(axis)});
}

Value Graph::pad(Value x, const Integers& before, const Integers& behind, double fill) {
  const Shape from = shape(x);
  SliceAttributes cut{{from}, Integers(from.size(), 0), Integers(from.size(), 1)};
  EmbedAttributes put{cut, fill};
  for (std::size_t d = 0; d < from.size(); ++d) {
    cut.begin[d] = std::max<std::int64_t>(-before[d], 0);
    cut.shape[d] += std::min<std::int64_t>(before[d], 0) + std::min<std::int64_t>(behind[d], 0);
    put.begin[d] = std::max<std::int64_t>(before[d], 0);
    put.shape[d] += before[d] + behind[d];
  }
  if (cut.shape != from) x = add(Operator::slice, {x}, cut);
  return put.shape == cut.shape ? x : add(Operator::embed, {x}, put);
}

}  // namespace whycam::graph
