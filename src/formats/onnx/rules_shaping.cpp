// What changes shapes.
#include <algorithm>
#include <numeric>

#include "formats/onnx/rules.h"
#include "graph/operators.h"

namespace whycam::onnx {
namespace {

using graph::Integers;
using graph::Operator;
using graph::Shape;
using graph::Value;

/// Whether a call is about known integers, which have shapes but are no values of the graph.
bool is_array(const Call& call) { return std::holds_alternative<Array>(call.item(0)); }

void give_shaped(Call& call, const Shape& shape) {
  if (graph::element_count(shape) != graph::element_count(call.shape()))
    call.refuse("the shape " + graph::to_string(call.shape()) + " does not become " + graph::to_string(shape));
  if (!is_array(call)) return call.give(call.graph.reshape(call.value(), shape));
  Array array = std::get<Array>(call.item(0));
  array.shape = shape;
  call.give(std::move(array));
}

/// 0 keeps an extent, -1 is what is left.
void reshape(Call& call) {
  const auto given = call.integers("shape", 1);
  if (!given) call.refuse("no shape");
  Shape shape = *given;
  const Shape from = call.shape();
  for (std::size_t i = 0; i < shape.size(); ++i) {
    if (shape[i] == 0 && call.integer("allowzero", 0) == 0) {
      if (i >= from.size()) call.refuse("an extent that the input does not have");
      shape[i] = from[i];
    }
    if (shape[i] < -1) call.refuse("an extent of " + std::to_string(shape[i]));
  }
  if (std::count(shape.begin(), shape.end(), -1) > 1) call.refuse("more than one open extent");
  give_shaped(call, graph::completed(shape, graph::element_count(from)));
}

void flatten(Call& call) {
  const Shape from = call.shape();
  const std::int64_t given = call.integer("axis", 1);
  const std::size_t axis = given == static_cast<std::int64_t>(from.size()) ? from.size() : axis_of(given, from.size());
  std::int64_t rows = 1;
  for (std::size_t d = 0; d < axis; ++d) rows *= from[d];
  give_shaped(call, {rows, rows == 0 ? 0 : graph::element_count(from) / rows});
}

void squeeze(Call& call) {
  const Shape from = call.shape();
  std::vector<bool> goes(from.size(), false);
  if (const auto axes = call.integers("axes", 1)) {
    for (const std::int64_t axis : *axes) {
      const std::size_t d = axis_of(axis, from.size());
      if (from[d] != 1) call.refuse("the extent " + std::to_string(from[d]) + " is to go");
      goes[d] = true;
    }
  } else {
    for (std::size_t d = 0; d < from.size(); ++d) goes[d] = from[d] == 1;
  }
  Shape to;
  for (std::size_t d = 0; d < from.size(); ++d)
    if (!goes[d]) to.push_back(from[d]);
  give_shaped(call, to);
}

void unsqueeze(Call& call) {
  const Shape from = call.shape();
  const auto axes = call.integers("axes", 1);
  if (!axes) call.refuse("no axes");
  const std::size_t dimensions = from.size() + axes->size();
  Shape to(dimensions, 0);
  for (const std::int64_t axis : *axes) to[axis_of(axis, dimensions)] = 1;
  std::size_t next = 0;
  for (std::int64_t& extent : to)
    if (extent == 0) {
      if (next == from.size()) call.refuse("an axis that is named twice");
      extent = from[next++];
    }
  give_shaped(call, to);
}

void transpose(Call& call) {
  const std::size_t dimensions = call.dimensions();
  Integers permutation;
  for (const std::int64_t axis : call.integers("perm"))
    permutation.push_back(static_cast<std::int64_t>(axis_of(axis, dimensions)));
  if (!call.has("perm"))
    for (std::size_t d = dimensions; d-- > 0;) permutation.push_back(static_cast<std::int64_t>(d));
  call.give(call.graph.transpose(call.value(), permutation));
}

/// Empty parts vanish.
void concatenate(Call& call) {
  std::vector<Value> parts;
  for (std::size_t i = 0; i < call.count(); ++i)
    if (graph::element_count(call.shape(i)) > 0) parts.push_back(call.value(i));
  if (parts.empty()) call.refuse("nothing to concatenate");
  const auto axis = static_cast<std::int64_t>(axis_of(call.integer("axis", 1), call.graph.shape(parts[0]).size()));
  call.give(call.graph.add(Operator::concat, parts, graph::ConcatAttributes{axis}, call.name));
}

void split(Call& call) {
  const std::size_t axis = axis_of(call.integer("axis", 0), call.dimensions());
  const std::int64_t size = call.shape()[axis];
  const auto parts = static_cast<std::int64_t>(call.output_count());
  const auto given = call.integers("split", 1);
  Integers sizes;
  if (given) sizes = *given;
  for (std::int64_t i = 0, each = (size + parts - 1) / parts; !given && i < parts; ++i)
    sizes.push_back(std::min(each, size - i * each));
  if (static_cast<std::int64_t>(sizes.size()) != parts ||
      std::accumulate(sizes.begin(), sizes.end(), std::int64_t{0}) != size)
    call.refuse("parts of " + graph::to_string(sizes) + " of an extent of " + std::to_string(size));
  std::int64_t begin = 0;
  for (std::size_t i = 0; i < sizes.size(); ++i) {
    if (sizes[i] > 0) call.give(call.graph.slice(call.value(), axis, begin, sizes[i]), i);
    begin += sizes[i];
  }
}

void slice(Call& call) {
  Integers begins, ends, axes, steps;
  if (call.operator_set < 10) {
    begins = integer_array(call.raw_integers("starts")).to_bounds();
    ends = integer_array(call.raw_integers("ends")).to_bounds();
    axes = call.integers("axes");
  } else {
    begins = call.array(1).to_bounds();
    ends = call.array(2).to_bounds();
    if (call.given(3)) axes = call.array(3).to_integers();
    if (call.given(4)) steps = call.array(4).to_bounds();
  }
  const std::size_t count = begins.size();
  for (std::size_t i = axes.size(); i < count && axes.size() < count; ++i) axes.push_back(static_cast<std::int64_t>(i));
  steps.resize(count, 1);
  if (ends.size() != count || axes.size() != count) call.refuse("bounds of different numbers");
  Value x = call.value();
  for (std::size_t i = 0; i < count; ++i) {
    const std::size_t axis = axis_of(axes[i], call.graph.shape(x).size());
    const std::int64_t size = call.graph.shape(x)[axis];
    const Integers places = slice_places(size, begins[i], ends[i], steps[i]);
    if (places.empty()) call.refuse("an empty slice of axis " + std::to_string(axis));
    if (static_cast<std::int64_t>(places.size()) == size && places[0] == 0) continue;
    const auto number = static_cast<std::int64_t>(places.size());
    x = steps[i] > 0 ? call.graph.slice(x, axis, places[0], number, number > 1 ? places[1] - places[0] : 1)
                     : take(call.graph, x, axis, places);
  }
  call.give(x);
}

void expand(Call& call) {
  const Shape shape = graph::broadcast(call.shape(), call.array(1).to_integers());
  call.give(shape == call.shape() ? call.value() : call.graph.expand(call.value(), shape));
}

void tile(Call& call) {
  const Integers repeats = call.array(1).to_integers();
  const Shape from = call.shape();
  if (repeats.size() != from.size()) call.refuse("repeats for " + std::to_string(repeats.size()) + " dimensions");
  Shape apart, wide, to;
  for (std::size_t d = 0; d < from.size(); ++d) {
    apart.insert(apart.end(), {1, from[d]});
    wide.insert(wide.end(), {repeats[d], from[d]});
    to.push_back(repeats[d] * from[d]);
  }
  call.give(call.graph.reshape(call.graph.expand(call.graph.reshape(call.value(), apart), wide), to));
}

void shuffle(Call& call, bool to_space) {
  const Shape s = call.shape();
  const std::int64_t r = call.integer("blocksize", 0);
  if (s.size() != 4 || r < 1 || r > 1 << 15)
    call.refuse("blocks of " + std::to_string(r) + " of a tensor of " + std::to_string(s.size()) + " dimensions");
  graph::Graph& g = call.graph;
  const bool columns_first = call.text("mode", "DCR") == "CRD";
  if (!to_space) {
    const Value apart = g.reshape(call.value(), {s[0], s[1], s[2] / r, r, s[3] / r, r});
    const Value moved = g.transpose(apart, columns_first ? Integers{0, 1, 3, 5, 2, 4} : Integers{0, 3, 5, 1, 2, 4});
    return call.give(g.reshape(moved, {s[0], s[1] * r * r, s[2] / r, s[3] / r}));
  }
  const std::int64_t channels = s[1] / (r * r);
  const Value apart = g.reshape(
      call.value(), columns_first ? Shape{s[0], channels, r, r, s[2], s[3]} : Shape{s[0], r, r, channels, s[2], s[3]});
  const Value moved = g.transpose(apart, columns_first ? Integers{0, 1, 4, 2, 5, 3} : Integers{0, 3, 4, 1, 5, 2});
  call.give(g.reshape(moved, {s[0], channels, s[2] * r, s[3] * r}));
}

/// The places that padding reads; -1 where it is a constant.
Integers padded_places(const Call& call, const std::string& mode, std::int64_t size, std::int64_t before,
                       std::int64_t behind) {
  Integers places;
  for (std::int64_t i = -before; i < size + behind; ++i) {
    std::int64_t place = i;
    if (mode == "edge") place = std::clamp<std::int64_t>(i, 0, size - 1);
    if (mode == "reflect" && i < 0) place = -i;
    if (mode == "reflect" && i >= size) place = 2 * (size - 1) - i;
    if (mode == "wrap") place = ((i % size) + size) % size;
    if (place < 0 || place >= size) call.refuse("padding by more than there is to reflect");
    places.push_back(place);
  }
  return places;
}

void pad(Call& call) {
  const std::size_t dimensions = call.dimensions();
  const auto given = call.has("paddings") ? std::optional(call.integers("paddings")) : call.integers("pads", 1);
  if (!given) call.refuse("no pads");
  Integers axes;
  if (call.given(3))
    axes = call.array(3).to_integers();
  else
    for (std::size_t d = 0; d < dimensions; ++d) axes.push_back(static_cast<std::int64_t>(d));
  if (given->size() != 2 * axes.size()) call.refuse("pads of " + std::to_string(given->size()) + " numbers");
  Integers before(dimensions, 0), behind(dimensions, 0);
  for (std::size_t i = 0; i < axes.size(); ++i) {
    before[axis_of(axes[i], dimensions)] = (*given)[i];
    behind[axis_of(axes[i], dimensions)] = (*given)[axes.size() + i];
  }
  constexpr std::int64_t most = 1 << 20;
  for (std::size_t d = 0; d < dimensions; ++d)
    if (std::abs(before[d]) > most || std::abs(behind[d]) > most) call.refuse("pads of more than 2^20");
  const std::string mode = call.text("mode", "constant");
  if (mode == "constant") {
    const double fill = call.given(2) ? call.array(2).numbers.at(0) : call.number("value", 0);
    return call.give(call.graph.pad(call.value(), before, behind, fill));
  }
  if (mode != "edge" && mode != "reflect" && mode != "wrap") call.refuse("padding by " + mode);
  Value x = call.value();
  for (std::size_t d = 0; d < dimensions; ++d)
    if (before[d] != 0 || behind[d] != 0)
      x = take(call.graph, x, d, padded_places(call, mode, call.shape()[d], before[d], behind[d]));
  call.give(x);
}

}  // namespace

void add_shaping_rules(Rules& rules) {
  rules["Reshape"] = reshape;
  rules["Flatten"] = flatten;
  rules["Squeeze"] = squeeze;
  rules["Unsqueeze"] = unsqueeze;
  rules["Transpose"] = transpose;
  rules["Concat"] = concatenate;
  rules["Split"] = split;
  rules["Slice"] = slice;
  rules["Expand"] = expand;
  rules["Tile"] = tile;
  rules["DepthToSpace"] = [](Call& call) { shuffle(call, true); };
  rules["SpaceToDepth"] = [](Call& call) { shuffle(call, false); };
  rules["Pad"] = pad;
}

}  // namespace whycam::onnx
