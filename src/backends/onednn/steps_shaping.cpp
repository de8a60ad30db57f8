// What moves numbers, and what sums them up.
#include <optional>

#include "backends/onednn/builder.h"
#include "backends/onednn/kernels.h"

namespace whycam::onednn {
namespace {

using graph::Integers;

/// How channels of a larger tensor lie in it, for a copy between both: runs, their number, and how far apart they are.
struct ChannelRuns {
  ChannelRuns(const Shape& part, const Shape& whole, std::int64_t first_channel, Layout layout) {
    const Extents all(whole, layout);
    const bool last = is_channels_last(whole, layout);  // a run for each place
    run = last ? part[1] : part[1] * all.area;
    step = last ? whole[1] : all.blocks * all.area * all.block;
    count = last ? all.batch * all.area : all.batch;
    begin = last ? first_channel : first_channel * all.area;
  }
  std::int64_t run, step, count, begin;
};

/// Copies a value into its channels of the whole, as the whole's layout needs it: seven channels that are filled up to
/// eight are no channels-last part of eight.
void put_channels(Builder& builder, Value value, const Shape& whole, std::int64_t first_channel, Layout layout,
                  Place to, const char* what) {
  const Shape& part = builder.graph.shape(value);
  const ChannelRuns runs(part, whole, first_channel, layout);
  const auto [from, row] =
      is_channels_last(whole, layout) ? builder.read_rows(value) : std::pair(builder.read(value, layout), runs.run);
  builder.loop(
      [=, from = from, row = row](const Memory& memory) {
        kernels::copy_runs(memory.at(from), row, memory.at(to) + runs.begin, runs.step, runs.run, runs.count);
      },
      {from, to}, what);
}

/// The layout of a tensor's part, or of the tensor that it is a part of: channels-last for channels-last, else the same
/// blocks.
Layout kindred_layout(const Shape& of, const Shape& known, Layout layout) {
  return is_channels_last(known, layout) ? Layout{of[1]} : layout;
}

/// Whether slicing or embedding takes nothing but channels, and whole blocks of them.
bool is_channel_part(const Shape& part, const Shape& whole, const graph::SliceAttributes& a, Layout layout) {
  if (part.size() < 3 || part[1] == 1) return false;
  for (std::size_t d = 0; d < part.size(); ++d)
    if (a.step[d] != 1 || (d != 1 && part[d] != whole[d])) return false;
  if (layout.block == whole[1]) return true;
  return part[1] % layout.block == 0 && a.begin[1] % layout.block == 0 && whole[1] % layout.block == 0;
}

/// Where a strided part begins, and its strides.
std::pair<Integers, std::int64_t> part_strides(const Shape& whole, const graph::SliceAttributes& a) {
  Integers strides = graph::strides_of(whole);
  std::int64_t offset = 0;
  for (std::size_t d = 0; d < strides.size(); ++d) {
    offset += a.begin[d] * strides[d];
    strides[d] *= a.step[d];
  }
  return {strides, offset};
}

/// An axis whose last element has not the room behind it that its step says: oneDNN takes that for an overlap with the
/// next row. Every second element of 7 is such a part, of 8 it is not.
std::optional<std::size_t> axis_beyond_its_row(const Shape& shape, const Integers& strides) {
  for (std::size_t d = 0; d < shape.size(); ++d)
    for (std::size_t outer = 0; outer < d; ++outer)
      if (shape[d] > 1 && strides[outer] < strides[d] * shape[d]) return d;
  return std::nullopt;
}

/// Copies between a part of a tensor and another that has its shape, in pieces that oneDNN accepts.
struct Part {
  Place place;
  Integers strides;
};
void copy_part(Builder& builder, const Shape& shape, const Part& from, const Part& to, const std::string& what) {
  auto axis = axis_beyond_its_row(shape, from.strides);
  if (!axis) axis = axis_beyond_its_row(shape, to.strides);
  if (!axis) return builder.copy(strided(shape, from.strides), from.place, strided(shape, to.strides), to.place, what);
  Shape all_but_last = shape, last = shape;
  --all_but_last[*axis];
  last[*axis] = 1;
  copy_part(builder, all_but_last, from, to, what);
  const auto moved = [&](Part part) {
    part.place.offset += part.strides[*axis] * all_but_last[*axis];
    return part;
  };
  copy_part(builder, last, moved(from), moved(to), what);
}

/// Whether channels are added up that lie side by side, none of which is not there and filled up.
bool is_over_channels(const Shape& shape, const Integers& axes, Layout layout) {
  return shape.size() > 2 && axes == Integers{1} && layout.block > 1 && shape[1] % layout.block == 0;
}

bool is_spatial(const Shape& shape, const Integers& axes) {
  if (shape.size() < 3 || axes.size() != shape.size() - 2) return false;
  for (std::size_t i = 0; i < axes.size(); ++i)
    if (axes[i] != static_cast<std::int64_t>(i) + 2) return false;
  return true;
}

}  // namespace

void put_reshape(Builder& builder, Value value) {
  const Node& node = builder.graph[value];
  builder.define(value, builder.read(node.inputs[0]), {});
}

void put_transpose(Builder& builder, Value value) {
  const Node& node = builder.graph[value];
  const Integers strides = graph::strides_of(builder.graph.shape(node.inputs[0]));
  Integers permuted;
  for (const std::int64_t axis : node.as<graph::TransposeAttributes>().permutation)
    permuted.push_back(strides[static_cast<std::size_t>(axis)]);
  const Place from = builder.read(node.inputs[0]), to = builder.make(node.shape, {});
  builder.copy(strided(node.shape, permuted), from, description(node.shape, {}), to, "transpose");
  builder.define(value, to, {});
}

void put_slice(Builder& builder, Value value) {
  const Node& node = builder.graph[value];
  const Shape& whole = builder.graph.shape(node.inputs[0]);
  const auto& a = node.as<graph::SliceAttributes>();
  const Layout layout = builder.layout(node.inputs[0]);
  if (is_channel_part(node.shape, whole, a, layout)) {
    const Layout own = kindred_layout(node.shape, whole, layout);
    if (is_channels_last(whole, layout) && !builder.outlives_its_section(value)) {
      auto [part, row] = builder.read_rows(node.inputs[0]);
      part.offset += a.begin[1];
      return builder.define_part(value, part, row);
    }
    const Place from = builder.read(node.inputs[0], layout), to = builder.make(node.shape, own);
    const ChannelRuns runs(node.shape, whole, a.begin[1], layout);
    builder.loop(
        [=](const Memory& memory) {
          kernels::copy_runs(memory.at(from) + runs.begin, runs.step, memory.at(to), runs.run, runs.run, runs.count);
        },
        {from, to}, "slice of channels");
    return builder.define(value, to, own);
  }
  const auto [strides, offset] = part_strides(whole, a);
  Place from = builder.read(node.inputs[0]);
  const Place to = builder.make(node.shape, {});
  from.offset += offset;
  copy_part(builder, node.shape, {from, strides}, {to, graph::strides_of(node.shape)}, "slice");
  builder.define(value, to, {});
}

void put_embed(Builder& builder, Value value) {
  const Node& node = builder.graph[value];
  const auto& a = node.as<graph::EmbedAttributes>();
  const Shape& part_shape = builder.graph.shape(node.inputs[0]);
  const Layout part_is = builder.layout(node.inputs[0]);
  const Layout layout = kindred_layout(node.shape, part_shape, part_is);
  const auto fill = [&](Place to, Layout in) {
    const std::int64_t count = Extents(node.shape, in).elements();
    builder.loop(
        [=, with = static_cast<float>(a.fill)](const Memory& memory) { kernels::fill(memory.at(to), with, count); },
        {to}, "fill");
  };
  if (is_channel_part(part_shape, node.shape, a, layout)) {
    const Place to = builder.make(node.shape, layout);
    fill(to, layout);
    put_channels(builder, node.inputs[0], node.shape, a.begin[1], layout, to, "embed of channels");
    return builder.define(value, to, layout);
  }
  const auto [strides, offset] = part_strides(node.shape, a);
  const Place from = builder.read(node.inputs[0]);
  Place to = builder.make(node.shape, {});
  fill(to, {});
  Place inside = to;
  inside.offset += offset;
  copy_part(builder, part_shape, {from, graph::strides_of(part_shape)}, {inside, strides}, "embed");
  builder.define(value, to, {});
}

namespace {

/// Along the channels, parts stay in the layout that most of their channels have, where it is one of whole blocks.
bool put_concat_of_channels(Builder& builder, Value value) {
  const Node& node = builder.graph[value];
  if (node.as<graph::ConcatAttributes>().axis != 1 || node.shape.size() < 3) return false;
  Value largest = node.inputs[0];
  bool any_last = false, whole_blocks = true;
  for (const Value input : node.inputs) {
    const std::int64_t channels = builder.graph.shape(input)[1];
    if (builder.is_constant(input) || channels == 1) return false;
    if (channels > builder.graph.shape(largest)[1]) largest = input;
    any_last = any_last || is_channels_last(builder.graph.shape(input), builder.layout(input));
  }
  // The largest part stays as it is, where the others fit in.
  Layout layout = builder.layout(largest);
  bool last = is_channels_last(builder.graph.shape(largest), layout);
  for (const Value input : node.inputs)
    whole_blocks = whole_blocks && builder.graph.shape(input)[1] % layout.block == 0;
  if (!last && !whole_blocks) {
    if (!any_last) return false;
    last = true;
  }
  if (last) layout = {node.shape[1]};
  const Place to = builder.make(node.shape, layout);
  std::int64_t first = 0;
  for (const Value input : node.inputs) {
    put_channels(builder, input, node.shape, first, layout, to, "concat");
    first += builder.graph.shape(input)[1];
  }
  builder.define(value, to, layout);
  return true;
}

}  // namespace

void put_concat(Builder& builder, Value value) {
  const Node& node = builder.graph[value];
  const auto axis = static_cast<std::size_t>(node.as<graph::ConcatAttributes>().axis);
  if (put_concat_of_channels(builder, value)) return;
  const Layout layout;
  const Place to = builder.make(node.shape, layout);
  const Extents all(node.shape, layout);
  std::int64_t outer = 1, begin = 0;
  for (std::size_t d = 0; d < axis; ++d) outer *= node.shape[d];
  const std::int64_t step = all.elements() / outer;
  for (const Value input : node.inputs) {
    const Place from = builder.read(input, layout);
    const std::int64_t run = Extents(builder.graph.shape(input), layout).elements() / outer;
    builder.loop(
        [=](const Memory& memory) {
          kernels::copy_runs(memory.at(from), run, memory.at(to) + begin, step, run, outer);
        },
        {from, to}, "concat");
    begin += run;
  }
  builder.define(value, to, layout);
}

void put_expand(Builder& builder, Value value) {
  const Node& node = builder.graph[value];
  const Shape& x = builder.graph.shape(node.inputs[0]);
  bool fills_area = x.size() == node.shape.size() && x.size() >= 3 && x[0] == node.shape[0] && x[1] == node.shape[1];
  for (std::size_t d = 2; fills_area && d < x.size(); ++d) fills_area = x[d] == 1;
  if (fills_area) {
    const Layout layout{Builder::preferred_block(node.shape)};
    const Place from = builder.read(node.inputs[0], layout), to = builder.make(node.shape, layout);
    builder.loop([=, extents = Extents(node.shape, layout)](
                     const Memory& memory) { kernels::fill_area(memory.at(from), memory.at(to), extents); },
                 {from, to}, "fill_area");
    return builder.define(value, to, layout);
  }
  const Integers steps = graph::broadcast_steps(x, node.shape);
  const Place from = builder.read(node.inputs[0]), to = builder.make(node.shape, {});
  builder.loop(
      [=, shape = node.shape](const Memory& memory) { kernels::gather(memory.at(from), steps, memory.at(to), shape); },
      {from, to}, "expand");
  builder.define(value, to, {});
}

void put_reduce_sum(Builder& builder, Value value) {
  const Node& node = builder.graph[value];
  const Shape& x = builder.graph.shape(node.inputs[0]);
  if (is_spatial(x, node.as<graph::AxesAttributes>().axes)) {
    const Layout layout = builder.layout(node.inputs[0]);
    const Place from = builder.read(node.inputs[0], layout), to = builder.make(node.shape, layout);
    builder.loop([=, extents = Extents(x, layout)](
                     const Memory& memory) { kernels::sum_area(memory.at(from), memory.at(to), extents); },
                 {from, to}, "sum_area");
    return builder.define(value, to, layout);
  }
  if (const Layout layout = builder.layout(node.inputs[0]);
      is_over_channels(x, node.as<graph::AxesAttributes>().axes, layout)) {
    const Place from = builder.read(node.inputs[0], layout), to = builder.make(node.shape, {});
    builder.loop([=, extents = Extents(x, layout)](
                     const Memory& memory) { kernels::sum_channels(memory.at(from), memory.at(to), extents); },
                 {from, to}, "sum_channels");
    return builder.define(value, to, {});
  }
  const Integers steps = graph::broadcast_steps(node.shape, x);  // a sum's place is where it would be broadcast from
  const Place from = builder.read(node.inputs[0]), to = builder.make(node.shape, {});
  builder.loop([=, results = graph::element_count(node.shape)](
                   const Memory& memory) { kernels::reduce_sum(memory.at(from), x, steps, memory.at(to), results); },
               {from, to}, "reduce_sum");
  builder.define(value, to, {});
}

void put_principal_eigenvector(Builder& builder, Value value) {
  const Node& node = builder.graph[value];
  const Place matrices = builder.read(node.inputs[0]), like = builder.read(node.inputs[1]),
              to = builder.make(node.shape, {});
  builder.loop(
      [=, count = node.shape[0], size = node.shape[1]](const Memory& memory) {
        kernels::principal_eigenvector(memory.at(matrices), memory.at(like), memory.at(to), count, size);
      },
      {matrices, like, to}, "principal_eigenvector");
  builder.define(value, to, {});
}

namespace {

void put_any_softmax(Builder& builder, Value value, bool logarithm) {
  const Node& node = builder.graph[value];
  const Integers& axes = node.as<graph::AxesAttributes>().axes;
  if (axes.size() != 1) throw CannotPlan("a softmax along several axes");
  const auto axis = static_cast<std::size_t>(axes[0]);
  std::int64_t outer = 1, inner = 1;
  for (std::size_t d = 0; d < node.shape.size(); ++d) (d < axis ? outer : inner) *= d == axis ? 1 : node.shape[d];
  const Place from = builder.read(node.inputs[0]), to = builder.make(node.shape, {});
  builder.loop(
      [=, size = node.shape[axis]](const Memory& memory) {
        kernels::softmax(memory.at(from), memory.at(to), outer, size, inner, logarithm);
      },
      {from, to}, "softmax");
  builder.define(value, to, {});
}

/// How many elements are normalised together.
std::int64_t normalised_size(const Node& node) {
  const Integers& axes = node.as<graph::AxesAttributes>().axes;
  std::int64_t size = 1;
  for (std::size_t i = 0; i < axes.size(); ++i) {
    const std::size_t axis = node.shape.size() - axes.size() + i;
    if (axes[i] != static_cast<std::int64_t>(axis)) throw CannotPlan("a normalisation along other than the last axes");
    size *= node.shape[axis];
  }
  return size;
}

}  // namespace

void put_softmax(Builder& builder, Value value) { put_any_softmax(builder, value, false); }
void put_log_softmax(Builder& builder, Value value) { put_any_softmax(builder, value, true); }

void put_normalize(Builder& builder, Value value) {
  const Node& node = builder.graph[value];
  const std::int64_t size = normalised_size(node), rows = graph::element_count(node.shape) / size;
  const Place x = builder.read(node.inputs[0]), to = builder.make(node.shape, {});
  builder.loop([=, epsilon = node.as<graph::NormalizeAttributes>().epsilon](
                   const Memory& memory) { kernels::normalize(memory.at(x), memory.at(to), rows, size, epsilon); },
               {x, to}, "normalize");
  builder.define(value, to, {});
}

void put_normalize_gradient(Builder& builder, Value value) {
  const Node& node = builder.graph[value];
  const std::int64_t size = normalised_size(node), rows = graph::element_count(node.shape) / size;
  const Place gradient = builder.read(node.inputs[0]), x = builder.read(node.inputs[1]),
              to = builder.make(node.shape, {});
  builder.loop(
      [=, epsilon = node.as<graph::NormalizeAttributes>().epsilon](const Memory& memory) {
        kernels::normalize_gradient(memory.at(gradient), memory.at(x), memory.at(to), rows, size, epsilon);
      },
      {gradient, x, to}, "normalize_gradient");
  builder.define(value, to, {});
}

}  // namespace whycam::onednn
