// Pooling and its gradients.
#include "backends/onednn/builder.h"
#include "backends/onednn/kernels.h"

namespace whycam::onednn {

using dnnl::algorithm;
using graph::AveragePoolAttributes;
using graph::Operator;
using graph::PoolingAttributes;

namespace {

/// Pooling works in the layout that its input has, but not in a filled-up one.
Layout pooling_layout(const Builder& builder, Value x) {
  const Layout layout = builder.layout(x);
  return has_padding(builder.graph.shape(x), layout) ? Layout{} : layout;
}

/// Windows that end behind the padding count fewer elements than oneDNN divides by; and it counts those of a window
/// in 32 bits, where 2^32 are 0.
bool divides_otherwise(const Shape& x, const Shape& y, const AveragePoolAttributes& a) {
  constexpr std::int64_t most_places = 1 << 24;
  if (graph::element_count(a.kernel) > most_places) return true;
  for (std::size_t i = 0; i < a.kernel.size(); ++i)
    if (a.count_padding && (y[i + 2] - 1) * a.strides[i] - a.padding_begin[i] + (a.kernel[i] - 1) * a.dilation[i] >=
                               x[i + 2] + a.padding_end[i])
      return true;
  return false;
}

algorithm average(const AveragePoolAttributes& a) {
  return a.count_padding ? algorithm::pooling_avg_include_padding : algorithm::pooling_avg_exclude_padding;
}

/// In row-major order; without a window it is adaptive.
void put_plain_average(Builder& builder, Value value, std::optional<AveragePoolAttributes> window, bool gradient) {
  const Node& node = builder.graph[value];
  Shape x = builder.graph.shape(node.inputs[0]), y = node.shape;
  if (gradient) std::swap(x, y);
  const Place from = builder.read(node.inputs[0]), to = builder.make(node.shape, {});
  builder.loop(
      [=](const Memory& memory) {
        kernels::average_pool(memory.at(from), x, memory.at(to), y, window ? &*window : nullptr, gradient);
      },
      {from, to}, "average_pool");
  builder.define(value, to, {});
}

/// The maxima, and their positions unless those are no_value.
Place put_maxima(Builder& builder, const Node& node, Value positions, Layout layout) {
  const Shape& x = builder.graph.shape(node.inputs[0]);
  const Operation operation = pooling(x, layout, node.shape, node.as<PoolingAttributes>(), algorithm::pooling_max,
                                      positions != graph::no_value);
  const Place from = builder.read(node.inputs[0], layout), to = builder.make(node.shape, layout);
  std::vector<Step::Argument> arguments{{DNNL_ARG_SRC, operation.source, from},
                                        {DNNL_ARG_DST, operation.destination, to}};
  if (positions != graph::no_value) {
    const Place memory = builder.make_bytes(operation.workspace.get_size());
    arguments.push_back({DNNL_ARG_WORKSPACE, operation.workspace, memory});
    builder.define(positions, memory, layout);
  }
  builder.primitive(operation, std::move(arguments), "max_pool");
  return to;
}

}  // namespace

void put_max_pool(Builder& builder, Value value) {
  const Node& node = builder.graph[value];
  const Layout layout = pooling_layout(builder, node.inputs[0]);
  builder.define(value, put_maxima(builder, node, builder.positions_of(value), layout), layout);
}

void put_max_pool_positions(Builder& builder, Value value) {
  if (builder.pool_of(value) != graph::no_value) return;  // it gives them
  const Node& node = builder.graph[value];
  put_maxima(builder, node, value, pooling_layout(builder, node.inputs[0]));
}

void put_max_pool_gradient(Builder& builder, Value value) {
  const Node& node = builder.graph[value];
  const Shape& y = builder.graph.shape(node.inputs[0]);
  const Layout layout = builder.layout(node.inputs[1]);
  const Operation operation =
      pooling_gradient(y, node.shape, layout, node.as<PoolingAttributes>(), algorithm::pooling_max);
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
  const auto& a = node.as<AveragePoolAttributes>();
  if (divides_otherwise(x, node.shape, a)) return put_plain_average(builder, value, a, false);
  const Layout layout = pooling_layout(builder, node.inputs[0]);
  const Operation operation = pooling(x, layout, node.shape, a, average(a), false);
  const Place from = builder.read(node.inputs[0], layout), to = builder.make(node.shape, layout);
  builder.primitive(operation, {{DNNL_ARG_SRC, operation.source, from}, {DNNL_ARG_DST, operation.destination, to}},
                    "average_pool");
  builder.define(value, to, layout);
}

void put_average_pool_gradient(Builder& builder, Value value) {
  const Node& node = builder.graph[value];
  const Shape& y = builder.graph.shape(node.inputs[0]);
  const auto& a = node.as<AveragePoolAttributes>();
  if (divides_otherwise(node.shape, y, a)) return put_plain_average(builder, value, a, true);
  const Layout layout{Builder::preferred_block(node.shape)};
  const Operation operation = pooling_gradient(y, node.shape, layout, a, average(a));
  const Place from = builder.read(node.inputs[0], layout), to = builder.make(node.shape, layout);
  builder.primitive(operation,
                    {{DNNL_ARG_DIFF_DST, operation.source, from}, {DNNL_ARG_DIFF_SRC, operation.destination, to}},
                    "average_pool_gradient");
  builder.define(value, to, layout);
}

void put_adaptive_average_pool(Builder& builder, Value value) { put_plain_average(builder, value, {}, false); }
void put_adaptive_average_pool_gradient(Builder& builder, Value value) { put_plain_average(builder, value, {}, true); }

}  // namespace whycam::onednn
