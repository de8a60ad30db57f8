#include "graph/operators.h"

#include <algorithm>

namespace whycam::graph {

namespace {

constexpr std::size_t any_number = static_cast<std::size_t>(-1);

/// Where the variant has a type.
template <class A, std::size_t index = 0>
constexpr std::size_t index_of() {
  if constexpr (std::is_same_v<A, std::variant_alternative_t<index, Attributes>>)
    return index;
  else
    return index_of<A, index + 1>();
}

}  // namespace

const Signature& signature(Operator op) {
#define OPERATOR(name, attributes, fewest, most) {#name, index_of<attributes>(), fewest, most},
  static constexpr Signature signatures[] = {
#include "graph/operators.def"
  };
#undef OPERATOR
  return signatures[static_cast<std::size_t>(op)];
}

const Record& record(Operator op) {
#define OPERATOR(name, attributes, fewest, most) &records::name,
  static constexpr const Record* all[] = {
#include "graph/operators.def"
  };
#undef OPERATOR
  return *all[static_cast<std::size_t>(op)];
}

Shape broadcast(const Shape& a, const Shape& b) {
  Shape result(std::max(a.size(), b.size()));
  for (std::size_t i = 0; i < result.size(); ++i) {
    const std::size_t back = result.size() - i;
    const std::int64_t of_a = back <= a.size() ? a[a.size() - back] : 1;
    const std::int64_t of_b = back <= b.size() ? b[b.size() - back] : 1;
    require(of_a == of_b || of_a == 1 || of_b == 1, "the shapes ", a, " and ", b,
            " do not broadcast against each other");
    result[i] = of_a == 1 ? of_b : of_a;
  }
  return result;
}

Integers strides_of(const Shape& shape) {
  Integers strides(shape.size(), 1);
  for (std::size_t i = shape.size(); i-- > 1;) strides[i - 1] = strides[i] * shape[i];
  return strides;
}

Integers broadcast_steps(const Shape& own, const Shape& result) {
  const Integers strides = strides_of(own);
  Integers steps(result.size(), 0);
  for (std::size_t i = 0; i < own.size(); ++i)
    if (own[i] != 1) steps[result.size() - own.size() + i] = strides[i];
  return steps;
}

namespace {

Shape given_shape(const Question& question) { return question.node.as<ShapeAttributes>().shape; }

Tensor constant_values(const Node& node, const Tensors&) {
  Tensor tensor{node.shape, std::vector<double>(static_cast<std::size_t>(element_count(node.shape)))};
  const std::size_t count = tensor.values.size();
  if (const auto floats = node.constant.numbers())
    std::copy(floats.get(), floats.get() + count, tensor.values.begin());
  else
    std::copy(node.constant.doubles, node.constant.doubles + count, tensor.values.begin());
  return tensor;
}

Tensor no_values(const Node& node, const Tensors&) {
  throw std::invalid_argument("no values were given for the input \"" + node.name + "\"");
}

}  // namespace

/// A tensor that is given when the graph runs.
const Record records::input{given_shape, no_values, nullptr};
/// Numbers of the network.
const Record records::constant{given_shape, constant_values, nullptr};

}  // namespace whycam::graph
