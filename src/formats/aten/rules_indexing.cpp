// What takes elements from other places.
#include <optional>

#include "formats/aten/rules.h"

namespace whycam::aten {
namespace {

using graph::Integers;
using graph::Operator;
using graph::Shape;
using graph::Value;

/// To autograd even what changes nothing is a tensor of its own.
Value copied(Call& call) {
  return call.graph.add(Operator::reshape, {call.tensor()}, graph::ShapeAttributes{call.shape()});
}

/// x at these places of an axis, as slices that are put together.
Value taken(graph::Graph& graph, Value x, std::size_t axis, const Integers& places) {
  std::vector<Value> parts;
  for (std::size_t from = 0; from < places.size();) {
    std::size_t to = from + 1;
    while (to < places.size() && places[to] == places[to - 1] + 1) ++to;
    parts.push_back(graph.slice(x, axis, places[from], static_cast<std::int64_t>(to - from)));
    from = to;
  }
  constexpr std::size_t most_parts = 1 << 16;
  if (parts.size() > most_parts) throw CannotCompile("more than 65536 parts of an axis");
  if (parts.empty()) throw CannotCompile("no places of an axis");
  return parts.size() == 1
             ? parts[0]
             : graph.add(Operator::concat, parts, graph::ConcatAttributes{static_cast<std::int64_t>(axis)});
}

/// Places counted from the end where they are negative.
Integers inside(Call& call, const std::vector<double>& places, std::int64_t size) {
  Integers result;
  for (double place : places) {
    if (place < 0) place += static_cast<double>(size);
    if (!(place >= 0 && place < static_cast<double>(size))) call.refuse("an index beyond the end");
    result.push_back(static_cast<std::int64_t>(place));
  }
  return result;
}

void roll(Call& call) {
  const Integers shifts = call.integers(1), axes = call.integers(2);
  if (shifts.size() != axes.size()) call.refuse("shifts of all elements together");
  Value x = call.tensor();
  for (std::size_t i = 0; i < axes.size(); ++i) {
    const std::int64_t axis = call.axis(axes[i], call.dimensions()),
                       size = call.shape()[static_cast<std::size_t>(axis)];
    const std::int64_t shift = (shifts[i] % size + size) % size;
    if (shift == 0) continue;
    const auto along = static_cast<std::size_t>(axis);
    x = call.graph.add(Operator::concat,
                       {call.graph.slice(x, along, size - shift, shift), call.graph.slice(x, along, 0, size - shift)},
                       graph::ConcatAttributes{axis});
  }
  call.give(x == call.tensor() ? copied(call) : x);
}

void flip(Call& call) {
  Value x = call.tensor();
  for (const std::int64_t one : call.integers(1)) {
    const std::int64_t axis = call.axis(one, call.dimensions());
    Integers places;
    for (std::int64_t i = call.shape()[static_cast<std::size_t>(axis)]; i-- > 0;) places.push_back(i);
    x = taken(call.graph, x, static_cast<std::size_t>(axis), places);
  }
  call.give(x);
}

void repeat(Call& call) {
  const Integers times = call.integers(1);
  Shape shape = call.shape();
  if (times.size() < shape.size()) call.refuse("fewer repetitions than dimensions");
  shape.insert(shape.begin(), times.size() - shape.size(), 1);
  Value x = call.graph.reshape(call.tensor(), shape);
  for (std::size_t d = 0; d < times.size(); ++d) {
    if (times[d] < 1 || times[d] > 1 << 12) call.refuse("a number of repetitions of " + std::to_string(times[d]));
    if (times[d] > 1)
      x = call.graph.add(Operator::concat, std::vector<Value>(static_cast<std::size_t>(times[d]), x),
                         graph::ConcatAttributes{static_cast<std::int64_t>(d)});
  }
  call.give(x == call.tensor() ? copied(call) : x);
}

void index_select(Call& call) {
  const std::int64_t axis = call.axis(call.integer(1), call.dimensions());
  call.give(taken(call.graph, call.tensor(), static_cast<std::size_t>(axis),
                  inside(call, call.numbers_of(2), call.shape()[static_cast<std::size_t>(axis)])));
}

/// Which dimension of a tensor of indices has more than one element, counted from the last; nothing where several have.
std::optional<std::size_t> only_dimension(const Shape& shape) {
  std::size_t found = 0, count = 0;
  for (std::size_t d = 0; d < shape.size(); ++d)
    if (shape[d] != 1) {
      found = shape.size() - 1 - d;
      ++count;
    }
  return count <= 1 ? std::optional<std::size_t>(found) : std::nullopt;
}

/// x[mask] with a known mask, whose dimensions become one.
void masked(Call& call, std::size_t first) {
  const Call mask = call.element(1, first);
  Shape shape = call.shape();
  const std::size_t count = mask.shape().size();
  if (count == 0 || first + count > shape.size()) call.refuse("a mask of another shape");
  for (std::size_t d = 0; d < count; ++d)
    if (shape[first + d] != mask.shape()[d]) call.refuse("a mask of another shape");
  const auto begin = shape.begin() + static_cast<std::ptrdiff_t>(first);
  *begin = graph::element_count(mask.shape());
  shape.erase(begin + 1, begin + static_cast<std::ptrdiff_t>(count));
  Integers places;
  const std::vector<double> truths = mask.numbers_of(0);
  for (std::size_t i = 0; i < truths.size(); ++i)
    if (truths[i] != 0) places.push_back(static_cast<std::int64_t>(i));
  call.give(taken(call.graph, call.graph.reshape(call.tensor(), shape), first, places));
}

/// x[..., i, j] with known indices of which each runs along a dimension of its own, as resizing takes its pixels.
void index(Call& call) {
  const Arguments& given = call.list(1);
  std::vector<std::size_t> axes;
  for (std::size_t d = 0; d < given.size(); ++d)
    if (given[d].given()) axes.push_back(d);
  if (axes.empty() || axes.back() >= call.shape().size()) call.refuse("no indices, or more than dimensions");
  if (axes.size() == 1 && call.element(1, axes[0]).type() == Type::boolean) return masked(call, axes[0]);
  Value x = call.tensor();
  for (std::size_t i = 0; i < axes.size(); ++i) {
    const Call indices = call.element(1, axes[i]);
    if (indices.type() == Type::boolean) call.refuse("a mask beside other indices");
    const auto runs = only_dimension(indices.shape());
    const bool own_dimension =
        axes[i] == axes[0] + i && runs &&
        (axes.size() == 1 ? indices.dimensions() == 1 : *runs == axes.size() - 1 - i && indices.dimensions() >= 1);
    if (!own_dimension) call.refuse("indices that are no rows and columns");
    x = taken(call.graph, x, axes[i], inside(call, indices.numbers_of(0), call.shape()[axes[i]]));
  }
  call.give(x);
}

}  // namespace

void add_indexing_rules(Rules& rules) {
  rules["roll"] = roll;
  rules["flip"] = flip;
  rules["repeat"] = repeat;
  rules["index_select"] = index_select;
  rules["index"] = rules["_unsafe_index"] = index;
}

}  // namespace whycam::aten
