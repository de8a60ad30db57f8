// Pooling and its gradients.
#include "onednn/builder.h"
#include "onednn/kernels.h"

namespace whycam::onednn {

using graph::Attributes;
using graph::Operator;

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
    if (a.count_padding &&
        (y[i + 2] - 1) * a.strides[i] - a.padding_begin[i] + a.kernel[i] > x[i + 2] + a.padding_end[i])
      return true;
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
  std::vector<Step::Argument> arguments{{DNNL_ARG_SRC, operation.source, from},
                                        {DNNL_ARG_DST, operation.destination, to}};
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
  builder.primitive(operation, {{DNNL_ARG_SRC, operation.source, from}, {DNNL_ARG_DST, operation.destination, to}},
                    "average_pool");
  builder.define(value, to, layout);
}

void put_average_pool_gradient(Builder& builder, Value value) {
  const Node& node = builder.graph[value];
  const Shape& y = builder.graph.shape(node.inputs[0]);
  if (divides_otherwise(node.shape, y, node.attributes)) return put_adaptive_average_pool(builder, value);
  const Layout layout{Builder::preferred_block(node.shape)};
  const Operation operation = pooling_gradient(y, node.shape, layout, node.attributes, false);
  const Place from = builder.read(node.inputs[0], layout), to = builder.make(node.shape, layout);
  builder.primitive(operation,
                    {{DNNL_ARG_DIFF_DST, operation.source, from}, {DNNL_ARG_DIFF_SRC, operation.destination, to}},
                    "average_pool_gradient");
  builder.define(value, to, layout);
}

void put_adaptive_average_pool(Builder& builder, Value value) {
  const Node& node = builder.graph[value];
  const Shape from_shape = builder.graph.shape(node.inputs[0]), to_shape = node.shape;
  const bool adaptive =
      node.op == Operator::adaptive_average_pool || node.op == Operator::adaptive_average_pool_gradient;
  const bool gradient =
      node.op == Operator::average_pool_gradient || node.op == Operator::adaptive_average_pool_gradient;
  const Place from = builder.read(node.inputs[0]), to = builder.make(node.shape, {});
  builder.loop(
      [=, attributes = node.attributes](const Memory& memory) {
        kernels::average_pool(memory.at(from), gradient ? to_shape : from_shape, memory.at(to),
                              gradient ? from_shape : to_shape, attributes, adaptive, gradient);
      },
      {from, to}, "average_pool");
  builder.define(value, to, {});
}

}  // namespace whycam::onednn
