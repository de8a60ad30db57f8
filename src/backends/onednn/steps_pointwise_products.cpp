// Convolutions of single places as products of matrices: where oneDNN cannot describe them as convolutions, and where
// most factors are 0.
#include "backends/onednn/builder.h"
#include "backends/onednn/convolutions.h"
#include "backends/onednn/kernels.h"
#include "backends/onednn/processor.h"
#include "backends/onednn/versions.h"

namespace whycam::onednn {
namespace {

/// Whether a kernel covers one place, and every place that it is put on is one of `places`.
bool is_pointwise(const Shape& weights, const graph::ConvolutionAttributes& a, const Shape& places,
                  const Shape& put_on) {
  if (a.groups != 1 || graph::element_count(weights) != weights[0] * weights[1]) return false;
  for (std::size_t d = 0; d < a.strides.size(); ++d)
    if (a.padding_begin[d] != 0 || (put_on[d + 2] - 1) * a.strides[d] >= places[d + 2]) return false;
  return true;
}

/// Of a tensor whose channels lie last, the places that strides lead to.
dnnl::memory::desc strided_places(const Shape& part, const Shape& whole, const graph::Integers& steps) {
  graph::Integers strides = channels_last_strides(whole, whole[1]);
  for (std::size_t d = 2; d < whole.size(); ++d) strides[d] *= steps[d - 2];
  return strided(part, strides);
}

/// x at those places alone.
Place chosen_places(Builder& builder, const Shape& x, const Shape& chosen, const graph::Integers& steps, Place from) {
  const Layout layout{x[1]};
  const Place to = builder.make(chosen, layout);
  builder.copy(strided_places(chosen, x, steps), from, description(chosen, layout), to,
               "places of a strided convolution");
  return to;
}

/// The contrary: y is 0 at the others.
Place placed_apart(Builder& builder, const Shape& part, Place from, const Shape& y, const graph::Integers& steps) {
  const Layout layout{y[1]};
  const Place to = builder.make(y, layout);
  const std::int64_t all = graph::element_count(y);
  builder.loop([=](const Memory& memory) { kernels::fill(memory.at(to), 0, all); }, {to}, "fill");
  builder.copy(description(part, layout), from, strided_places(part, y, steps), to, "places of a strided convolution");
  return to;
}

/// Whether a gradient has come from the output through no sum over channels. Then it has as many channels other than 0
/// as the output's gradient has, of which an explanation of one class sets a single one.
bool is_of_few_channels(const Builder& builder, Value gradient) {
  using graph::Operator;
  const Node& node = builder.graph[gradient];
  switch (node.op) {
    case Operator::input:
      return node.name == "output_gradient";
    case Operator::gate:
    case Operator::unary_gradient:
    case Operator::multiply: {
      const std::size_t from = node.op == Operator::gate || builder.is_constant(node.inputs[0]) ? 1 : 0;
      return node.inputs.size() == 2 && is_of_few_channels(builder, node.inputs[from]);
    }
    case Operator::reshape:
    case Operator::expand:
    case Operator::slice:
    case Operator::average_pool_gradient:
    case Operator::unary:
      return is_of_few_channels(builder, node.inputs[0]);
    default:
      return false;
  }
}

}  // namespace

bool put_sparse_product(Builder& builder, Value value) {
  const Node& node = builder.graph[value];
  const Shape &y = builder.graph.shape(node.inputs[0]), &x = node.shape;
  const std::int64_t places = graph::element_count(y) / y[1];
  if (node.inputs.size() > 2 || node.fused.relu || y[1] == 1 || graph::element_count(x) != places * x[1] ||
      !is_pointwise(builder.graph.shape(node.inputs[1]), node.as<graph::ConvolutionAttributes>(), x, y) ||
      Builder::preferred_block(x) != x[1] || !is_of_few_channels(builder, node.inputs[0]))
    return false;
  const Place from = builder.read(node.inputs[0], {y[1]}), matrix = builder.constant(node.inputs[1]),
              to = builder.make(x, {x[1]});
  builder.loop(
      [=, size = y[1], columns = x[1]](const Memory& memory) {
        kernels::sparse_product(memory.at(from), memory.at(matrix), memory.at(to), places, size, columns);
      },
      {from, matrix, to}, "sparse product " + node.name);
  builder.define(value, to, {x[1]});
  return true;
}

bool put_pointwise_product(Builder& builder, Value value) {
  const Node& node = builder.graph[value];
  const bool transposed = node.op == graph::Operator::convolution_transpose;
  const Shape &x = builder.graph.shape(node.inputs[0]), &y = node.shape;
  const auto& attributes = node.as<graph::ConvolutionAttributes>();
  // The larger side is the one that strides leave places of out.
  Shape rows = transposed ? x : y;
  if (!divides_by_cache_sizes || has_plausible_caches() ||
      !is_pointwise(builder.graph.shape(node.inputs[1]), attributes, transposed ? y : x, rows))
    return false;
  const bool dense = graph::element_count(x) / x[1] == graph::element_count(y) / y[1];
  const std::int64_t count = graph::element_count(rows) / rows[1];
  const bool with_bias = node.inputs.size() > 2;
  const Operation operation = matrix_product(description({count, x[1]}, {}), any_description({x[1], y[1]}),
                                             description({count, y[1]}, {}), with_bias, after(node));

  const Layout from_layout{x[1]}, to_layout{y[1]};
  Place from = builder.read(node.inputs[0], from_layout);
  if (!transposed && !dense) {
    rows[1] = x[1];
    from = chosen_places(builder, x, rows, attributes.strides, from);
  }
  rows[1] = y[1];
  const Place product = transposed ? builder.make(rows, to_layout) : convolution_result(builder, value, to_layout);
  // The weights' order, outputs by inputs, is the transposed one of the product's second factor.
  std::vector<Step::Argument> arguments{
      {DNNL_ARG_SRC, operation.source, from},
      {DNNL_ARG_WEIGHTS, operation.weights, builder.weights(node.inputs[1], 1, !transposed, operation.weights)},
      {DNNL_ARG_DST, operation.destination, product}};
  if (with_bias) arguments.push_back({DNNL_ARG_BIAS, description({1, y[1]}, {}), builder.constant(node.inputs[2])});
  builder.primitive(operation, std::move(arguments), "pointwise product " + node.name);

  const bool apart = transposed && !dense;
  const Place to = apart ? placed_apart(builder, rows, product, y, attributes.strides) : product;
  builder.define(value, to, to_layout);
  return true;
}

}  // namespace whycam::onednn
