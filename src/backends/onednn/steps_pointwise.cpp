// What is done element by element.
#include <cmath>

#include "backends/onednn/builder.h"
#include "backends/onednn/kernels.h"

namespace whycam::onednn {
namespace {

using graph::FunctionAttributes;
using kernels::Binary;

/// Channels that fill up a layout must stay 0.
Layout where_zero_stays(const graph::Graph& graph, Value value, Layout layout, const FunctionAttributes& a) {
  const bool stays = graph::record(a.function).value(0, a.alpha, a.beta) == 0;
  return stays || !has_padding(graph.shape(value), layout) ? layout : Layout{};
}

std::int64_t elements(const Shape& shape, Layout layout) { return Extents(shape, layout).elements(); }

}  // namespace

void put_input(Builder& builder, Value value) {
  builder.define_input(value, builder.make(builder.graph.shape(value), {}));
}

void put_constant(Builder&, Value) {}  // who reads it asks for it

void put_unary(Builder& builder, Value value) {
  const Node& node = builder.graph[value];
  const auto& a = node.as<FunctionAttributes>();
  const Layout layout = where_zero_stays(builder.graph, node.inputs[0], builder.layout(node.inputs[0]), a);
  const Place from = builder.read(node.inputs[0], layout), to = builder.take_over(node.inputs[0], node.shape, layout);
  if (const auto operation = elementwise(a, description(node.shape, layout))) {
    builder.primitive(*operation, {{DNNL_ARG_SRC, operation->source, from}, {DNNL_ARG_DST, operation->destination, to}},
                      "unary");
  } else {
    const std::int64_t count = elements(node.shape, layout);
    builder.loop([=, a = a](const Memory& memory) { kernels::unary(a, memory.at(from), memory.at(to), count); },
                 {from, to}, "unary");
  }
  builder.define(value, to, layout);
}

void put_unary_gradient(Builder& builder, Value value) {
  const Node& node = builder.graph[value];
  const auto& a = node.as<FunctionAttributes>();
  // Channels that fill up a layout are 0, where a derivative may be infinite.
  const Layout x_has = builder.layout(node.inputs[1]), layout = has_padding(node.shape, x_has) ? Layout{} : x_has;
  const Place gradient = builder.read(node.inputs[0], layout), x = builder.read(node.inputs[1], layout);
  const Place to = builder.take_over(node.inputs[0], node.shape, layout);
  if (const auto operation = elementwise_gradient(a, description(node.shape, layout))) {
    builder.primitive(*operation,
                      {{DNNL_ARG_SRC, operation->source, x},
                       {DNNL_ARG_DIFF_DST, operation->weights, gradient},
                       {DNNL_ARG_DIFF_SRC, operation->destination, to}},
                      "unary_gradient");
  } else {
    const std::int64_t count = elements(node.shape, layout);
    builder.loop(
        [=, a = a](const Memory& memory) {
          kernels::unary_gradient(a, memory.at(gradient), memory.at(x), memory.at(to), count);
        },
        {gradient, x, to}, "unary_gradient");
  }
  builder.define(value, to, layout);
}

namespace {

/// How the second operand of a sum or product meets a first one of the result's shape.
enum class Meeting { same_shape, per_channel, per_example_and_channel, otherwise };

Meeting meeting(const Shape& other, const Shape& shape) {
  if (other == shape) return Meeting::same_shape;
  if (shape.size() < 3 || other.size() + 1 < shape.size() || other.size() > shape.size()) return Meeting::otherwise;
  const std::size_t channel = other.size() - (shape.size() - 1);
  for (std::size_t i = channel + 1; i < other.size(); ++i)
    if (other[i] != 1) return Meeting::otherwise;
  if (other[channel] != shape[1]) return Meeting::otherwise;
  if (channel == 0 || other[0] == 1) return Meeting::per_channel;
  return other[0] == shape[0] ? Meeting::per_example_and_channel : Meeting::otherwise;
}

/// Both in row-major order.
void put_broadcast(Builder& builder, Value value, Binary kind) {
  const Node& node = builder.graph[value];
  const Place a = builder.read(node.inputs[0]), b = builder.read(node.inputs[1]), to = builder.make(node.shape, {});
  const auto steps_a = graph::broadcast_steps(builder.graph.shape(node.inputs[0]), node.shape);
  const auto steps_b = graph::broadcast_steps(builder.graph.shape(node.inputs[1]), node.shape);
  builder.loop(
      [=, shape = node.shape, relu = node.fused.relu](const Memory& memory) {
        kernels::binary_broadcast(kind, memory.at(a), steps_a, memory.at(b), steps_b, memory.at(to), shape, relu);
      },
      {a, b, to}, "broadcast");
  builder.define(value, to, {});
}

/// Of which one or both are some channels of another value.
bool put_parts(Builder& builder, Value value, Binary kind) {
  const Node& node = builder.graph[value];
  if (node.shape.size() < 3) return false;
  const Layout layout{node.shape[1]};
  for (const Value input : node.inputs)
    if (builder.layout(input) != layout) return false;
  if (!builder.is_part(node.inputs[0]) && !builder.is_part(node.inputs[1])) return false;
  const auto [a, row_of_a] = builder.read_rows(node.inputs[0]);
  const auto [b, row_of_b] = builder.read_rows(node.inputs[1]);
  const Value heir = builder.may_take_over(node.inputs[0], layout) ? node.inputs[0] : node.inputs[1];
  const Place to = builder.take_over(heir, node.shape, layout);
  builder.loop(
      [=, a = a, b = b, row_of_a = row_of_a, row_of_b = row_of_b, channels = node.shape[1],
       places = graph::element_count(node.shape) / node.shape[1], relu = node.fused.relu](const Memory& memory) {
        kernels::binary_rows(kind, memory.at(a), row_of_a, memory.at(b), row_of_b, memory.at(to), channels, places,
                             relu);
      },
      {a, b, to}, "binary of parts");
  builder.define(value, to, layout);
  return true;
}

void put_same_shape(Builder& builder, Value value, Binary kind) {
  if (put_parts(builder, value, kind)) return;
  const Node& node = builder.graph[value];
  Layout layout = builder.layout(node.inputs[0]);
  if (layout == Layout{}) layout = builder.layout(node.inputs[1]);
  const bool constant = builder.is_constant(node.inputs[0]) || builder.is_constant(node.inputs[1]);
  if (constant || (kind == Binary::divide && has_padding(node.shape, layout))) layout = {};
  const Place a = builder.read(node.inputs[0], layout), b = builder.read(node.inputs[1], layout);
  const Value heir = builder.may_take_over(node.inputs[0], layout) ? node.inputs[0] : node.inputs[1];
  const Place to = builder.take_over(heir, node.shape, layout);
  const std::int64_t count = elements(node.shape, layout);
  builder.loop(
      [=, relu = node.fused.relu](const Memory& memory) {
        kernels::binary(kind, memory.at(a), memory.at(b), memory.at(to), count, relu);
      },
      {a, b, to}, "binary");
  builder.define(value, to, layout);
}

void put_per_channel(Builder& builder, Value value, Binary kind, bool swapped, bool per_example) {
  const Node& node = builder.graph[value];
  const Value x = node.inputs[swapped], other = node.inputs[!swapped];
  Layout layout = builder.layout(x);
  const bool zero_stays = kind == Binary::multiply;
  if (has_padding(node.shape, layout) && !zero_stays) layout = {};
  // One number a channel is N x C x 1 x ... in the same layout.
  const bool constant = builder.is_constant(other);
  if (!constant && !per_example && builder.graph.shape(other).size() != node.shape.size())
    return put_broadcast(builder, value, kind);
  if (constant && per_example) return put_broadcast(builder, value, kind);
  const Place a = builder.read(x, layout),
              b = constant ? builder.channel_row(other, layout) : builder.read(other, layout);
  const Place to = builder.take_over(x, node.shape, layout);
  if (constant && kind == Binary::multiply) {
    builder.loop(
        [=, extents = Extents(node.shape, layout), relu = node.fused.relu](const Memory& memory) {
          kernels::scale(memory.at(a), memory.at(b), memory.at(to), extents, relu);
        },
        {a, to}, "scale");
    return builder.define(value, to, layout);
  }
  builder.loop(
      [=, extents = Extents(node.shape, layout), relu = node.fused.relu](const Memory& memory) {
        kernels::binary_per_channel(kind, memory.at(a), memory.at(b), per_example, swapped, memory.at(to), extents,
                                    relu);
      },
      {a, b, to}, "per channel");
  builder.define(value, to, layout);
}

void put_binary(Builder& builder, Value value, Binary kind) {
  const Node& node = builder.graph[value];
  const Shape &a = builder.graph.shape(node.inputs[0]), &b = builder.graph.shape(node.inputs[1]);
  if (a == b) return put_same_shape(builder, value, kind);
  for (const bool swapped : {false, true}) {
    if ((swapped ? b : a) != node.shape || builder.is_constant(node.inputs[swapped])) continue;
    const Meeting how = meeting(swapped ? a : b, node.shape);
    if (how == Meeting::per_channel) return put_per_channel(builder, value, kind, swapped, false);
    if (how == Meeting::per_example_and_channel) return put_per_channel(builder, value, kind, swapped, true);
  }
  put_broadcast(builder, value, kind);
}

}  // namespace

void put_add(Builder& builder, Value value) { put_binary(builder, value, Binary::add); }
void put_subtract(Builder& builder, Value value) { put_binary(builder, value, Binary::subtract); }
void put_multiply(Builder& builder, Value value) { put_binary(builder, value, Binary::multiply); }
void put_divide(Builder& builder, Value value) { put_binary(builder, value, Binary::divide); }
void put_maximum(Builder& builder, Value value) { put_binary(builder, value, Binary::maximum); }
void put_minimum(Builder& builder, Value value) { put_binary(builder, value, Binary::minimum); }

void put_inside(Builder& builder, Value value) {
  const Node& node = builder.graph[value];
  const Layout layout = builder.layout(node.inputs[0]);
  const std::int64_t count = elements(node.shape, layout);
  const Place from = builder.read(node.inputs[0], layout);
  const Place to = builder.make_bytes(static_cast<std::size_t>(kernels::words(count)) * sizeof(kernels::Word));
  const auto& a = node.as<FunctionAttributes>();
  const bool bounded = a.function == graph::Function::hardtanh;
  builder.loop(
      [=, low = bounded ? a.alpha : 0, high = bounded ? a.beta : HUGE_VAL](const Memory& memory) {
        kernels::inside(memory.at(from), static_cast<float>(low), static_cast<float>(high),
                        reinterpret_cast<kernels::Word*>(memory.at(to)), count);
      },
      {from, to}, "inside");
  builder.define(value, to, layout);
}

namespace {

/// A mask in the order of a gradient that comes in blocks of 16 channels, where the mask has channels last: 16 bits at
/// a time, which costs far less than to reorder the gradient.
Place bits_in_blocks(Builder& builder, Value mask) {
  const Shape& shape = builder.graph.shape(mask);
  const Place from = builder.read(mask, {shape[1]});
  const Extents extents(shape, {16});
  const Place to =
      builder.make_bytes(static_cast<std::size_t>(kernels::words(extents.elements())) * sizeof(kernels::Word));
  builder.loop(
      [=](const Memory& memory) {
        kernels::bits_to_blocks(reinterpret_cast<const std::uint16_t*>(memory.at(from)),
                                reinterpret_cast<std::uint16_t*>(memory.at(to)), extents);
      },
      {from, to}, "bits_to_blocks");
  return to;
}

/// Of gradients that have their channels last, one of which is some channels of another value.
bool put_gate_of_parts(Builder& builder, Value value) {
  const Node& node = builder.graph[value];
  const Layout layout = builder.layout(node.inputs[0]);
  if (!is_channels_last(node.shape, layout) || node.shape[1] % 16 != 0 ||
      node.inputs.size() > kernels::most_gradients + 1)
    return false;
  bool any_part = false;
  Value heir = node.inputs[1];
  for (std::size_t i = 1; i < node.inputs.size(); ++i) {
    if (builder.layout(node.inputs[i]) != layout) return false;
    any_part = any_part || builder.is_part(node.inputs[i]);
    if (builder.may_take_over(node.inputs[i], layout)) heir = node.inputs[i];
  }
  if (!any_part) return false;
  const Place bits = builder.read(node.inputs[0], layout);
  std::vector<std::pair<Place, std::int64_t>> gradients;
  for (std::size_t i = 1; i < node.inputs.size(); ++i) gradients.push_back(builder.read_rows(node.inputs[i]));
  const Place to = builder.take_over(heir, node.shape, layout);
  std::vector<Place> used{bits, to};
  for (const auto& [place, row] : gradients) used.push_back(place);
  builder.loop(
      [=, channels = node.shape[1], places = graph::element_count(node.shape) / node.shape[1],
       relu = node.fused.relu](const Memory& memory) {
        kernels::GradientRows rows[kernels::most_gradients] = {};
        for (std::size_t i = 0; i < gradients.size(); ++i)
          rows[i] = {memory.at(gradients[i].first), gradients[i].second};
        kernels::gate_rows(reinterpret_cast<const std::uint16_t*>(memory.at(bits)), rows, gradients.size(),
                           memory.at(to), channels, places, relu);
      },
      used, "gate of parts");
  builder.define(value, to, layout);
  return true;
}

}  // namespace

void put_gate(Builder& builder, Value value) {
  if (put_gate_of_parts(builder, value)) return;
  const Node& node = builder.graph[value];
  Layout layout = builder.layout(node.inputs[0]);  // the bits stand in this order
  const bool in_blocks = builder.layout(node.inputs[1]) == Layout{16} && is_channels_last(node.shape, layout) &&
                         layout.block > 16 && layout.block % 16 == 0;
  const Place bits = in_blocks ? bits_in_blocks(builder, node.inputs[0]) : builder.read(node.inputs[0], layout);
  if (in_blocks) layout = {16};
  const std::int64_t count = elements(node.shape, layout);
  std::vector<Place> gradients;
  Place to;
  for (std::size_t i = 1; i < node.inputs.size(); ++i) gradients.push_back(builder.read(node.inputs[i], layout));
  while (gradients.size() > kernels::most_gradients) {  // rare
    const Place a = gradients[0], b = gradients[1], sum = builder.make(node.shape, layout);
    builder.loop(
        [=](const Memory& memory) {
          kernels::binary(Binary::add, memory.at(a), memory.at(b), memory.at(sum), count, false);
        },
        {a, b, sum}, "sum of gradients");
    gradients[1] = sum;
    gradients.erase(gradients.begin());
  }
  for (std::size_t i = 1; i < node.inputs.size() && to.buffer < 0; ++i)
    if (node.inputs.size() <= kernels::most_gradients + 1 && builder.may_take_over(node.inputs[i], layout))
      to = builder.take_over(node.inputs[i], node.shape, layout);
  if (to.buffer < 0) to = builder.make(node.shape, layout);
  std::vector<Place> used = gradients;
  used.push_back(bits);
  used.push_back(to);
  builder.loop(
      [=, relu = node.fused.relu](const Memory& memory) {
        const float* pointers[kernels::most_gradients] = {};
        for (std::size_t i = 0; i < gradients.size(); ++i) pointers[i] = memory.at(gradients[i]);
        kernels::gate(reinterpret_cast<const kernels::Word*>(memory.at(bits)), pointers, gradients.size(),
                      memory.at(to), count, relu);
      },
      used, "gate");
  builder.define(value, to, layout);
}

void put_scale_shift(Builder& builder, Value value) {
  const Node& node = builder.graph[value];
  const Layout layout = builder.layout(node.inputs[0]);
  const Place x = builder.read(node.inputs[0], layout);
  const Place scale = builder.channel_row(node.inputs[1], layout), shift = builder.channel_row(node.inputs[2], layout);
  const Place to = builder.take_over(node.inputs[0], node.shape, layout);
  builder.loop(
      [=, extents = Extents(node.shape, layout), relu = node.fused.relu](const Memory& memory) {
        kernels::scale_shift(memory.at(x), memory.at(scale), memory.at(shift), memory.at(to), extents, relu);
      },
      {x, to}, "scale_shift");
  builder.define(value, to, layout);
}

}  // namespace whycam::onednn
