// Convolutions, and what carries their gradients back to the data.
#include <algorithm>
#include <utility>

#include "graph/operators.h"

namespace whycam::graph {
namespace {

void check_window(const Question& question) {
  require(question.inputs[0].size() >= 3,
          "a window slides over tensors of at least 3 dimensions, batch and channels first; "
          "this one has the shape ",
          question.inputs[0]);
  const auto& a = question.node.as<WindowAttributes>();
  const std::size_t n = question.inputs[0].size() - 2;
  require(a.strides.size() == n && a.dilation.size() == n && a.padding_begin.size() == n && a.padding_end.size() == n,
          "a window needs one stride, dilation and padding for each spatial dimension");
  for (std::size_t i = 0; i < n; ++i)
    require(a.strides[i] > 0 && a.dilation[i] > 0 && a.padding_begin[i] >= 0, "strides and dilations are at least 1");
}

Shape convolution_shape(const Question& question) {
  check_window(question);
  const Shape &x = question.inputs[0], &w = question.inputs[1];
  const auto& a = question.node.as<ConvolutionAttributes>();
  require(w.size() == x.size() && a.groups > 0 && w[1] * a.groups == x[1] && w[0] % a.groups == 0, "weights of ", w,
          " in ", a.groups, " groups do not fit a tensor of ", x);
  Shape result{x[0], w[0]};
  for (std::size_t i = 0; i + 2 < x.size(); ++i) {
    const std::int64_t room = x[i + 2] + a.padding_begin[i] + a.padding_end[i] - a.dilation[i] * (w[i + 2] - 1) - 1;
    require(room >= 0, "the kernel of ", w, " is larger than its padded input of ", x);
    result.push_back(room / a.strides[i] + 1);
  }
  if (question.inputs.size() > 2)
    require(question.inputs[2] == Shape{w[0]}, "the bias of a convolution is one number an output channel");
  if (question.inputs.size() > 3) require(question.inputs[3] == result, "what is added to a convolution has its shape");
  return result;
}

Shape transposed_shape(const Question& question) {
  check_window(question);
  const Shape &y = question.inputs[0], &w = question.inputs[1], &result = question.node.as<ShapeAttributes>().shape;
  require(w.size() == y.size() && result.size() == y.size() && w[0] == y[1] && result[0] == y[0] &&
              result[1] == w[1] * question.node.as<ConvolutionAttributes>().groups,
          "weights of ", w, " do not lead from ", y, " to ", result);
  Question forward{{result, w}, question.node};
  require(convolution_shape(forward) == y, "no convolution leads from ", result, " to ", y);
  return result;
}

/// Where a row of y, its last dimension, meets a row of x by one weight: y[i] and x[i * step], `count` of them.
struct Row {
  std::size_t x, w, y, step, count;
};

/// Which places i of a row of y lie on the row of x: i * stride + begin from 0 to size.
std::pair<std::int64_t, std::int64_t> meeting(std::int64_t begin, std::int64_t stride, std::int64_t size,
                                              std::int64_t places) {
  const std::int64_t first = begin >= 0 ? 0 : (stride - 1 - begin) / stride;
  const std::int64_t end = begin >= size ? 0 : (size - 1 - begin) / stride + 1;
  return {first, std::min(end, places)};
}

/// Calls `visit(row)` for all rows that meet in a convolution of x by w to y.
template <class Visit>
void for_each_row(const Shape& x, const Shape& w, const Shape& y, const ConvolutionAttributes& a, const Visit& visit) {
  const Integers strides_x = strides_of(x), strides_w = strides_of(w), strides_y = strides_of(y);
  const Shape rows(y.begin(), y.end() - 1), window(w.begin() + 2, w.end());
  const std::size_t last = window.size() - 1;
  for_each_index(rows, [&](const Integers& at_y) {
    std::int64_t offset_y = 0;
    for (std::size_t d = 0; d < rows.size(); ++d) offset_y += at_y[d] * strides_y[d];
    for_each_index(window, [&](const Integers& tap) {
      std::int64_t offset_x = at_y[0] * strides_x[0] + at_y[1] / (w[0] / a.groups) * w[1] * strides_x[1];
      std::int64_t offset_w = at_y[1] * strides_w[0] + tap[last];
      for (std::size_t d = 0; d < last; ++d) {
        const std::int64_t at_x = at_y[d + 2] * a.strides[d] - a.padding_begin[d] + tap[d] * a.dilation[d];
        if (at_x < 0 || at_x >= x[d + 2]) return;
        offset_x += at_x * strides_x[d + 2];
        offset_w += tap[d] * strides_w[d + 2];
      }
      const std::int64_t begin = tap[last] * a.dilation[last] - a.padding_begin[last], step = a.strides[last];
      const auto [first, end] = meeting(begin, step, x.back(), y.back());
      for (std::int64_t channel = 0; first < end && channel < w[1]; ++channel)
        visit(Row{static_cast<std::size_t>(offset_x + channel * strides_x[1] + begin + first * step),
                  static_cast<std::size_t>(offset_w + channel * strides_w[1]),
                  static_cast<std::size_t>(offset_y + first), static_cast<std::size_t>(step),
                  static_cast<std::size_t>(end - first)});
    });
  });
}

void add_bias(Tensor& tensor, const Tensor& bias) {
  const std::size_t channels = bias.values.size();
  const std::size_t area = tensor.values.size() / (channels * static_cast<std::size_t>(tensor.shape[0]));
  for (std::size_t i = 0; i < tensor.values.size(); ++i) tensor.values[i] += bias.values[i / area % channels];
}

Tensor zeros(const Shape& shape) {
  return {shape, std::vector<double>(static_cast<std::size_t>(element_count(shape)), 0.0)};
}

Tensor evaluate_convolution(const Node& node, const Tensors& inputs) {
  Tensor result = zeros(node.shape);
  const Tensor &x = *inputs[0], &w = *inputs[1];
  for_each_row(x.shape, w.shape, result.shape, node.as<ConvolutionAttributes>(), [&](const Row& row) {
    const double weight = w.values[row.w];
    const double* from = x.values.data() + row.x;
    double* to = result.values.data() + row.y;
    if (row.step == 1)  // apart, so that it is done several places at a time
      for (std::size_t i = 0; i < row.count; ++i) to[i] += from[i] * weight;
    else
      for (std::size_t i = 0; i < row.count; ++i) to[i] += from[i * row.step] * weight;
  });
  if (inputs.size() > 2 && !result.values.empty()) add_bias(result, *inputs[2]);
  for (std::size_t i = 0; i < result.values.size(); ++i) {
    if (inputs.size() > 3) result.values[i] += inputs[3]->values[i];
    if (node.fused.relu && result.values[i] < 0) result.values[i] = 0;
    if (node.fused.limit > 0 && result.values[i] > node.fused.limit) result.values[i] = node.fused.limit;
  }
  return result;
}

Tensor evaluate_transposed(const Node& node, const Tensors& inputs) {
  Tensor result = zeros(node.shape);
  const Tensor &y = *inputs[0], &w = *inputs[1];
  for_each_row(result.shape, w.shape, y.shape, node.as<ConvolutionAttributes>(), [&](const Row& row) {
    const double weight = w.values[row.w];
    const double* from = y.values.data() + row.y;
    double* to = result.values.data() + row.x;
    if (row.step == 1)
      for (std::size_t i = 0; i < row.count; ++i) to[i] += from[i] * weight;
    else
      for (std::size_t i = 0; i < row.count; ++i) to[i * row.step] += from[i] * weight;
  });
  return result;
}

std::vector<Value> gradient_of_convolution(GradientQuestion& q) {
  for (std::size_t i = 1; i < q.wanted.size(); ++i)
    require(!q.wanted[i], "a convolution's gradient is known for its data alone");
  const ConvolutionTransposeAttributes attributes{q.node.as<ConvolutionAttributes>(), {q.input_shape(0)}};
  std::vector<Value> gradients(q.node.inputs.size(), no_value);
  gradients[0] = q.graph.add(Operator::convolution_transpose, {q.gradient, q.node.inputs[1]}, attributes, q.node.name);
  return gradients;
}

std::vector<Value> gradient_of_transposed(GradientQuestion& q) {
  require(!q.wanted[1], "a transposed convolution's gradient is known for its data alone");
  const auto& attributes = q.node.as<ConvolutionAttributes>();
  return {q.graph.add(Operator::convolution, {q.gradient, q.node.inputs[1]}, attributes, q.node.name), no_value};
}

}  // namespace

/// (x, weights, [bias, [addend]]) with x: N x C x spatial, weights: O x C/groups x kernel. With an addend or a fused
/// ReLU it has no gradient: these come by fusion.
const Record records::convolution{convolution_shape, evaluate_convolution, gradient_of_convolution};
/// (y, weights): what carries a convolution's gradient back to its data, of the shape given.
const Record records::convolution_transpose{transposed_shape, evaluate_transposed, gradient_of_transposed};

}  // namespace whycam::graph
