// What sums over dimensions: products of matrices, sums, softmax, normalisation.
#include <cmath>

#include "graph/operators.h"

namespace whycam::graph {
namespace {

/// The rows and columns of a factor, and the dimensions before them.
struct Factor {
  Factor(const Shape& shape, bool transposed) {
    require(shape.size() >= 2, "a matrix product needs tensors of at least 2 dimensions; one has the shape ", shape);
    batch.assign(shape.begin(), shape.end() - 2);
    rows = shape[shape.size() - (transposed ? 1 : 2)];
    columns = shape[shape.size() - (transposed ? 2 : 1)];
  }
  Shape batch;
  std::int64_t rows, columns;
};

Shape matmul_shape(const Question& question) {
  const auto& is = question.node.as<MatmulAttributes>();
  const Factor a(question.inputs[0], is.transpose_a), b(question.inputs[1], is.transpose_b);
  require(a.columns == b.rows, "matrices of ", question.inputs[0], " and ", question.inputs[1],
          " cannot be multiplied");
  Shape result = broadcast(a.batch, b.batch);
  result.push_back(a.rows);
  result.push_back(b.columns);
  if (question.inputs.size() > 2) require(question.inputs[2] == Shape{b.columns}, "a bias is one number a column");
  return result;
}

Tensor evaluate_matmul(const Node& node, const Tensors& inputs) {
  const auto& is = node.as<MatmulAttributes>();
  const Factor a(inputs[0]->shape, is.transpose_a), b(inputs[1]->shape, is.transpose_b);
  const Shape batch(node.shape.begin(), node.shape.end() - 2);
  Tensor result{node.shape, std::vector<double>(static_cast<std::size_t>(element_count(node.shape)), 0.0)};
  const auto matrix_of = [&](const Factor& factor, const Integers& at) {
    const Integers strides = strides_of(factor.batch);
    std::int64_t matrix = 0;
    for (std::size_t d = 0; d < factor.batch.size(); ++d)
      if (factor.batch[d] != 1) matrix += at[at.size() - factor.batch.size() + d] * strides[d];
    return matrix * factor.rows * factor.columns;
  };
  double* out = result.values.data();
  for_each_index(batch, [&](const Integers& at) {
    const double* of_a = inputs[0]->values.data() + matrix_of(a, at);
    const double* of_b = inputs[1]->values.data() + matrix_of(b, at);
    for (std::int64_t row = 0; row < a.rows; ++row)
      for (std::int64_t column = 0; column < b.columns; ++column) {
        double sum = inputs.size() > 2 ? inputs[2]->values[static_cast<std::size_t>(column)] : 0;
        for (std::int64_t k = 0; k < a.columns; ++k)
          sum += of_a[is.transpose_a ? k * a.rows + row : row * a.columns + k] *
                 of_b[is.transpose_b ? column * b.rows + k : k * b.columns + column];
        *out++ = node.fused.relu && sum < 0 ? 0 : sum;
      }
  });
  return result;
}

std::vector<Value> gradient_of_matmul(GradientQuestion& q) {
  const auto product = [&](Value a, bool transpose_a, Value b, bool transpose_b) {
    return q.graph.add(Operator::matmul, {a, b}, MatmulAttributes{transpose_a, transpose_b}, q.node.name);
  };
  const Value a = q.node.inputs[0], b = q.node.inputs[1], g = q.gradient;
  const auto [of_a, of_b] = q.node.as<MatmulAttributes>();
  std::vector<Value> gradients(q.node.inputs.size(), no_value);
  require(gradients.size() < 3 || !q.wanted[2], "the gradient of a matrix product's bias is not known");
  if (q.wanted[0])
    gradients[0] = q.graph.sum_to(of_a ? product(b, of_b, g, true) : product(g, false, b, !of_b), q.input_shape(0));
  if (q.wanted[1])
    gradients[1] = q.graph.sum_to(of_b ? product(g, true, a, of_a) : product(a, !of_a, g, false), q.input_shape(1));
  return gradients;
}

void check_axes(const Question& question) {
  for (const std::int64_t axis : question.node.as<AxesAttributes>().axes)
    require(axis >= 0 && axis < static_cast<std::int64_t>(question.inputs[0].size()), "the axis ", axis,
            " of a tensor of ", question.inputs[0]);
}

Shape reduced_shape(const Question& question) {
  check_axes(question);
  Shape result = question.inputs[0];
  for (const std::int64_t axis : question.node.as<AxesAttributes>().axes) result[static_cast<std::size_t>(axis)] = 1;
  return result;
}

/// For each element of a tensor, the place of the slice that it belongs to, where slices run along the axes.
std::vector<std::size_t> slices(const Shape& shape, const Integers& axes) {
  Shape kept = shape;
  for (const std::int64_t axis : axes) kept[static_cast<std::size_t>(axis)] = 1;
  const Integers strides = strides_of(kept);
  std::vector<std::size_t> result;
  for_each_index(shape, [&](const Integers& index) {
    std::int64_t place = 0;
    for (std::size_t d = 0; d < shape.size(); ++d)
      if (kept[d] != 1) place += index[d] * strides[d];
    result.push_back(static_cast<std::size_t>(place));
  });
  return result;
}

Tensor evaluate_reduce_sum(const Node& node, const Tensors& inputs) {
  Tensor result{node.shape, std::vector<double>(static_cast<std::size_t>(element_count(node.shape)), 0.0)};
  const auto place = slices(inputs[0]->shape, node.as<AxesAttributes>().axes);
  for (std::size_t i = 0; i < place.size(); ++i) result.values[place[i]] += inputs[0]->values[i];
  return result;
}

std::vector<Value> gradient_of_reduce_sum(GradientQuestion& q) {
  return {q.graph.expand(q.gradient, q.input_shape(0))};
}

Shape shape_along_axes(const Question& question) {
  check_axes(question);
  return question.inputs[0];
}

Tensor evaluate_any_softmax(const Node& node, const Tensors& inputs, bool logarithm) {
  Tensor result = *inputs[0];
  const auto place = slices(result.shape, node.as<AxesAttributes>().axes);
  std::vector<double> largest(result.values.size(), -INFINITY), sum(result.values.size(), 0.0);
  for (std::size_t i = 0; i < place.size(); ++i) largest[place[i]] = std::fmax(largest[place[i]], result.values[i]);
  for (std::size_t i = 0; i < place.size(); ++i) {
    result.values[i] -= largest[place[i]];
    sum[place[i]] += std::exp(result.values[i]);
  }
  for (std::size_t i = 0; i < place.size(); ++i) {
    result.values[i] -= std::log(sum[place[i]]);
    if (!logarithm) result.values[i] = std::exp(result.values[i]);
  }
  return result;
}
Tensor evaluate_softmax(const Node& node, const Tensors& inputs) { return evaluate_any_softmax(node, inputs, false); }
Tensor evaluate_log_softmax(const Node& node, const Tensors& inputs) {
  return evaluate_any_softmax(node, inputs, true);
}

/// y * (gradient - sum of y * gradient)
std::vector<Value> gradient_of_softmax(GradientQuestion& q) {
  Graph& g = q.graph;
  const Value sum = g.sum(g.binary(Operator::multiply, q.gradient, q.value), q.node.as<AxesAttributes>().axes);
  return {g.binary(Operator::multiply, q.value, g.binary(Operator::subtract, q.gradient, sum))};
}

/// gradient - exp(y) * sum of gradient
std::vector<Value> gradient_of_log_softmax(GradientQuestion& q) {
  Graph& g = q.graph;
  const Value sum = g.sum(q.gradient, q.node.as<AxesAttributes>().axes);
  const Value share = g.binary(Operator::multiply, g.unary(Function::exp, q.value), sum);
  return {g.binary(Operator::subtract, q.gradient, share)};
}

/// The mean and one over the standard deviation of each slice.
struct Moments {
  Moments(const Tensor& x, const std::vector<std::size_t>& place, double epsilon)
      : mean(x.values.size(), 0.0), scale(x.values.size(), 0.0), count(x.values.size(), 0.0) {
    for (std::size_t i = 0; i < place.size(); ++i) {
      mean[place[i]] += x.values[i];
      ++count[place[i]];
    }
    for (std::size_t i = 0; i < mean.size(); ++i) mean[i] /= count[i];
    for (std::size_t i = 0; i < place.size(); ++i) {
      const double apart = x.values[i] - mean[place[i]];
      scale[place[i]] += apart * apart;
    }
    for (std::size_t i = 0; i < scale.size(); ++i) scale[i] = 1 / std::sqrt(scale[i] / count[i] + epsilon);
  }
  std::vector<double> mean, scale, count;
};

Tensor evaluate_normalize(const Node& node, const Tensors& inputs) {
  Tensor result = *inputs[0];
  const auto place = slices(result.shape, node.as<AxesAttributes>().axes);
  const Moments moments(result, place, node.as<NormalizeAttributes>().epsilon);
  for (std::size_t i = 0; i < place.size(); ++i)
    result.values[i] = (result.values[i] - moments.mean[place[i]]) * moments.scale[place[i]];
  return result;
}

/// With y the normalised x: scale * (g - mean(g) - y * mean(g * y))
Tensor evaluate_normalize_gradient(const Node& node, const Tensors& inputs) {
  const Tensor &gradient = *inputs[0], &x = *inputs[1];
  const auto place = slices(x.shape, node.as<AxesAttributes>().axes);
  const Moments moments(x, place, node.as<NormalizeAttributes>().epsilon);
  std::vector<double> mean(x.values.size(), 0.0), mean_with_y(x.values.size(), 0.0);
  const auto y = [&](std::size_t i) { return (x.values[i] - moments.mean[place[i]]) * moments.scale[place[i]]; };
  for (std::size_t i = 0; i < place.size(); ++i) {
    mean[place[i]] += gradient.values[i] / moments.count[place[i]];
    mean_with_y[place[i]] += gradient.values[i] * y(i) / moments.count[place[i]];
  }
  Tensor result = gradient;
  for (std::size_t i = 0; i < place.size(); ++i)
    result.values[i] = moments.scale[place[i]] * (gradient.values[i] - mean[place[i]] - y(i) * mean_with_y[place[i]]);
  return result;
}

std::vector<Value> gradient_of_normalize(GradientQuestion& q) {
  return {q.graph.add(Operator::normalize_gradient, {q.gradient, q.node.inputs[0]}, q.node.attributes, q.node.name)};
}

}  // namespace

/// The product of matrices in the last two dimensions; those before are broadcast. A third input is one number a
/// column, added to each row.
const Record records::matmul{matmul_shape, evaluate_matmul, gradient_of_matmul};
/// The sum along the axes, which stay with size 1.
const Record records::reduce_sum{reduced_shape, evaluate_reduce_sum, gradient_of_reduce_sum};
const Record records::softmax{shape_along_axes, evaluate_softmax, gradient_of_softmax};
/// Its logarithm.
const Record records::log_softmax{shape_along_axes, evaluate_log_softmax, gradient_of_log_softmax};
/// x less its mean along the axes, over the standard deviation.
const Record records::normalize{shape_along_axes, evaluate_normalize, gradient_of_normalize};
/// (gradient, x)
const Record records::normalize_gradient{shape_along_axes, evaluate_normalize_gradient, nullptr};

}  // namespace whycam::graph
