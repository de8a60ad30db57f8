// Convolutions and products of matrices.
#include <algorithm>

#include "backends/onednn/builder.h"
#include "backends/onednn/convolutions.h"
#include "backends/onednn/kernels.h"

namespace whycam::onednn {
namespace {

using graph::ConvolutionAttributes;

void require_constant_weights(const Builder& builder, const Node& node) {
  for (std::size_t i = 1; i < std::min<std::size_t>(node.inputs.size(), 3); ++i)
    if (!builder.is_constant(node.inputs[i])) throw CannotPlan("weights that depend on the inputs");
  if (builder.is_constant(node.inputs[0])) throw CannotPlan("a convolution of a constant");
}

/// An operation whose data lie in layouts of ours.
struct Laid {
  Operation operation;
  Layout source, destination;
};

/// In the layouts that oneDNN likes best, or all in row-major order.
template <class Make>
Laid in_our_layouts(const Shape& from, const Shape& to, const Make& make) {
  Operation operation = make(Order::best);
  const auto source = layout_of(operation.source, from), destination = layout_of(operation.destination, to);
  if (source && destination) return {std::move(operation), *source, *destination};
  return {make(Order::row_major), {}, {}};
}

}  // namespace

Place convolution_result(Builder& builder, Value value, Layout layout) {
  const Node& node = builder.graph[value];
  if (node.inputs.size() <= 3) return builder.make(node.shape, layout);
  const Value added = node.inputs[3];
  if (builder.may_take_over(added, layout)) return builder.take_over(added, node.shape, layout);
  if (builder.is_constant(added)) throw CannotPlan("a constant that is added to a convolution");
  const bool converted =
      added != node.inputs[0] && (builder.is_part(added) || !same_memory(node.shape, builder.layout(added), layout));
  const Place addend = builder.read(added, layout);
  if (converted) return addend;  // what was put into the layout may be written over
  const Place to = builder.make(node.shape, layout);
  const std::int64_t count = Extents(node.shape, layout).elements();
  builder.loop([=](const Memory& memory) { kernels::copy_runs(memory.at(addend), 0, memory.at(to), 0, count, 1); },
               {addend, to}, "copy of an addend");
  return to;
}

void put_convolution(Builder& builder, Value value) {
  const Node& node = builder.graph[value];
  require_constant_weights(builder, node);
  if (put_pointwise_product(builder, value) || put_winograd(builder, value)) return;
  const auto& attributes = node.as<ConvolutionAttributes>();
  const Shape& x = builder.graph.shape(node.inputs[0]);
  const Shape weights = grouped(builder.graph.shape(node.inputs[1]), attributes.groups);
  const bool with_bias = node.inputs.size() > 2;
  const Type type = builder.factor_type(value);
  const auto make = [&](Order order) {
    return builder.convolutions.forward(x, weights, node.shape, attributes, with_bias, after(node), order, type);
  };
  const auto [operation, source, destination] = in_our_layouts(x, node.shape, make);
  const Place from = builder.read(node.inputs[0], source, type);
  const Place to = convolution_result(builder, value, destination);
  std::vector<Step::Argument> arguments{{DNNL_ARG_SRC, operation.source, from},
                                        {DNNL_ARG_WEIGHTS, operation.weights,
                                         builder.weights(node.inputs[1], attributes.groups, false, operation.weights)},
                                        {DNNL_ARG_DST, operation.destination, to}};
  if (with_bias)
    arguments.push_back({DNNL_ARG_BIAS, description({node.shape[1]}, {}), builder.constant(node.inputs[2])});
  builder.primitive(operation, std::move(arguments), "convolution " + node.name);
  builder.define(value, to, destination);
}

namespace {

void put_turned_convolution(Builder& builder, Value value) {
  const Node& node = builder.graph[value];
  const Shape &y = builder.graph.shape(node.inputs[0]), &weights = builder.graph.shape(node.inputs[1]);
  const ConvolutionAttributes attributes = turned(weights, node.as<ConvolutionAttributes>());
  const std::int64_t groups = attributes.groups;
  const Shape shape = turned_shape(weights, groups);
  const Type type = builder.factor_type(value);
  const auto make = [&](Order order) {
    return builder.convolutions.forward(y, grouped(shape, groups), node.shape, attributes, false, {}, order, type);
  };
  const auto [operation, source, destination] = in_our_layouts(y, node.shape, make);
  const Place from = builder.read(node.inputs[0], source, type), to = builder.make(node.shape, destination);
  const Place packed = builder.weights(node.inputs[1], groups, true, operation.weights);
  builder.primitive(operation,
                    {{DNNL_ARG_SRC, operation.source, from},
                     {DNNL_ARG_WEIGHTS, operation.weights, packed},
                     {DNNL_ARG_DST, operation.destination, to}},
                    "turned convolution " + node.name);
  builder.define(value, to, destination);
}

/// To a picture.
bool put_scatter(Builder& builder, Value value) {
  const Node& node = builder.graph[value];
  const Shape &y = builder.graph.shape(node.inputs[0]), &weights = builder.graph.shape(node.inputs[1]);
  const auto& attributes = node.as<ConvolutionAttributes>();
  if (!kernels::Scatter::fits(weights, node.shape, attributes)) return false;
  Layout layout = builder.layout(node.inputs[0]);
  if (!is_channels_last(y, layout) || y[1] % 16 != 0) layout = {16};
  const kernels::Scatter scatter(y, layout, weights, node.shape, attributes);
  const Place from = builder.read(node.inputs[0], layout), to = builder.make(node.shape, {});
  const Place scratch = builder.make_bytes(static_cast<std::size_t>(scatter.scratch()) * sizeof(float));
  const Place packed = builder.packed(node.inputs[1], "scatter", static_cast<std::size_t>(scatter.packed()),
                                      [&](const float* plain, float* result) { scatter.pack(plain, y[1], result); });
  builder.loop(
      [=](const Memory& memory) { scatter.run(memory.at(from), memory.at(packed), memory.at(scratch), memory.at(to)); },
      {from, to, scratch}, "scatter " + node.name);
  builder.define(value, to, {});
  return true;
}

/// Of a gradient that is mostly 0.
bool put_sparse_convolution(Builder& builder, Value value) {
  if (!is_sparse(builder.graph, value)) return false;
  const Node& node = builder.graph[value];
  const Shape &y = builder.graph.shape(node.inputs[0]), &weights = builder.graph.shape(node.inputs[1]);
  const kernels::SparseConvolution convolution(y, weights, node.shape, node.as<ConvolutionAttributes>());
  const Layout from_layout{y[1]}, to_layout{node.shape[1]};
  const Place from = builder.read(node.inputs[0], from_layout), to = builder.make(node.shape, to_layout);
  const Place scratch = builder.make_bytes(static_cast<std::size_t>(convolution.scratch()) * sizeof(float));
  const Place packed = builder.packed(node.inputs[1], "sparse", static_cast<std::size_t>(convolution.packed()),
                                      [&](const float* plain, float* result) { convolution.pack(plain, result); });
  builder.loop(
      [=](const Memory& memory) {
        convolution.run(memory.at(from), memory.at(packed), memory.at(scratch), memory.at(to));
      },
      {from, to, scratch}, "sparse convolution " + node.name);
  builder.define(value, to, to_layout);
  return true;
}

}  // namespace

void put_convolution_transpose(Builder& builder, Value value) {
  const Node& node = builder.graph[value];
  require_constant_weights(builder, node);
  if (put_scatter(builder, value) || put_sparse_product(builder, value) || put_sparse_convolution(builder, value) ||
      put_pointwise_product(builder, value) || put_winograd(builder, value))
    return;
  const auto& attributes = node.as<ConvolutionAttributes>();
  if (is_a_convolution(builder.graph.shape(node.inputs[1]), attributes)) return put_turned_convolution(builder, value);
  const Shape& y = builder.graph.shape(node.inputs[0]);
  const Shape weights = grouped(builder.graph.shape(node.inputs[1]), attributes.groups);
  // oneDNN likes blocks of channels here, and channels last nearly as well; what costs is to go from one to the other
  // and back.
  const bool stay = is_channels_last(y, builder.layout(node.inputs[0]));
  const Type type = builder.factor_type(value);
  const auto [operation, source, destination] = in_our_layouts(y, node.shape, [&](Order order) {
    if (stay && order == Order::best) {
      Operation channels_last =
          builder.convolutions.transpose(y, weights, node.shape, attributes, Order::channels_last, type);
      if (channels_last.made_to_measure) return channels_last;
    }
    return builder.convolutions.transpose(y, weights, node.shape, attributes, order, type);
  });
  const Place from = builder.read(node.inputs[0], source, type), to = builder.make(node.shape, destination);
  builder.primitive(operation,
                    {{DNNL_ARG_DIFF_DST, operation.source, from},
                     {DNNL_ARG_WEIGHTS, operation.weights,
                      builder.weights(node.inputs[1], attributes.groups, false, operation.weights)},
                     {DNNL_ARG_DIFF_SRC, operation.destination, to}},
                    "convolution_transpose " + node.name);
  builder.define(value, to, destination);
}

namespace {

/// Few rows by a large constant matrix that is read row by row: a fully connected layer backward.
bool put_thin_product(Builder& builder, Value value) {
  const Node& node = builder.graph[value];
  constexpr std::int64_t most_rows = 8;
  const auto& attributes = node.as<graph::MatmulAttributes>();
  if (node.shape.size() != 2 || node.inputs.size() != 2 || node.shape[0] > most_rows || attributes.transpose_a ||
      attributes.transpose_b || node.fused.relu || !builder.is_constant(node.inputs[1]) ||
      builder.is_constant(node.inputs[0]))
    return false;
  const std::int64_t rows = node.shape[0], columns = node.shape[1], size = builder.graph.shape(node.inputs[0])[1];
  const Place a = builder.read(node.inputs[0]), b = builder.read(node.inputs[1]), to = builder.make(node.shape, {});
  const Place scratch =
      builder.make_bytes(static_cast<std::size_t>(kernels::threads() * rows * columns) * sizeof(float));
  builder.loop(
      [=](const Memory& memory) {
        kernels::thin_product(memory.at(a), memory.at(b), memory.at(to), memory.at(scratch), rows, size, columns);
      },
      {a, b, to, scratch}, "thin product " + node.name);
  builder.define(value, to, {});
  return true;
}

}  // namespace

void put_matmul(Builder& builder, Value value) {
  const Node& node = builder.graph[value];
  if (put_thin_product(builder, value)) return;
  const auto& attributes = node.as<graph::MatmulAttributes>();
  const std::size_t dimensions = node.shape.size();
  // A factor as its matrices are to be read: of the result's number of dimensions, transposed by its strides.
  const auto factor = [&](std::size_t input, bool transposed) {
    Shape shape = builder.graph.shape(node.inputs[input]);
    shape.insert(shape.begin(), dimensions - shape.size(), 1);
    graph::Integers strides = graph::strides_of(shape);
    if (transposed) {
      std::swap(shape[dimensions - 1], shape[dimensions - 2]);
      std::swap(strides[dimensions - 1], strides[dimensions - 2]);
    }
    return strided(shape, strides);
  };
  const bool with_bias = node.inputs.size() > 2;
  const Operation operation = matrix_product(factor(0, attributes.transpose_a), factor(1, attributes.transpose_b),
                                             description(node.shape, {}), with_bias, {false, node.fused.relu, 0});
  const Place a = builder.read(node.inputs[0]), b = builder.read(node.inputs[1]), to = builder.make(node.shape, {});
  std::vector<Step::Argument> arguments{{DNNL_ARG_SRC, operation.source, a},
                                        {DNNL_ARG_WEIGHTS, operation.weights, b},
                                        {DNNL_ARG_DST, operation.destination, to}};
  if (with_bias) {
    Shape bias(dimensions, 1);
    bias.back() = node.shape.back();
    arguments.push_back({DNNL_ARG_BIAS, description(bias, {}), builder.read(node.inputs[2])});
  }
  builder.primitive(operation, std::move(arguments), "matmul " + node.name);
  builder.define(value, to, {});
}

}  // namespace whycam::onednn
