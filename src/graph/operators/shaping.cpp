// What moves numbers without computing with them.
#include <algorithm>

#include "graph/operators.h"

namespace whycam::graph {
namespace {

Shape reshaped_shape(const Question& question) {
  const Shape& shape = question.node.as<ShapeAttributes>().shape;
  require(element_count(question.inputs[0]) == element_count(shape), "a tensor of ", question.inputs[0],
          " cannot have the shape ", shape);
  return shape;
}

Tensor evaluate_reshape(const Node& node, const Tensors& inputs) { return {node.shape, inputs[0]->values}; }

std::vector<Value> gradient_of_reshape(GradientQuestion& q) { return {q.graph.reshape(q.gradient, q.input_shape(0))}; }

Shape transposed_shape(const Question& question) {
  const Integers& axes = question.node.as<TransposeAttributes>().permutation;
  Integers sorted = axes;
  std::sort(sorted.begin(), sorted.end());
  Shape result;
  require(axes.size() == question.inputs[0].size(), "a permutation names every dimension");
  for (std::size_t i = 0; i < axes.size(); ++i) {
    require(sorted[i] == static_cast<std::int64_t>(i), axes, " is no permutation");
    result.push_back(question.inputs[0][static_cast<std::size_t>(axes[i])]);
  }
  return result;
}

/// A result whose element at each index comes from `offset + sum(index * steps)` of the input.
Tensor gathered(const Shape& shape, const Tensor& x, const Integers& steps, std::int64_t offset) {
  Tensor result{shape, {}};
  result.values.reserve(static_cast<std::size_t>(element_count(shape)));
  for_each_index(shape, [&](const Integers& index) {
    std::int64_t at = offset;
    for (std::size_t d = 0; d < index.size(); ++d) at += index[d] * steps[d];
    result.values.push_back(x.values[static_cast<std::size_t>(at)]);
  });
  return result;
}

Tensor evaluate_transpose(const Node& node, const Tensors& inputs) {
  const Integers strides = strides_of(inputs[0]->shape);
  Integers steps;
  for (const std::int64_t axis : node.as<TransposeAttributes>().permutation)
    steps.push_back(strides[static_cast<std::size_t>(axis)]);
  return gathered(node.shape, *inputs[0], steps, 0);
}

std::vector<Value> gradient_of_transpose(GradientQuestion& q) {
  return {q.graph.transpose_back(q.gradient, q.node.as<TransposeAttributes>().permutation)};
}

/// Whether a tensor of `part`, placed in one of `whole` by begin and step, lies inside it.
void check_part(const Shape& part, const Shape& whole, const SliceAttributes& a) {
  require(part.size() == whole.size() && a.begin.size() == part.size() && a.step.size() == part.size(),
          "a slice names its begin and step in every dimension");
  for (std::size_t d = 0; d < part.size(); ++d)
    require(a.step[d] > 0 && a.begin[d] >= 0 && (part[d] == 0 || a.begin[d] + (part[d] - 1) * a.step[d] < whole[d]),
            "a slice of ", part, " from ", a.begin, " leaves the tensor of ", whole);
}

Shape sliced_shape(const Question& question) {
  const auto& a = question.node.as<SliceAttributes>();
  check_part(a.shape, question.inputs[0], a);
  return a.shape;
}

Tensor evaluate_slice(const Node& node, const Tensors& inputs) {
  const auto& a = node.as<SliceAttributes>();
  Integers steps = strides_of(inputs[0]->shape);
  std::int64_t offset = 0;
  for (std::size_t d = 0; d < steps.size(); ++d) {
    offset += a.begin[d] * steps[d];
    steps[d] *= a.step[d];
  }
  return gathered(node.shape, *inputs[0], steps, offset);
}

std::vector<Value> gradient_of_slice(GradientQuestion& q) {
  EmbedAttributes attributes{q.node.as<SliceAttributes>(), 0};
  attributes.shape = q.input_shape(0);
  return {q.graph.add(Operator::embed, {q.gradient}, attributes)};
}

Shape embedded_shape(const Question& question) {
  const auto& a = question.node.as<EmbedAttributes>();
  check_part(question.inputs[0], a.shape, a);
  return a.shape;
}

Tensor evaluate_embed(const Node& node, const Tensors& inputs) {
  const auto& a = node.as<EmbedAttributes>();
  Tensor result{node.shape, std::vector<double>(static_cast<std::size_t>(element_count(node.shape)), a.fill)};
  const Integers strides = strides_of(node.shape);
  std::size_t i = 0;
  for_each_index(inputs[0]->shape, [&](const Integers& index) {
    std::int64_t at = 0;
    for (std::size_t d = 0; d < index.size(); ++d) at += (a.begin[d] + index[d] * a.step[d]) * strides[d];
    result.values[static_cast<std::size_t>(at)] = inputs[0]->values[i++];
  });
  return result;
}

std::vector<Value> gradient_of_embed(GradientQuestion& q) {
  SliceAttributes attributes = q.node.as<SliceAttributes>();
  attributes.shape = q.input_shape(0);
  return {q.graph.add(Operator::slice, {q.gradient}, attributes)};
}

Shape concatenated_shape(const Question& question) {
  const auto axis = static_cast<std::size_t>(question.node.as<ConcatAttributes>().axis);
  Shape result = question.inputs[0];
  require(axis < result.size(), "the axis ", axis, " of a tensor of ", result);
  result[axis] = 0;
  for (Shape shape : question.inputs) {
    require(shape.size() == result.size(), "tensors of different numbers of dimensions cannot be concatenated");
    result[axis] += shape[axis];
    shape[axis] = question.inputs[0][axis];
    require(shape == question.inputs[0], "tensors of ", shape, " and ", question.inputs[0],
            " cannot be concatenated along axis ", axis);
  }
  return result;
}

Tensor evaluate_concat(const Node& node, const Tensors& inputs) {
  const auto axis = static_cast<std::size_t>(node.as<ConcatAttributes>().axis);
  Tensor result{node.shape, {}};
  result.values.reserve(static_cast<std::size_t>(element_count(node.shape)));
  std::int64_t outer = 1;
  for (std::size_t d = 0; d < axis; ++d) outer *= node.shape[d];
  for (std::int64_t i = 0; i < outer; ++i)
    for (const Tensor* input : inputs) {
      const std::int64_t run = static_cast<std::int64_t>(input->values.size()) / outer;
      result.values.insert(result.values.end(), input->values.begin() + i * run, input->values.begin() + (i + 1) * run);
    }
  return result;
}

std::vector<Value> gradient_of_concat(GradientQuestion& q) {
  const auto axis = static_cast<std::size_t>(q.node.as<ConcatAttributes>().axis);
  std::vector<Value> gradients;
  std::int64_t begin = 0;
  for (std::size_t i = 0; i < q.node.inputs.size(); ++i) {
    const std::int64_t size = q.input_shape(i)[axis];
    gradients.push_back(q.wanted[i] ? q.graph.slice(q.gradient, axis, begin, size) : no_value);
    begin += size;
  }
  return gradients;
}

Shape expanded_shape(const Question& question) {
  const Shape& shape = question.node.as<ShapeAttributes>().shape;
  require(broadcast(question.inputs[0], shape) == shape, "a tensor of ", question.inputs[0], " does not expand to ",
          shape);
  return shape;
}

Tensor evaluate_expand(const Node& node, const Tensors& inputs) {
  return gathered(node.shape, *inputs[0], broadcast_steps(inputs[0]->shape, node.shape), 0);
}

std::vector<Value> gradient_of_expand(GradientQuestion& q) { return {q.graph.sum_to(q.gradient, q.input_shape(0))}; }

}  // namespace

/// The same numbers in row-major order in another shape.
const Record records::reshape{reshaped_shape, evaluate_reshape, gradient_of_reshape};
/// Dimension i of the result is dimension permutation[i] of x.
const Record records::transpose{transposed_shape, evaluate_transpose, gradient_of_transpose};
/// A part of x.
const Record records::slice{sliced_shape, evaluate_slice, gradient_of_slice};
/// x as a part of a larger tensor that is filled elsewhere.
const Record records::embed{embedded_shape, evaluate_embed, gradient_of_embed};
const Record records::concat{concatenated_shape, evaluate_concat, gradient_of_concat};
/// x repeated along dimensions of size 1, and new ones in front.
const Record records::expand{expanded_shape, evaluate_expand, gradient_of_expand};

}  // namespace whycam::graph
