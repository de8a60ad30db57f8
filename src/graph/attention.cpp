#include "graph/attention.h"

#include <algorithm>

#include "graph/operators.h"

namespace whycam::graph {

Value attention(Graph& graph, Value q, Value k, Value v, double scale, Value mask) {
  Value scores =
      graph.unary(Function::linear, graph.add(Operator::matmul, {q, k}, MatmulAttributes{false, true}), scale);
  if (mask != no_value) scores = graph.binary(Operator::add, scores, mask);
  const auto last = static_cast<std::int64_t>(graph.shape(scores).size()) - 1;
  return graph.add(Operator::matmul, {graph.add(Operator::softmax, {scores}, AxesAttributes{{last}}), v},
                   MatmulAttributes{});
}

bool has_row_of(bool flag, const std::vector<double>& flags, const Shape& shape) {
  const std::ptrdiff_t size = shape.empty() ? 1 : shape.back();
  for (auto row = flags.begin(); row != flags.end() && size > 0; row += size)
    if (std::all_of(row, row + size, [&](double one) { return (one != 0) == flag; })) return true;
  return false;
}

std::vector<double> causal_flags(std::int64_t queries, std::int64_t keys) {
  std::vector<double> flags(static_cast<std::size_t>(queries * keys), 1);
  for (std::int64_t i = 0; i < queries; ++i)
    for (std::int64_t j = i + 1; j < keys; ++j) flags[static_cast<std::size_t>(i * keys + j)] = 0;
  return flags;
}

Value causal_mask(Graph& graph, std::int64_t queries, std::int64_t keys) {
  return mask_of_flags(graph, causal_flags(queries, keys), {queries, keys});
}

Value mask_of_flags(Graph& graph, const std::vector<double>& flags, const Shape& shape) {
  require(!has_row_of(false, flags, shape), "a mask that lets a query look at no key");
  std::vector<float> numbers;
  for (const double flag : flags) numbers.push_back(flag != 0 ? 0.0F : never);
  return graph.add_constant(constant_of(std::move(numbers)), shape);
}

Value for_each_head(Graph& graph, Value x, std::int64_t heads) {
  Shape shape = graph.shape(x);
  require(shape.size() >= 3, "keys without heads");
  const std::size_t at = shape.size() - 3;
  const std::int64_t times = shape[at] > 0 ? heads / shape[at] : 0;
  require(times >= 1 && times * shape[at] == heads, "heads that keys do not divide");
  if (times == 1) return x;
  Shape apart = shape, wide = shape;
  apart.insert(apart.begin() + static_cast<std::ptrdiff_t>(at) + 1, 1);
  wide.insert(wide.begin() + static_cast<std::ptrdiff_t>(at) + 1, times);
  shape[at] *= times;
  return graph.reshape(graph.expand(graph.reshape(x, apart), wide), shape);
}

Value split_heads(Graph& graph, Value x, std::int64_t heads) {
  const Shape shape = graph.shape(x);
  require(shape.size() == 3 && heads >= 1 && shape[2] % heads == 0, heads, " heads of a tensor of ", shape);
  return graph.transpose(graph.reshape(x, {shape[0], shape[1], heads, shape[2] / heads}), {0, 2, 1, 3});
}

Value join_heads(Graph& graph, Value x) {
  const Shape shape = graph.shape(x);
  return graph.reshape(graph.transpose(x, {0, 2, 1, 3}), {shape[0], shape[2], shape[1] * shape[3]});
}

}  // namespace whycam::graph
