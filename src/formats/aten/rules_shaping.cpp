// What changes shapes, and what does nothing.
#include <algorithm>
#include <optional>

#include "formats/aten/rules.h"
#include "graph/conditions.h"

namespace whycam::aten {
namespace {

using graph::Integers;
using graph::Operator;
using graph::Shape;
using graph::Value;

/// Not Graph::reshape, which leaves out what changes nothing: to autograd even that is a tensor of its own.
Value viewed(Call& call, const Shape& shape) {
  return call.graph.add(Operator::reshape, {call.tensor()}, graph::ShapeAttributes{shape});
}

Shape completed(Call& call, const Integers& sizes) {
  return graph::completed(sizes, graph::element_count(call.shape()));
}

void flatten(Call& call) {
  const Shape shape = call.shape();
  if (shape.empty()) return call.give_view(viewed(call, {1}));
  const auto from = static_cast<std::size_t>(call.axis(call.integer(1, 0), call.dimensions()));
  const auto to = static_cast<std::size_t>(call.axis(call.integer(2, -1), call.dimensions()));
  if (from > to) call.refuse("axes in the wrong order");
  if (from == to) return call.give_unchanged();
  Shape result(shape.begin(), shape.begin() + static_cast<std::ptrdiff_t>(from));
  result.push_back(1);
  for (std::size_t i = from; i <= to; ++i) result.back() *= shape[i];
  result.insert(result.end(), shape.begin() + static_cast<std::ptrdiff_t>(to) + 1, shape.end());
  call.give_view(viewed(call, result));
}

void squeeze(Call& call) {
  Integers dropped;
  if (call.given(1) && call.dimensions() > 0)
    for (const std::int64_t axis : call.integers(1)) dropped.push_back(call.axis(axis, call.dimensions()));
  Shape result;
  for (std::int64_t d = 0; d < call.dimensions(); ++d) {
    const bool may_go = !call.given(1) || std::find(dropped.begin(), dropped.end(), d) != dropped.end();
    if (!may_go || call.shape()[static_cast<std::size_t>(d)] != 1)
      result.push_back(call.shape()[static_cast<std::size_t>(d)]);
  }
  call.give_view(viewed(call, result));
}

void unsqueeze(Call& call) {
  Shape result = call.shape();
  result.insert(result.begin() + call.axis(call.integer(1), call.dimensions() + 1), 1);
  call.give_view(viewed(call, result));
}

/// Whether dimensions of more than one element change places.
bool moves(const Shape& shape, const Integers& permutation) {
  std::int64_t last = -1;
  for (const std::int64_t axis : permutation) {
    if (shape[static_cast<std::size_t>(axis)] == 1) continue;
    if (axis < last) return true;
    last = axis;
  }
  return false;
}

void permute(Call& call, const Integers& permutation) {
  if (moves(call.shape(), permutation)) call.reorders(Order::other);
  call.give_view(call.graph.transpose(call.tensor(), permutation));
}

void permute_dimensions(Call& call) {
  Integers permutation;
  for (const std::int64_t axis : call.integers(1)) permutation.push_back(call.axis(axis, call.dimensions()));
  permute(call, permutation);
}

void swap_dimensions(Call& call, std::int64_t a, std::int64_t b) {
  Integers permutation;
  for (std::int64_t d = 0; d < call.dimensions(); ++d) permutation.push_back(d);
  std::swap(permutation[static_cast<std::size_t>(call.axis(a, call.dimensions()))],
            permutation[static_cast<std::size_t>(call.axis(b, call.dimensions()))]);
  permute(call, permutation);
}

/// The part of one axis that begins at `begin` and has `size` elements, `step` apart.
Value part(Call& call, std::int64_t axis, std::int64_t begin, std::int64_t size, std::int64_t step) {
  if (size != call.shape()[static_cast<std::size_t>(axis)]) call.reorders(Order::gaps);
  return call.graph.slice(call.tensor(), static_cast<std::size_t>(axis), begin, size, step);
}

std::int64_t size_along(const Call& call, std::int64_t axis) { return call.shape()[static_cast<std::size_t>(axis)]; }

/// A place counted from the end where it is negative; what lies outside is cut off.
std::int64_t place_within(std::int64_t place, std::int64_t size) {
  return std::clamp<std::int64_t>(place < 0 ? place + size : place, 0, size);
}

void slice(Call& call) {
  const std::int64_t axis = call.axis(call.integer(1, 0), call.dimensions()), size = size_along(call, axis);
  const std::int64_t begin = place_within(call.bound(2, 0), size);
  const std::int64_t end = std::max(begin, place_within(call.bound(3, size), size));
  const std::int64_t step = call.bound(4, 1);
  if (step < 1) call.refuse("a slice with a step of " + std::to_string(step));
  const Value value = part(call, axis, begin, (end - begin + step - 1) / step, step);
  call.give_view(value, step == 1 ? std::optional(Part{static_cast<std::size_t>(axis), begin}) : std::nullopt);
}

void narrow(Call& call) {
  const std::int64_t axis = call.axis(call.integer(1), call.dimensions());
  const std::int64_t begin = call.axis(call.integer(2), size_along(call, axis));
  call.give_view(part(call, axis, begin, call.integer(3), 1), Part{static_cast<std::size_t>(axis), begin});
}

void select(Call& call) {
  const std::int64_t axis = call.axis(call.integer(1), call.dimensions());
  Shape shape = call.shape();
  shape.erase(shape.begin() + axis);
  const std::int64_t place = call.axis(call.integer(2), size_along(call, axis));
  call.give_view(call.graph.reshape(part(call, axis, place, 1, 1), shape), Part{static_cast<std::size_t>(axis), place});
}

/// The tensor with other elements in a slice, or in one place along an axis.
void scatter(Call& call, bool slice) {
  const std::int64_t axis = call.axis(call.integer(2, 0), call.dimensions());
  if (slice && call.bound(5, 1) != 1) call.refuse("a part with a step of " + std::to_string(call.bound(5, 1)));
  Shape shape = call.shape();
  shape[static_cast<std::size_t>(axis)] = slice ? call.shape(1).at(static_cast<std::size_t>(axis)) : 1;
  call.give(call.graph.put(call.tensor(), static_cast<std::size_t>(axis),
                           place_within(call.bound(3, 0), size_along(call, axis)),
                           call.graph.reshape(call.tensor(1), shape)));
}

void split_into(Call& call, std::int64_t axis, const Integers& sizes) {
  std::vector<Value> parts;
  std::int64_t begin = 0;
  for (const std::int64_t size : sizes) {
    parts.push_back(part(call, axis, begin, size, 1));
    begin += size;
  }
  call.give_views(parts);
}

void split_by(Call& call, std::int64_t axis, std::int64_t size) {
  if (size < 1) call.refuse("parts of the size " + std::to_string(size));
  Integers sizes;
  for (std::int64_t left = size_along(call, axis); left > 0; left -= size) sizes.push_back(std::min(left, size));
  split_into(call, axis, sizes);
}

void split(Call& call) {
  const std::int64_t axis = call.axis(call.integer(2, 0), call.dimensions());
  if (call.is<std::int64_t>(1)) return split_by(call, axis, call.integer(1));
  split_into(call, axis, call.integers(1));
}

void chunk(Call& call) {
  const std::int64_t axis = call.axis(call.integer(2, 0), call.dimensions()), count = call.integer(1);
  if (count < 1) call.refuse("no parts");
  split_by(call, axis, (size_along(call, axis) + count - 1) / count);
}

void unbind(Call& call) {
  const std::int64_t axis = call.axis(call.integer(1, 0), call.dimensions());
  Shape shape = call.shape();
  shape.erase(shape.begin() + axis);
  std::vector<Value> parts;
  for (std::int64_t i = 0; i < size_along(call, axis); ++i)
    parts.push_back(call.graph.reshape(part(call, axis, i, 1, 1), shape));
  call.give_views(parts);
}

void concatenate(Call& call, bool stack) {
  std::vector<Value> values;
  for (Value value : call.tensors()) {
    if (call.graph.shape(value) == Shape{0}) continue;  // PyTorch lets these be
    values.push_back(value);
  }
  if (values.empty()) call.refuse("nothing to concatenate");
  const auto dimensions = static_cast<std::int64_t>(call.graph.shape(values[0]).size());
  const std::int64_t axis = call.axis(call.integer(1, 0), dimensions + stack);
  if (stack)
    for (Value& value : values) {
      Shape shape = call.graph.shape(value);
      shape.insert(shape.begin() + axis, 1);
      value = call.graph.reshape(value, shape);
    }
  call.give(call.graph.add(Operator::concat, values, graph::ConcatAttributes{axis}));
}

/// Sizes are given from the last dimension on, before and behind; negative ones cut off.
void pad_by(Call& call, double fill) {
  const Integers sizes = call.integers(1);
  const std::size_t dimensions = call.shape().size();
  if (sizes.size() > 2 * dimensions) call.refuse("padding of more dimensions than there are");
  Integers before(dimensions, 0), behind(dimensions, 0);
  for (std::size_t i = 0; i + 1 < sizes.size(); i += 2) {
    before[dimensions - 1 - i / 2] = sizes[i];
    behind[dimensions - 1 - i / 2] = sizes[i + 1];
  }
  const Value x = call.tensor(), padded = call.graph.pad(x, before, behind, fill);
  call.give(padded == x ? viewed(call, call.shape()) : padded);
}

void pad(Call& call) {
  const std::string mode = call.text(2, "constant");
  if (mode != "constant") call.refuse("padding by " + mode);
  pad_by(call, call.number(3, 0));
}

void expand(Call& call, Shape shape) {
  if (shape.size() < call.shape().size()) call.refuse("fewer dimensions than there are");
  const std::size_t more = shape.size() - call.shape().size();
  for (std::size_t i = 0; i < shape.size(); ++i)
    if (shape[i] == -1) shape[i] = call.shape()[i - more];
  if (shape != call.shape()) call.reorders(Order::unknown);
  call.give_view(call.graph.expand(call.tensor(), shape));
}

/// N x C r r x H x W becomes N x C x H r x W r, or the other way round.
void shuffle_pixels(Call& call, bool up) {
  graph::Graph& g = call.graph;
  const Shape s = call.shape();
  const std::int64_t r = call.integer(1);
  if (r < 1 || r > 1 << 15) call.refuse("a factor of " + std::to_string(r));
  if (s.size() != 4) call.refuse("pixels of a tensor of " + std::to_string(s.size()) + " dimensions");
  const Shape apart = up ? Shape{s[0], s[1] / (r * r), r, r, s[2], s[3]} : Shape{s[0], s[1], s[2] / r, r, s[3] / r, r};
  const Value moved =
      g.transpose(g.reshape(call.tensor(), apart), up ? Integers{0, 1, 4, 2, 5, 3} : Integers{0, 1, 3, 5, 2, 4});
  call.give(g.reshape(
      moved, up ? Shape{s[0], s[1] / (r * r), s[2] * r, s[3] * r} : Shape{s[0], s[1] * r * r, s[2] / r, s[3] / r}));
}

void shuffle_channels(Call& call) {
  const Shape shape = call.shape();
  if (call.integer(1) < 1 || shape.size() < 2) call.refuse("no groups of channels");
  const std::int64_t groups = call.integer(1), area = graph::element_count(shape) / (shape[0] * shape[1]);
  graph::Graph& g = call.graph;
  const Value apart = g.reshape(call.tensor(), {shape[0], groups, shape[1] / groups, area});
  call.give(g.reshape(g.transpose(apart, {0, 2, 1, 3}), shape));
}

/// What another type makes of a tensor that depends on the inputs.
void give_in_type(Call& call, Type type) {
  if (type == Type::boolean && is_float(call.type())) {
    const Value zero = graph::equal(call.graph, call.tensor(), call.graph.scalar(0));
    return call.give_condition(graph::negation(call.graph, zero));
  }
  const bool from_condition = call.type() == Type::boolean && (call.floats_are_one_type() || type == Type::float32);
  if (!is_float(type) || !(from_condition || (is_float(call.type()) && call.floats_are_one_type())))
    call.refuse("a change of type");
  call.give(viewed(call, call.shape()));
}

/// To the same type: nothing.
void convert(Call& call) {
  std::optional<Type> other;
  for (std::size_t i = 1; i < call.count(); ++i) {
    const Type type = call.is<Type>(i)     ? std::get<Type>(call[i].value)
                      : call.is<Tensor>(i) ? call.type(i)
                                           : call.type();
    if (type != call.type()) other = type;
    if (call.is<Device>(i) && !std::get<Device>(call[i].value).is_cpu) call.refuse("a change of device");
    if ((call.is<bool>(i) && call.boolean(i)) || call.is<MemoryFormat>(i)) call.refuse("a copy");
  }
  if (other) return give_in_type(call, *other);
  call.give_unchanged();
}

/// A copy, of another type perhaps.
void copy_to(Call& call) {
  const Type type = call.is<Type>(1) ? std::get<Type>(call[1].value) : call.type();
  if (type != call.type()) return give_in_type(call, type);
  call.give(viewed(call, call.shape()));
}

/// A view by strides, where those are of another shape of the same elements.
void as_strided(Call& call) {
  const Integers sizes = call.integers(1), strides = call.integers(2);
  bool is_reshape = call.order() == Order::row_major && call.integer(3, 0) == 0 && sizes.size() == strides.size() &&
                    graph::element_count(sizes) == graph::element_count(call.shape());
  std::int64_t stride = 1;
  for (std::size_t d = sizes.size(); is_reshape && d-- > 0; stride *= sizes[d])
    is_reshape = sizes[d] == 1 || strides[d] == stride;
  if (!is_reshape) call.refuse("strides of its own");
  call.give_view(viewed(call, sizes));
}

void unflatten(Call& call) {
  const std::int64_t axis = call.axis(call.integer(1), call.dimensions());
  const Integers sizes = graph::completed(call.integers(2), size_along(call, axis));
  Shape shape = call.shape();
  shape.erase(shape.begin() + axis);
  shape.insert(shape.begin() + axis, sizes.begin(), sizes.end());
  call.give_view(viewed(call, shape));
}

void transpose_matrix(Call& call) {
  if (call.dimensions() == 2)
    swap_dimensions(call, 0, 1);
  else
    call.give_unchanged();
}

void make_contiguous(Call& call) {
  if (call.given(1) && std::get<MemoryFormat>(call[1].value) != MemoryFormat::contiguous)
    call.refuse("another memory format");
  call.give_contiguous();
}

}  // namespace

void add_shaping_rules(Rules& rules) {
  rules["reshape"] = rules["view"] =
      rules["_unsafe_view"] = [](Call& call) { call.give_view(viewed(call, completed(call, call.integers(1)))); };
  rules["reshape_as"] = rules["view_as"] = [](Call& call) { call.give_view(viewed(call, call.shape(1))); };
  rules["flatten"] = flatten;
  rules["squeeze"] = squeeze;
  rules["unsqueeze"] = unsqueeze;
  rules["permute"] = permute_dimensions;
  rules["transpose"] = rules["swapaxes"] =
      rules["swapdims"] = [](Call& call) { swap_dimensions(call, call.integer(1), call.integer(2)); };
  rules["t"] = transpose_matrix;
  rules["slice"] = slice;
  rules["narrow"] = narrow;
  rules["select"] = select;
  rules["slice_scatter"] = [](Call& call) { scatter(call, true); };
  rules["select_scatter"] = [](Call& call) { scatter(call, false); };
  rules["split"] = rules["split_with_sizes"] = split;
  rules["chunk"] = chunk;
  rules["unbind"] = unbind;
  rules["cat"] = rules["concat"] = [](Call& call) { concatenate(call, false); };
  rules["stack"] = [](Call& call) { concatenate(call, true); };
  rules["constant_pad_nd"] = [](Call& call) { pad_by(call, call.number(2, 0)); };
  rules["pad"] = pad;
  rules["expand"] = [](Call& call) { expand(call, call.integers(1)); };
  rules["expand_as"] = [](Call& call) { expand(call, call.shape(1)); };
  rules["pixel_shuffle"] = [](Call& call) { shuffle_pixels(call, true); };
  rules["pixel_unshuffle"] = [](Call& call) { shuffle_pixels(call, false); };
  rules["channel_shuffle"] = shuffle_channels;
  rules["clone"] = [](Call& call) { call.give(viewed(call, call.shape())); };
  rules["contiguous"] = make_contiguous;
  rules["to"] = rules["type_as"] = convert;
  rules["_to_copy"] = copy_to;
  rules["alias"] = [](Call& call) { call.give_view(viewed(call, call.shape())); };
  rules["lift_fresh_copy"] = rules["clone"];
  rules["fill"] = [](Call& call) { call.give(call.graph.expand(call.tensor(1), call.shape())); };
  rules["zero"] = [](Call& call) { call.give(call.graph.expand(call.graph.scalar(0), call.shape())); };
  rules["copy"] = [](Call& call) { call.give(call.graph.expand(call.tensor(1), call.shape())); };
  rules["unflatten"] = unflatten;
  rules["as_strided"] = as_strided;
}

}  // namespace whycam::aten
