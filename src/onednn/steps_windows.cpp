// Convolutions, pooling and products of matrices.
#include "onednn/builder.h"
#include "onednn/kernels.h"

namespace whycam::onednn {
namespace {

using graph::Attributes;
using graph::Operator;

/// oneDNN has the groups in front.
Shape grouped(const Shape& weights, std::int64_t groups) {
  if (groups == 1) return weights;
  Shape shape = weights;
  shape[0] /= groups;
  shape.insert(shape.begin(), groups);
  return shape;
}

void require_constant_weights(const Builder& builder, const Node& node) {
  for (std::size_t i = 1; i < std::min<std::size_t>(node.inputs.size(), 3); ++i)
    if (!builder.is_constant(node.inputs[i])) throw CannotPlan("weights that depend on the inputs");
  if (builder.is_constant(node.inputs[0])) throw CannotPlan("a convolution of a constant");
}

/// An operation whose data lie in layouts of ours: what oneDNN likes best, or all in row-major order.
template <class Make>
std::pair<Operation, std::pair<Layout, Layout>> in_our_layouts(const Shape& from, const Shape& to, const Make& make) {
  Operation operation = make(false);
  const auto source = layout_of(operation.source, from), destination = layout_of(operation.destination, to);
  if (source && destination) return {std::move(operation), {*source, *destination}};
  return {make(true), {Layout{}, Layout{}}};
}

}  // namespace

void put_convolution(Builder& builder, Value value) {
  const Node& node = builder.graph[value];
  require_constant_weights(builder, node);
  const Shape& x = builder.graph.shape(node.inputs[0]);
  const Shape weights = grouped(builder.graph.shape(node.inputs[1]), node.attributes.groups);
  const bool with_bias = node.inputs.size() > 2, with_addend = node.inputs.size() > 3;
  const auto [operation, layouts] = in_our_layouts(x, node.shape, [&](bool fixed) {
    return convolution(x, weights, node.shape, node.attributes, with_bias, {with_addend, node.attributes.relu}, fixed);
  });
  const auto [source, destination] = layouts;
  const Place from = builder.read(node.inputs[0], source);
  Place to;
  if (!with_addend) {
    to = builder.make(node.shape, destination);
  } else if (builder.may_take_over(node.inputs[3], destination)) {
    to = builder.take_over(node.inputs[3], node.shape, destination);
  } else {
    const Place addend = builder.read(node.inputs[3], builder.is_constant(node.inputs[3]) ? Layout{} : destination);
    if (builder.is_constant(node.inputs[3])) throw CannotPlan("a constant that is added to a convolution");
    to = builder.make(node.shape, destination);
    const std::int64_t count = Extents(node.shape, destination).elements();
    builder.loop([=](const Memory& memory) { kernels::copy_runs(memory.at(addend), 0, memory.at(to), 0, count, 1); }, {addend, to},
                 "copy of an addend");
  }
  std::vector<Step::Argument> arguments{{DNNL_ARG_SRC, operation.source, from},
                                        {DNNL_ARG_WEIGHTS, operation.weights, builder.weights(node.inputs[1], weights, operation.weights)},
                                        {DNNL_ARG_DST, operation.destination, to}};
  if (with_bias)
    arguments.push_back({DNNL_ARG_BIAS, description({node.shape[1]}, {}), builder.constant(node.inputs[2])});
  builder.primitive(operation, std::move(arguments), "convolution " + node.name);
  builder.define(value, to, destination);
}

namespace {

/// With a stride of 1, what carries the gradient back is itself a convolution: its weights are turned round in space, and lead
/// from outputs to inputs. oneDNN's convolutions are faster forward than backward.
bool is_a_convolution(const Shape& weights, const Attributes& a) {
  for (std::size_t i = 0; i < a.strides.size(); ++i) {
    const std::int64_t reach = a.dilation[i] * (weights[i + 2] - 1);
    if (a.strides[i] != 1 || a.padding_begin[i] > reach || a.padding_end[i] > reach) return false;
  }
  return true;
}

Attributes turned(const Shape& weights, Attributes a) {
  for (std::size_t i = 0; i < a.strides.size(); ++i) {
    const std::int64_t reach = a.dilation[i] * (weights[i + 2] - 1);
    a.padding_begin[i] = reach - a.padding_begin[i];
    a.padding_end[i] = reach - a.padding_end[i];
  }
  return a;
}

/// Weights O x I/groups x kernel to I x O/groups x kernel backwards, group by group.
void turn(const float* from, float* to, const Shape& weights, std::int64_t groups) {
  const std::int64_t outputs = weights[0] / groups, inputs = weights[1];
  std::int64_t taps = 1;
  for (std::size_t i = 2; i < weights.size(); ++i) taps *= weights[i];
  for (std::int64_t g = 0; g < groups; ++g)
    for (std::int64_t o = 0; o < outputs; ++o)
      for (std::int64_t i = 0; i < inputs; ++i)
        for (std::int64_t k = 0; k < taps; ++k)
          to[((g * inputs + i) * outputs + o) * taps + taps - 1 - k] = from[((g * outputs + o) * inputs + i) * taps + k];
}

void put_turned_convolution(Builder& builder, Value value) {
  const Node& node = builder.graph[value];
  const Shape &y = builder.graph.shape(node.inputs[0]), &weights = builder.graph.shape(node.inputs[1]);
  const std::int64_t groups = node.attributes.groups;
  Shape shape = weights;
  shape[0] = weights[1] * groups;
  shape[1] = weights[0] / groups;
  const Attributes attributes = turned(weights, node.attributes);
  const auto [operation, layouts] = in_our_layouts(y, node.shape, [&](bool fixed) {
    return convolution(y, grouped(shape, groups), node.shape, attributes, false, {}, fixed);
  });
  const auto [source, destination] = layouts;
  const Place from = builder.read(node.inputs[0], source), to = builder.make(node.shape, destination);
  const Place packed = builder.weights(node.inputs[1], grouped(shape, groups), operation.weights,
                                       [&](const float* plain, float* result) { turn(plain, result, weights, groups); });
  builder.primitive(operation,
                    {{DNNL_ARG_SRC, operation.source, from},
                     {DNNL_ARG_WEIGHTS, operation.weights, packed},
                     {DNNL_ARG_DST, operation.destination, to}},
                    "turned convolution " + node.name);
  builder.define(value, to, destination);
}

}  // namespace

void put_convolution_transpose(Builder& builder, Value value) {
  const Node& node = builder.graph[value];
  require_constant_weights(builder, node);
  if (is_a_convolution(builder.graph.shape(node.inputs[1]), node.attributes)) return put_turned_convolution(builder, value);
  const Shape& y = builder.graph.shape(node.inputs[0]);
  const Shape weights = grouped(builder.graph.shape(node.inputs[1]), node.attributes.groups);
  const auto [operation, layouts] = in_our_layouts(
      y, node.shape, [&](bool fixed) { return convolution_transpose(y, weights, node.shape, node.attributes, fixed); });
  const auto [source, destination] = layouts;
  const Place from = builder.read(node.inputs[0], source), to = builder.make(node.shape, destination);
  builder.primitive(operation,
                    {{DNNL_ARG_DIFF_DST, operation.source, from},
                     {DNNL_ARG_WEIGHTS, operation.weights, builder.weights(node.inputs[1], weights, operation.weights)},
                     {DNNL_ARG_DIFF_SRC, operation.destination, to}},
                    "convolution_transpose " + node.name);
  builder.define(value, to, destination);
}

void put_matmul(Builder& builder, Value value) {
  const Node& node = builder.graph[value];
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
  const Operation operation = matrix_product(factor(0, node.attributes.transpose_a), factor(1, node.attributes.transpose_b),
                                             description(node.shape, {}), with_bias, {false, node.attributes.relu});
  const Place a = builder.read(node.inputs[0]), b = builder.read(node.inputs[1]), to = builder.make(node.shape, {});
  std::vector<Step::Argument> arguments{
      {DNNL_ARG_SRC, operation.source, a}, {DNNL_ARG_WEIGHTS, operation.weights, b}, {DNNL_ARG_DST, operation.destination, to}};
  if (with_bias) {
    Shape bias(dimensions, 1);
    bias.back() = node.shape.back();
    arguments.push_back({DNNL_ARG_BIAS, description(bias, {}), builder.read(node.inputs[2])});
  }
  builder.primitive(operation, std::move(arguments), "matmul " + node.name);
  builder.define(value, to, {});
}

namespace {

/// The node that remembers a maximum pooling's positions, or no_value.
Value positions_of(const graph::Graph& graph, Value pool) {
  for (Value other = 0; other < graph.size(); ++other)
    if (graph[other].op == Operator::max_pool_positions && graph[other].inputs == graph[pool].inputs &&
        graph[other].attributes == graph[pool].attributes)
      return other;
  return graph::no_value;
}

/// Pooling works in the layout that its input has, but not in a filled-up one.
Layout pooling_layout(const Builder& builder, Value x) {
  const Layout layout = builder.layout(x);
  return has_padding(builder.graph.shape(x), layout) ? Layout{} : layout;
}

/// Windows that end behind the padding count fewer elements than oneDNN divides by.
bool divides_otherwise(const Shape& x, const Shape& y, const Attributes& a) {
  for (std::size_t i = 0; i < a.kernel.size(); ++i)
    if (a.count_padding && (y[i + 2] - 1) * a.strides[i] - a.padding_begin[i] + a.kernel[i] > x[i + 2] + a.padding_end[i]) return true;
  return false;
}

}  // namespace

void put_max_pool(Builder& builder, Value value) {
  const Node& node = builder.graph[value];
  const Shape& x = builder.graph.shape(node.inputs[0]);
  const Layout layout = pooling_layout(builder, node.inputs[0]);
  const Value positions = positions_of(builder.graph, value);
  const Operation operation = pooling(x, layout, node.shape, node.attributes, true, positions != graph::no_value);
  const Place from = builder.read(node.inputs[0], layout), to = builder.make(node.shape, layout);
  std::vector<Step::Argument> arguments{{DNNL_ARG_SRC, operation.source, from}, {DNNL_ARG_DST, operation.destination, to}};
  if (positions != graph::no_value) {
    const Place memory = builder.make_bytes(operation.workspace.get_size());
    arguments.push_back({DNNL_ARG_WORKSPACE, operation.workspace, memory});
    builder.define(positions, memory, layout);
  }
  builder.primitive(operation, std::move(arguments), "max_pool");
  builder.define(value, to, layout);
}

void put_max_pool_gradient(Builder& builder, Value value) {
  const Node& node = builder.graph[value];
  const Shape& y = builder.graph.shape(node.inputs[0]);
  const Layout layout = builder.layout(node.inputs[1]);
  const Operation operation = pooling_gradient(y, node.shape, layout, node.attributes, true);
  const Place from = builder.read(node.inputs[0], layout), positions = builder.read(node.inputs[1], layout),
              to = builder.make(node.shape, layout);
  builder.primitive(operation,
                    {{DNNL_ARG_DIFF_DST, operation.source, from},
                     {DNNL_ARG_WORKSPACE, operation.workspace, positions},
                     {DNNL_ARG_DIFF_SRC, operation.destination, to}},
                    "max_pool_gradient");
  builder.define(value, to, layout);
}

void put_average_pool(Builder& builder, Value value) {
  const Node& node = builder.graph[value];
  const Shape x = builder.graph.shape(node.inputs[0]);
  if (divides_otherwise(x, node.shape, node.attributes)) return put_adaptive_average_pool(builder, value);
  const Layout layout = pooling_layout(builder, node.inputs[0]);
  const Operation operation = pooling(x, layout, node.shape, node.attributes, false, false);
  const Place from = builder.read(node.inputs[0], layout), to = builder.make(node.shape, layout);
  builder.primitive(operation, {{DNNL_ARG_SRC, operation.source, from}, {DNNL_ARG_DST, operation.destination, to}}, "average_pool");
  builder.define(value, to, layout);
}

void put_average_pool_gradient(Builder& builder, Value value) {
  const Node& node = builder.graph[value];
  const Shape& y = builder.graph.shape(node.inputs[0]);
  if (divides_otherwise(node.shape, y, node.attributes)) return put_adaptive_average_pool(builder, value);
  const Layout layout{Builder::preferred_block(node.shape)};
  const Operation operation = pooling_gradient(y, node.shape, layout, node.attributes, false);
  const Place from = builder.read(node.inputs[0], layout), to = builder.make(node.shape, layout);
  builder.primitive(operation, {{DNNL_ARG_DIFF_DST, operation.source, from}, {DNNL_ARG_DIFF_SRC, operation.destination, to}},
                    "average_pool_gradient");
  builder.define(value, to, layout);
}

void put_adaptive_average_pool(Builder& builder, Value value) {
  const Node& node = builder.graph[value];
  const Shape from_shape = builder.graph.shape(node.inputs[0]), to_shape = node.shape;
  const bool adaptive = node.op == Operator::adaptive_average_pool || node.op == Operator::adaptive_average_pool_gradient;
  const bool gradient = node.op == Operator::average_pool_gradient || node.op == Operator::adaptive_average_pool_gradient;
  const Place from = builder.read(node.inputs[0]), to = builder.make(node.shape, {});
  builder.loop(
      [=, attributes = node.attributes](const Memory& memory) {
        kernels::average_pool(memory.at(from), gradient ? to_shape : from_shape, memory.at(to), gradient ? from_shape : to_shape, attributes,
                              adaptive, gradient);
      },
      {from, to}, "average_pool");
  builder.define(value, to, {});
}

}  // namespace whycam::onednn
