// What takes elements from other places, or puts some there.
#include <algorithm>
#include <numeric>
#include <optional>

#include "formats/aten/rules.h"
#include "graph/operators.h"

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

constexpr std::int64_t most_places = std::int64_t{1} << 22;

/// The tensors of indices among x[...], and the axes that they index.
struct Indices {
  std::vector<std::size_t> axes;
  std::vector<std::vector<double>> numbers;  ///< one for each axis
  std::vector<Shape> shapes;

  void add(std::size_t axis, std::vector<double> of_axis, Shape shape) {
    axes.push_back(axis);
    numbers.push_back(std::move(of_axis));
    shapes.push_back(std::move(shape));
  }
  bool follow_one_another() const { return axes.back() - axes.front() + 1 == axes.size(); }
};

/// A known mask is the places where it is true, an index for each of its dimensions.
void add_mask(Call& call, const Call& mask, std::size_t first, Indices& indices) {
  const Shape& shape = mask.shape();
  for (std::size_t d = 0; d < shape.size(); ++d)
    if (first + d >= call.shape().size() || call.shape()[first + d] != shape[d]) call.refuse("a mask of another shape");
  std::vector<std::vector<double>> places(shape.size());
  const std::vector<double> truths = mask.numbers_of(0);
  std::size_t next = 0;
  graph::for_each_index(shape, [&](const Integers& at) {
    if (truths[next++] == 0) return;
    for (std::size_t d = 0; d < at.size(); ++d) places[d].push_back(static_cast<double>(at[d]));
  });
  for (std::size_t d = 0; d < shape.size(); ++d) {
    const Shape count{static_cast<std::int64_t>(places[d].size())};
    indices.add(first + d, std::move(places[d]), count);
  }
}

Indices indices_of(Call& call) {
  Indices indices;
  std::size_t axis = 0;
  for (std::size_t i = 0; i < call.list(1).size(); ++i) {
    if (!call.list(1)[i].given()) {
      ++axis;
      continue;
    }
    const Call one = call.element(1, i);
    if (one.type() == Type::boolean && one.dimensions() > 0) {
      add_mask(call, one, axis, indices);
      axis += one.shape().size();
    } else {
      indices.add(axis++, one.numbers_of(0), one.shape());
    }
  }
  if (indices.axes.empty() || axis > call.shape().size()) call.refuse("no indices, or more than dimensions");
  return indices;
}

/// What indexing takes from a tensor whose indexed axes follow one another and are one: elements along that axis.
struct Taken {
  Integers order;    ///< how the tensor is transposed first; empty where it stays
  Shape table;       ///< its shape with one axis for all that are indexed
  std::size_t axis;  ///< that one
  Integers places;   ///< along it
  Shape shape;       ///< of the result
};

Taken taken_by(Call& call, const Indices& indices) {
  Taken taken;
  Shape from = call.shape();
  taken.axis = indices.axes.front();
  if (!indices.follow_one_another()) {  // the indexed axes come first then
    taken.axis = 0;
    for (const std::size_t axis : indices.axes) taken.order.push_back(static_cast<std::int64_t>(axis));
    for (std::size_t d = 0; d < from.size(); ++d)
      if (std::find(indices.axes.begin(), indices.axes.end(), d) == indices.axes.end())
        taken.order.push_back(static_cast<std::int64_t>(d));
    Shape moved;
    for (const std::int64_t axis : taken.order) moved.push_back(from[static_cast<std::size_t>(axis)]);
    from = moved;
  }
  const auto first = from.begin() + static_cast<std::ptrdiff_t>(taken.axis),
             last = first + static_cast<std::ptrdiff_t>(indices.axes.size());
  Shape together;
  for (const Shape& shape : indices.shapes) together = graph::broadcast(together, shape);
  if (graph::element_count(together) > most_places) call.refuse("more than 2^22 places");
  taken.places.assign(static_cast<std::size_t>(graph::element_count(together)), 0);
  for (std::size_t i = 0; i < indices.axes.size(); ++i) {
    const std::int64_t extent = first[static_cast<std::ptrdiff_t>(i)];
    const Integers own = inside(call, indices.numbers[i], extent),
                   steps = graph::broadcast_steps(indices.shapes[i], together);
    std::size_t next = 0;
    graph::for_each_index(together, [&](const Integers& at) {
      std::int64_t place = 0;
      for (std::size_t d = 0; d < at.size(); ++d) place += at[d] * steps[d];
      std::int64_t& sum = taken.places[next++];
      sum = sum * extent + own[static_cast<std::size_t>(place)];
    });
  }
  taken.table.assign(from.begin(), first);
  taken.shape = taken.table;
  taken.table.push_back(graph::element_count({first, last}));
  taken.table.insert(taken.table.end(), last, from.end());
  taken.shape.insert(taken.shape.end(), together.begin(), together.end());
  taken.shape.insert(taken.shape.end(), last, from.end());
  return taken;
}

/// The tensor as the table that places are taken from.
Value table_of(Call& call, const Taken& taken) {
  const Value x = taken.order.empty() ? call.tensor() : call.graph.transpose(call.tensor(), taken.order);
  return call.graph.reshape(x, taken.table);
}

/// Whether each tensor of indices runs along a dimension of its own, as resizing takes its rows and columns.
bool are_rows_and_columns(const Indices& indices) {
  for (std::size_t i = 0; i < indices.axes.size(); ++i) {
    const auto runs = only_dimension(indices.shapes[i]);
    if (!runs || *runs != indices.axes.size() - 1 - i || indices.shapes[i].empty()) return false;
  }
  return indices.axes.size() > 1 && indices.follow_one_another();
}

/// x[..., i, ..., j] with known indices and masks.
void index(Call& call) {
  const Indices indices = indices_of(call);
  if (are_rows_and_columns(indices)) {
    Value x = call.tensor();
    for (std::size_t i = 0; i < indices.axes.size(); ++i)
      x = taken(call.graph, x, indices.axes[i], inside(call, indices.numbers[i], call.shape()[indices.axes[i]]));
    return call.give(x);
  }
  const Taken these = taken_by(call, indices);
  call.give(call.graph.reshape(taken(call.graph, table_of(call, these), these.axis, these.places), these.shape));
}

/// x with values at known places: both are laid end to end along the indexed axis, and what each place holds is taken
/// from them. Of several values for one place the last stays.
void index_put(Call& call) {
  if (call.boolean(3)) call.refuse("values that are added at their places");
  graph::Graph& g = call.graph;
  const Taken these = taken_by(call, indices_of(call));
  const std::int64_t all = these.table[these.axis];
  if (all > most_places) call.refuse("more than 2^22 places");
  Integers sources(static_cast<std::size_t>(all));
  std::iota(sources.begin(), sources.end(), std::int64_t{0});
  for (std::size_t i = 0; i < these.places.size(); ++i)
    sources[static_cast<std::size_t>(these.places[i])] = all + static_cast<std::int64_t>(i);
  Shape rows = these.table;
  rows[these.axis] = static_cast<std::int64_t>(these.places.size());
  Value values = call.tensor(2);
  if (g.shape(values) != these.shape) values = g.expand(values, these.shape);
  const Value both = g.add(Operator::concat, {table_of(call, these), g.reshape(values, rows)},
                           graph::ConcatAttributes{static_cast<std::int64_t>(these.axis)});
  Value result = taken(g, both, these.axis, sources);
  if (these.order.empty()) return call.give(g.reshape(result, call.shape()));
  Shape moved;
  for (const std::int64_t axis : these.order) moved.push_back(call.shape()[static_cast<std::size_t>(axis)]);
  call.give(g.transpose_back(g.reshape(result, moved), these.order));
}

}  // namespace

void add_indexing_rules(Rules& rules) {
  rules["roll"] = roll;
  rules["flip"] = flip;
  rules["repeat"] = repeat;
  rules["index_select"] = index_select;
  rules["index"] = rules["_unsafe_index"] = index;
  rules["index_put"] = index_put;
}

}  // namespace whycam::aten
