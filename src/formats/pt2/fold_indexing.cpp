// Known numbers that are taken from known places, or put there.
#include "formats/pt2/folds.h"
#include "graph/operators.h"

namespace whycam::pt2 {
namespace {

using aten::Call;
using graph::Integers;
using graph::require;
using graph::Shape;
using known::Array;

/// places * extent + indices, broadcast
Array sum_of_products(const Array& places, std::int64_t extent, const Array& indices) {
  const Array times = known::integer_scalar(extent), product = known::fold("Mul", {&places, &times}, {});
  return known::fold("Add", {&product, &indices}, {});
}

/// x[indices]: with tensors of indices at axes that follow one another.
Array indexed(const Call& call) {
  Array x = array_of(call, 0);
  const aten::Arguments& given = call.list(1);
  std::size_t first = 0;
  while (first < given.size() && !given[first].given()) ++first;
  std::vector<Array> indices;
  std::size_t end = first;
  for (; end < given.size() && given[end].given(); ++end) {
    const Call one = call.element(1, end);
    require(one.type() != aten::Type::boolean, "indices that are true and false");
    indices.push_back(array_of(one, 0));
  }
  for (std::size_t i = end; i < given.size(); ++i) require(!given[i].given(), "indices with a gap between them");
  require(!indices.empty() && end <= x.shape.size(), "more indices than dimensions");
  // All indexed axes become one, and so do their indices.
  Array place{true, {}, {0}};
  std::int64_t size = 1;
  for (std::size_t i = 0; i < indices.size(); ++i) {
    const std::int64_t extent = x.shape[first + i];
    for (double& index : indices[i].numbers) {
      if (index < 0) index += static_cast<double>(extent);
      require(index >= 0 && index < static_cast<double>(extent), "an index beyond the end");
    }
    place = sum_of_products(place, extent, indices[i]);
    size *= extent;
  }
  Shape flat(x.shape.begin(), x.shape.begin() + static_cast<std::ptrdiff_t>(first));
  flat.push_back(size);
  flat.insert(flat.end(), x.shape.begin() + static_cast<std::ptrdiff_t>(end), x.shape.end());
  x.shape = flat;
  known::FoldAttributes attributes;
  attributes.axis = static_cast<std::int64_t>(first);
  return known::fold("Gather", {&x, &place}, attributes);
}

Array gathered(const Call& call, std::int64_t axis, std::size_t x_at, std::size_t index_at) {
  const Array x = array_of(call, x_at), index = array_of(call, index_at);
  known::FoldAttributes attributes;
  attributes.axis = axis;
  return known::fold("Gather", {&x, &index}, attributes);
}

/// x with `part` written at these places of an axis.
Array scattered(const Call& call, std::size_t axis, const Integers& places) {
  Array x = array_of(call, 0);
  const Array part = array_of(call, 1), at = known::integer_array(places);
  Array all{true, x.shape, {}};
  for (std::size_t i = 0; i < x.numbers.size(); ++i) all.numbers.push_back(static_cast<double>(i));
  known::FoldAttributes attributes;
  attributes.axis = static_cast<std::int64_t>(axis);
  const Array targets = known::fold("Gather", {&all, &at}, attributes);
  require(targets.numbers.size() == part.numbers.size(), "a part of another size than its place");
  for (std::size_t i = 0; i < part.numbers.size(); ++i)
    x.numbers[static_cast<std::size_t>(targets.numbers[i])] = part.numbers[i];
  return x;
}

Array slice_scattered(const Call& call) {
  const std::size_t axis = known::axis_of(call.integer(2, 0), call.shape().size());
  return scattered(call, axis,
                   known::slice_places(call.shape()[axis], call.bound(3, 0), call.bound(4, graph::largest_extent),
                                       call.bound(5, 1)));
}

Array select_scattered(const Call& call) {
  const std::size_t axis = known::axis_of(call.integer(2), call.shape().size());
  return scattered(call, axis, {call.integer(3)});
}

}  // namespace

void add_indexing_folds(Folds& folds) {
  folds["index"] = indexed;
  folds["index_select"] = [](const Call& call) { return gathered(call, call.integer(1), 0, 2); };
  folds["embedding"] = [](const Call& call) { return gathered(call, 0, 0, 1); };
  folds["slice_scatter"] = slice_scattered;
  folds["select_scatter"] = select_scattered;
}

}  // namespace whycam::pt2
