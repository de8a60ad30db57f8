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
  Operation operation = make(Order::best);
  const auto source = layout_of(operation.source, from), destination = layout_of(operation.destination, to);
  if (source && destination) return {std::move(operation), {*source, *destination}};
  return {make(Order::row_major), {Layout{}, Layout{}}};
}

}  // namespace

void put_convolution(Builder& builder, Value value) {
  const Node& node = builder.graph[value];
  require_constant_weights(builder, node);
  const Shape& x = builder.graph.shape(node.inputs[0]);
  const Shape weights = grouped(builder.graph.shape(node.inputs[1]), node.attributes.groups);
  const bool with_bias = node.inputs.size() > 2, with_addend = node.inputs.size() > 3;
  const auto [operation, layouts] = in_our_layouts(x, node.shape, [&](Order order) {
    return convolution(x, weights, node.shape, node.attributes, with_bias, {with_addend, node.attributes.relu, node.attributes.limit}, order);
  });
  const auto [source, destination] = layouts;
  const Place from = builder.read(node.inputs[0], source);
  Place to;
  if (!with_addend) {
    to = builder.make(node.shape, destination);
  } else if (builder.may_take_over(node.inputs[3], destination)) {
    to = builder.take_over(node.inputs[3], node.shape, destination);
  } else {
    if (builder.is_constant(node.inputs[3])) throw CannotPlan("a constant that is added to a convolution");
    const Place addend = builder.read(node.inputs[3], destination);
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
  const auto [operation, layouts] = in_our_layouts(y, node.shape, [&](Order order) {
    if (order == Order::best && builder.may_be_winograd(value))
      if (auto winograd = winograd_convolution(y, shape, node.shape, attributes)) return *std::move(winograd);
    return convolution(y, grouped(shape, groups), node.shape, attributes, false, {}, order);
  });
  const auto [source, destination] = layouts;
  const Place from = builder.read(node.inputs[0], source), to = builder.make(node.shape, destination);
  const Place packed = builder.weights(node.inputs[1], grouped(shape, groups), operation.weights, "turned " + std::to_string(groups),
                                       [&](const float* plain, float* result) { turn(plain, result, weights, groups); });
  builder.primitive(operation,
                    {{DNNL_ARG_SRC, operation.source, from},
                     {DNNL_ARG_WEIGHTS, operation.weights, packed},
                     {DNNL_ARG_DST, operation.destination, to}},
                    "turned convolution " + node.name);
  builder.define(value, to, destination);
}

/// A transposed convolution with strides gives each place of the smaller tensor a patch of stride x stride places of the larger. For
/// few channels (a picture's) that is best computed as one convolution to all channels of the patch.
struct Patches {
  Patches(const Shape& y, const Shape& weights, const Shape& x, const Attributes& a) : weights_shape(weights), strides(a.strides) {
    attributes.strides = attributes.dilation = {1, 1};
    shape = {y[0], 0, 0, 0};
    turned_shape = {0, weights[0], 0, 0};
    shape[1] = turned_shape[0] = weights[1] * a.strides[0] * a.strides[1];
    for (std::size_t d = 0; d < 2; ++d) {
      const std::int64_t stride = a.strides[d], kernel = weights[d + 2];
      std::int64_t lowest = 0, highest = 0;
      for (std::int64_t phase = 0; phase < stride; ++phase) {
        const std::int64_t tap = (phase + a.padding_begin[d]) % stride, shift = (phase + a.padding_begin[d]) / stride;
        const std::int64_t taps = tap < kernel ? (kernel - tap + stride - 1) / stride : 0;
        first_tap[d].push_back(tap);
        shifts[d].push_back(shift);
        lowest = phase == 0 ? shift - taps + 1 : std::min(lowest, shift - taps + 1);
        highest = std::max(highest, shift);
      }
      low[d] = lowest;
      turned_shape[d + 2] = highest - lowest + 1;
      shape[d + 2] = (x[d + 2] + stride - 1) / stride;
      attributes.padding_begin.push_back(-lowest);
      attributes.padding_end.push_back(shape[d + 2] - 1 + turned_shape[d + 2] - y[d + 2] + lowest);
    }
    fits = attributes.padding_begin[0] >= 0 && attributes.padding_begin[1] >= 0 && attributes.padding_end[0] >= 0 &&
           attributes.padding_end[1] >= 0;
  }

  static bool helps(const Shape& weights, const Attributes& a) {
    return weights.size() == 4 && weights[1] <= 4 && a.groups == 1 && a.strides[0] * a.strides[1] > 1 && a.strides[0] <= weights[2] &&
           a.strides[1] <= weights[3] && a.dilation[0] == 1 && a.dilation[1] == 1;
  }

  /// The weights of that convolution.
  void turn(const float* from, float* to) const {
    const std::int64_t inputs = weights_shape[1], outputs = weights_shape[0];
    std::fill(to, to + graph::element_count(turned_shape), 0.0F);
    for (std::int64_t r = 0; r < strides[0]; ++r)
      for (std::int64_t s = 0; s < strides[1]; ++s)
        for (std::int64_t u = 0; u < turned_shape[2]; ++u)
          for (std::int64_t v = 0; v < turned_shape[3]; ++v) {
            const std::int64_t kr = tap(0, r, u), ks = tap(1, s, v);
            if (kr < 0 || kr >= weights_shape[2] || ks < 0 || ks >= weights_shape[3]) continue;
            for (std::int64_t i = 0; i < inputs; ++i)
              for (std::int64_t o = 0; o < outputs; ++o)
                to[((((r * strides[1] + s) * inputs + i) * outputs + o) * turned_shape[2] + u) * turned_shape[3] + v] =
                    from[((o * inputs + i) * weights_shape[2] + kr) * weights_shape[3] + ks];
          }
  }

  Attributes attributes;
  Shape shape, turned_shape, weights_shape;
  graph::Integers strides;
  bool fits = false;

 private:
  /// Which tap of the kernel meets place `at` of the turned one in this phase; outside of the kernel where none does.
  std::int64_t tap(std::size_t d, std::int64_t phase, std::int64_t at) const {
    const auto p = static_cast<std::size_t>(phase);
    const std::int64_t step = shifts[d][p] - low[d] - at;
    return step < 0 ? -1 : first_tap[d][p] + strides[d] * step;
  }
  graph::Integers first_tap[2], shifts[2];
  std::int64_t low[2] = {0, 0};
};

bool put_patches(Builder& builder, Value value) {
  const Node& node = builder.graph[value];
  const Shape &y = builder.graph.shape(node.inputs[0]), &weights = builder.graph.shape(node.inputs[1]);
  if (!Patches::helps(weights, node.attributes)) return false;
  const Patches patches(y, weights, node.shape, node.attributes);
  if (!patches.fits) return false;
  const Operation operation = convolution(y, patches.turned_shape, patches.shape, patches.attributes, false, {}, Order::best);
  const auto source = layout_of(operation.source, y), destination = layout_of(operation.destination, patches.shape);
  if (!source || !destination || destination->block != patches.shape[1]) return false;
  const Place from = builder.read(node.inputs[0], *source), to = builder.make(patches.shape, *destination);
  const std::string name = "patches " + graph::to_string(node.attributes.strides) + graph::to_string(node.attributes.padding_begin) +
                           graph::to_string(node.attributes.padding_end) + graph::to_string(node.shape);
  const Place packed = builder.weights(node.inputs[1], patches.turned_shape, operation.weights, name,
                                       [&](const float* plain, float* result) { patches.turn(plain, result); });
  builder.primitive(operation,
                    {{DNNL_ARG_SRC, operation.source, from},
                     {DNNL_ARG_WEIGHTS, operation.weights, packed},
                     {DNNL_ARG_DST, operation.destination, to}},
                    "patches " + node.name);
  const Place result = builder.make(node.shape, {});
  builder.loop(
      [=, shape = node.shape, strides = node.attributes.strides, rows = patches.shape[2], columns = patches.shape[3]](const Memory& memory) {
        kernels::spread(memory.at(to), rows, columns, strides[0], strides[1], memory.at(result), shape);
      },
      {to, result}, "spread");
  builder.define(value, result, {});
  return true;
}

}  // namespace

void put_convolution_transpose(Builder& builder, Value value) {
  const Node& node = builder.graph[value];
  require_constant_weights(builder, node);
  if (put_patches(builder, value)) return;
  if (is_a_convolution(builder.graph.shape(node.inputs[1]), node.attributes)) return put_turned_convolution(builder, value);
  const Shape& y = builder.graph.shape(node.inputs[0]);
  const Shape weights = grouped(builder.graph.shape(node.inputs[1]), node.attributes.groups);
  // oneDNN likes blocks of channels here, and channels last nearly as well; what costs is to go from one to the other and back.
  const bool stay = is_channels_last(y, builder.layout(node.inputs[0]));
  const auto [operation, layouts] = in_our_layouts(y, node.shape, [&](Order order) {
    if (stay && order == Order::best) {
      Operation channels_last = convolution_transpose(y, weights, node.shape, node.attributes, Order::channels_last);
      if (channels_last.made_to_measure) return channels_last;
    }
    return convolution_transpose(y, weights, node.shape, node.attributes, order);
  });
  const auto [source, destination] = layouts;
  const Place from = builder.read(node.inputs[0], source), to = builder.make(node.shape, destination);
  builder.primitive(operation,
                    {{DNNL_ARG_DIFF_DST, operation.source, from},
                     {DNNL_ARG_WEIGHTS, operation.weights, builder.weights(node.inputs[1], weights, operation.weights)},
                     {DNNL_ARG_DIFF_SRC, operation.destination, to}},
                    "convolution_transpose " + node.name);
  builder.define(value, to, destination);
}

namespace {

/// Few rows by a large constant matrix that is read row by row: a fully connected layer backward.
bool put_thin_product(Builder& builder, Value value) {
  const Node& node = builder.graph[value];
  constexpr std::int64_t most_rows = 8;
  if (node.shape.size() != 2 || node.inputs.size() != 2 || node.shape[0] > most_rows || node.attributes.transpose_a ||
      node.attributes.transpose_b || node.attributes.relu || !builder.is_constant(node.inputs[1]) || builder.is_constant(node.inputs[0]))
    return false;
  const std::int64_t rows = node.shape[0], columns = node.shape[1], size = builder.graph.shape(node.inputs[0])[1];
  const Place a = builder.read(node.inputs[0]), b = builder.read(node.inputs[1]), to = builder.make(node.shape, {});
  const Place scratch = builder.make_bytes(static_cast<std::size_t>(kernels::threads() * rows * columns) * sizeof(float));
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
                                             description(node.shape, {}), with_bias, {false, node.attributes.relu, 0});
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
