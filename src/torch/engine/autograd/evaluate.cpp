#include "torch/engine/autograd/evaluate.h"

#include <ATen/TensorOperators.h>
#include <ATen/ops/adaptive_avg_pool1d.h>
#include <ATen/ops/adaptive_avg_pool2d.h>
#include <ATen/ops/adaptive_avg_pool3d.h>
#include <ATen/ops/linalg_eigh.h>
#include <ATen/ops/matmul.h>
#include <ATen/ops/maximum.h>
#include <ATen/ops/tensor.h>
#include <ATen/ops/where.h>

#include <stdexcept>

#include "graph/operators.h"

namespace whycam::engine {
namespace {

using graph::Node;
using graph::Operator;
using Tensors = std::vector<torch::Tensor>;

torch::Tensor constant(const Node& node) {
  const auto count = static_cast<std::size_t>(graph::element_count(node.shape));
  const auto floats = node.constant.numbers();
  const torch::Tensor numbers = floats ? at::tensor(at::ArrayRef<float>(floats.get(), count), torch::kFloat)
                                       : at::tensor(at::ArrayRef<double>(node.constant.doubles, count), torch::kDouble);
  return numbers.reshape(node.shape);
}

torch::Tensor unary(const Node& node, const torch::Tensor& x) {
  const auto& function = node.as<graph::FunctionAttributes>();
  switch (function.function) {
    case graph::Function::relu:
      return x.clamp_min(0);
    case graph::Function::linear:
      return function.beta == 0 ? x * function.alpha : x * function.alpha + function.beta;
    case graph::Function::absolute:
      return x.abs();
    case graph::Function::sqrt:
      return x.sqrt();
    default:
      throw std::logic_error("no method uses the function " + std::string(graph::record(function.function).name));
  }
}

torch::Tensor matmul(const graph::MatmulAttributes& attributes, const torch::Tensor& a, const torch::Tensor& b) {
  return at::matmul(attributes.transpose_a ? a.transpose(-1, -2) : a, attributes.transpose_b ? b.transpose(-1, -2) : b);
}

/// What is not finite would be an error of LAPACK's; the component is then multiplied with it, and no number either.
torch::Tensor principal_eigenvector(const torch::Tensor& matrices, const torch::Tensor& like) {
  const torch::Tensor all = std::get<1>(at::linalg_eigh(matrices.nan_to_num(0, 0, 0)));  // by growing eigenvalue
  const torch::Tensor last = all.slice(2, -1);
  return at::where((last * like).sum(1, /*keepdim=*/true) < 0, -last, last);
}

torch::Tensor adaptive_average_pool(const torch::Tensor& x, torch::IntArrayRef size) {
  if (size.size() == 1) return at::adaptive_avg_pool1d(x, size);
  if (size.size() == 2) return at::adaptive_avg_pool2d(x, size);
  return at::adaptive_avg_pool3d(x, size);
}

torch::Tensor slice(const graph::SliceAttributes& part, torch::Tensor x) {
  for (std::size_t d = 0; d < part.shape.size(); ++d)
    x = x.slice(static_cast<std::int64_t>(d), part.begin[d], part.begin[d] + (part.shape[d] - 1) * part.step[d] + 1,
                part.step[d]);
  return x;
}

torch::Tensor compute(const Node& node, const Tensors& x) {
  switch (node.op) {
    case Operator::unary:
      return unary(node, x[0]);
    case Operator::add:
      return x[0] + x[1];
    case Operator::subtract:
      return x[0] - x[1];
    case Operator::multiply:
      return x[0] * x[1];
    case Operator::maximum:
      return at::maximum(x[0], x[1]);
    case Operator::divide:
      return x[0] / x[1];
    case Operator::matmul:
      return matmul(node.as<graph::MatmulAttributes>(), x[0], x[1]);
    case Operator::principal_eigenvector:
      return principal_eigenvector(x[0], x[1]);
    case Operator::reduce_sum:
      return x[0].sum(node.as<graph::AxesAttributes>().axes, /*keepdim=*/true);
    case Operator::reshape:
      return x[0].reshape(node.shape);
    case Operator::transpose:
      return x[0].permute(node.as<graph::TransposeAttributes>().permutation);
    case Operator::slice:
      return slice(node.as<graph::SliceAttributes>(), x[0]);
    case Operator::adaptive_average_pool:
      return adaptive_average_pool(x[0], torch::IntArrayRef(node.shape).slice(2));
    default:
      throw std::logic_error("no method uses the operator " + std::string(graph::signature(node.op).name));
  }
}

/// What a node reads; constants take the type and device of the others.
Tensors operands(const graph::Graph& graph, const Node& node, const Tensors& values) {
  Tensors given;
  for (const graph::Value input : node.inputs) given.push_back(values[static_cast<std::size_t>(input)]);
  for (std::size_t i = 0; i < given.size(); ++i)
    for (std::size_t j = 0; j < given.size(); ++j)
      if (graph[node.inputs[i]].op == Operator::constant && graph[node.inputs[j]].op != Operator::constant)
        given[i] = given[i].to(given[j].options());
  return given;
}

}  // namespace

std::map<std::string, torch::Tensor> evaluate(const graph::Graph& graph,
                                              const std::map<std::string, torch::Tensor>& inputs) {
  std::vector<torch::Tensor> values;
  for (graph::Value value = 0; value < graph.size(); ++value) {
    const Node& node = graph[value];
    if (node.op == Operator::input) {
      values.push_back(inputs.at(node.name));
      continue;
    }
    if (node.op == Operator::constant) {
      values.push_back(constant(node));
      continue;
    }
    values.push_back(compute(node, operands(graph, node, values)));
  }
  std::map<std::string, torch::Tensor> outputs;
  for (const graph::Output& output : graph.outputs())
    outputs[output.name] = values[static_cast<std::size_t>(output.value)];
  return outputs;
}

}  // namespace whycam::engine
