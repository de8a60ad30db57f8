#include "graph/operators.h"

#include <algorithm>

namespace whycam::graph {

const Record& record(Operator op) {
  switch (op) {  // without a default: an operator that is missing here does not compile
    case Operator::input:
      return records::input;
    case Operator::constant:
      return records::constant;
    case Operator::unary:
      return records::unary;
    case Operator::unary_gradient:
      return records::unary_gradient;
    case Operator::add:
      return records::add;
    case Operator::subtract:
      return records::subtract;
    case Operator::multiply:
      return records::multiply;
    case Operator::divide:
      return records::divide;
    case Operator::maximum:
      return records::maximum;
    case Operator::minimum:
      return records::minimum;
    case Operator::convolution:
      return records::convolution;
    case Operator::convolution_transpose:
      return records::convolution_transpose;
    case Operator::matmul:
      return records::matmul;
    case Operator::max_pool:
      return records::max_pool;
    case Operator::max_pool_positions:
      return records::max_pool_positions;
    case Operator::max_pool_gradient:
      return records::max_pool_gradient;
    case Operator::average_pool:
      return records::average_pool;
    case Operator::average_pool_gradient:
      return records::average_pool_gradient;
    case Operator::adaptive_average_pool:
      return records::adaptive_average_pool;
    case Operator::adaptive_average_pool_gradient:
      return records::adaptive_average_pool_gradient;
    case Operator::reduce_sum:
      return records::reduce_sum;
    case Operator::softmax:
      return records::softmax;
    case Operator::log_softmax:
      return records::log_softmax;
    case Operator::normalize:
      return records::normalize;
    case Operator::normalize_gradient:
      return records::normalize_gradient;
    case Operator::reshape:
      return records::reshape;
    case Operator::transpose:
      return records::transpose;
    case Operator::slice:
      return records::slice;
    case Operator::embed:
      return records::embed;
    case Operator::concat:
      return records::concat;
    case Operator::expand:
      return records::expand;
    case Operator::inside:
      return records::inside;
    case Operator::gate:
      return records::gate;
    case Operator::scale_shift:
      return records::scale_shift;
  }
  throw std::invalid_argument("no operator has the number " + std::to_string(static_cast<int>(op)));
}

void require(bool condition, const std::string& message) {
  if (!condition) throw std::invalid_argument(message);
}

Shape broadcast(const Shape& a, const Shape& b) {
  Shape result(std::max(a.size(), b.size()));
  for (std::size_t i = 0; i < result.size(); ++i) {
    const std::size_t back = result.size() - i;
    const std::int64_t of_a = back <= a.size() ? a[a.size() - back] : 1;
    const std::int64_t of_b = back <= b.size() ? b[b.size() - back] : 1;
    require(of_a == of_b || of_a == 1 || of_b == 1,
            "the shapes " + to_string(a) + " and " + to_string(b) + " do not broadcast against each other");
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

Shape given_shape(const Question& question) { return question.attributes.shape; }

Tensor constant_values(const Node& node, const Tensors&) {
  Tensor tensor{node.shape, std::vector<double>(static_cast<std::size_t>(element_count(node.shape)))};
  const std::size_t count = tensor.values.size();
  if (node.constant.floats)
    std::copy(node.constant.floats, node.constant.floats + count, tensor.values.begin());
  else
    std::copy(node.constant.doubles, node.constant.doubles + count, tensor.values.begin());
  return tensor;
}

Tensor no_values(const Node& node, const Tensors&) {
  throw std::invalid_argument("no values were given for the input \"" + node.name + "\"");
}

}  // namespace

/// A tensor that is given when the graph runs. Reads: shape.
const Record records::input{"input", 0, 0, given_shape, no_values, nullptr};
/// Numbers of the network. Reads: shape.
const Record records::constant{"constant", 0, 0, given_shape, constant_values, nullptr};

}  // namespace whycam::graph
