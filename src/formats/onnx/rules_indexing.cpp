// What takes elements from known places, or puts some there.
#include <numeric>

#include "formats/onnx/rules.h"
#include "graph/operators.h"

namespace whycam::onnx {
namespace {

using graph::Integers;
using graph::Operator;
using graph::Shape;
using graph::Value;

Array known_places(const Call& call) {
  auto places = call.known(1, std::int64_t{1} << 20);
  if (!places) call.refuse("places that depend on the inputs");
  return *std::move(places);
}

void gather(Call& call) {
  const std::size_t axis = axis_of(call.integer("axis", 0), call.dimensions());
  const Array places = known_places(call);
  Shape shape = call.shape();
  Integers chosen = places.to_integers();
  for (std::int64_t& place : chosen) {
    if (place < 0) place += shape[axis];
    if (place < 0 || place >= shape[axis])
      call.refuse("the place " + std::to_string(place) + " of an extent of " + std::to_string(shape[axis]));
  }
  if (chosen.empty()) call.refuse("no places");
  const Value taken = take(call.graph, call.value(), axis, chosen);
  shape.erase(shape.begin() + static_cast<std::ptrdiff_t>(axis));
  shape.insert(shape.begin() + static_cast<std::ptrdiff_t>(axis), places.shape.begin(), places.shape.end());
  call.give(call.graph.reshape(taken, shape));
}

/// The rows that tuples of so many indices name.
Integers named_rows(const Call& call, std::int64_t& tuple) {
  const Array indices = known_places(call);
  const Integers rows = rows_named(indices, call.shape());
  tuple = indices.shape.back();
  return rows;
}

/// A tensor as rows: what its first axes count, and all that is behind them.
Shape as_rows(const Shape& shape, std::int64_t first_axes) {
  std::int64_t count = 1;
  for (std::int64_t d = 0; d < first_axes; ++d) count *= shape[static_cast<std::size_t>(d)];
  return {count, graph::element_count(shape) / count};
}

void gather_nd(Call& call) {
  if (call.integer("batch_dims", 0) != 0) call.refuse("indices for each example");
  std::int64_t tuple = 0;
  const Integers rows = named_rows(call, tuple);
  if (rows.empty()) call.refuse("no places");
  graph::Graph& g = call.graph;
  const Shape from = call.shape();
  Shape to = call.shape(1);
  to.pop_back();
  to.insert(to.end(), from.begin() + tuple, from.end());
  call.give(g.reshape(take(g, g.reshape(call.value(), as_rows(from, tuple)), 0, rows), to));
}

/// Rows of one tensor at known places of another: both are laid end to end, and the rows of the result are taken from
/// them. Of several for one place the last stays.
void scatter_nd(Call& call) {
  if (call.text("reduction", "none") != "none") call.refuse("the reduction " + call.text("reduction", "none"));
  std::int64_t tuple = 0;
  const Integers rows = named_rows(call, tuple);
  graph::Graph& g = call.graph;
  if (rows.empty()) return call.give(call.value());
  const Shape shape = call.shape(), table = as_rows(shape, tuple);
  if (table[0] > 1 << 22) call.refuse("more than 2^22 places");
  if (graph::element_count(call.shape(2)) != static_cast<std::int64_t>(rows.size()) * table[1])
    call.refuse("updates for another number of places");
  Integers sources(static_cast<std::size_t>(table[0]));
  std::iota(sources.begin(), sources.end(), std::int64_t{0});
  for (std::size_t i = 0; i < rows.size(); ++i)
    sources[static_cast<std::size_t>(rows[i])] = table[0] + static_cast<std::int64_t>(i);
  const Value updates = g.reshape(call.value(2), {static_cast<std::int64_t>(rows.size()), table[1]});
  const Value both = g.add(Operator::concat, {g.reshape(call.value(), table), updates}, graph::ConcatAttributes{0});
  call.give(g.reshape(take(g, both, 0, sources), shape));
}

}  // namespace

Value take(graph::Graph& graph, Value x, std::size_t axis, const Integers& places) {
  std::vector<Value> parts;
  for (std::size_t i = 0; i < places.size();) {
    std::size_t end = i + 1;
    while (end < places.size() && places[end] == places[end - 1] + 1) ++end;
    const auto size = static_cast<std::int64_t>(end - i);
    parts.push_back(size == graph.shape(x)[axis] ? x : graph.slice(x, axis, places[i], size));
    i = end;
  }
  if (parts.size() == 1) return parts[0];
  return graph.add(Operator::concat, parts, graph::ConcatAttributes{static_cast<std::int64_t>(axis)});
}

void add_indexing_rules(Rules& rules) {
  rules["Gather"] = gather;
  rules["GatherND"] = gather_nd;
  rules["ScatterND"] = scatter_nd;
}

}  // namespace whycam::onnx
