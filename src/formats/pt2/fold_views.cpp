// Views of known numbers.
#include <algorithm>
#include <functional>
#include <map>

#include "formats/pt2/fold.h"
#include "graph/operators.h"

namespace whycam::pt2 {
namespace {

using aten::Call;
using graph::Integers;
using graph::require;
using graph::Shape;
using known::Array;

using View = std::function<std::vector<Array>(const Call&, const Array&)>;

Array reshaped(Array x, const Shape& shape) {
  require(graph::element_count(shape) == static_cast<std::int64_t>(x.numbers.size()), "a shape of another size");
  x.shape = shape;
  return x;
}

std::size_t axis(const Call& call, std::size_t argument, const Array& x, std::int64_t otherwise = 0) {
  return known::axis_of(call.integer(argument, otherwise), x.shape.size());
}

/// x at these places of an axis; with a scalar, the axis is gone.
Array taken(const Array& x, std::size_t axis, const Array& places) {
  known::FoldAttributes attributes;
  attributes.axis = static_cast<std::int64_t>(axis);
  return known::fold("Gather", {&x, &places}, attributes);
}

Array permuted(const Array& x, const Integers& permutation) {
  known::FoldAttributes attributes;
  attributes.permutation = permutation;
  return x.shape.empty() ? x : known::fold("Transpose", {&x}, attributes);
}

Array swapped(const Array& x, std::int64_t a, std::int64_t b) {
  if (x.shape.empty()) return x;
  Integers permutation = graph::axes_between(0, x.shape.size());
  std::swap(permutation[known::axis_of(a, x.shape.size())], permutation[known::axis_of(b, x.shape.size())]);
  return permuted(x, permutation);
}

Array expanded(const Array& x, Shape shape) {
  require(shape.size() >= x.shape.size(), "fewer dimensions than there are");
  const std::size_t more = shape.size() - x.shape.size();
  for (std::size_t d = more; d < shape.size(); ++d)
    if (shape[d] == -1) shape[d] = x.shape[d - more];
  known::require_known(shape);
  Array zeros{true, shape, std::vector<double>(static_cast<std::size_t>(graph::element_count(shape)), 0)};
  return known::fold("Add", {&x, &zeros}, {});
}

Array sliced(const Call& call, const Array& x) {
  const std::size_t along = axis(call, 1, x);
  const Integers places =
      known::slice_places(x.shape[along], call.bound(2, 0), call.bound(3, graph::largest_extent), call.bound(4, 1));
  return taken(x, along, known::integer_array(places));
}

Array flattened(const Call& call, const Array& x) {
  if (x.shape.empty()) return reshaped(x, {1});
  const std::size_t from = axis(call, 1, x), to = axis(call, 2, x, -1);
  require(from <= to, "axes in the wrong order");
  Shape shape(x.shape.begin(), x.shape.begin() + static_cast<std::ptrdiff_t>(from));
  shape.push_back(1);
  for (std::size_t d = from; d <= to; ++d) shape.back() *= x.shape[d];
  shape.insert(shape.end(), x.shape.begin() + static_cast<std::ptrdiff_t>(to) + 1, x.shape.end());
  return reshaped(x, shape);
}

Array squeezed(const Call& call, const Array& x) {
  std::vector<bool> may_go(x.shape.size(), !call.given(1));
  for (const std::int64_t one : call.integers(1))
    if (!x.shape.empty()) may_go[known::axis_of(one, x.shape.size())] = true;
  Shape shape;
  for (std::size_t d = 0; d < x.shape.size(); ++d)
    if (!may_go[d] || x.shape[d] != 1) shape.push_back(x.shape[d]);
  return reshaped(x, shape);
}

Array unsqueezed(const Call& call, const Array& x) {
  Shape shape = x.shape;
  const std::size_t at = known::axis_of(call.integer(1), shape.size() + 1);
  shape.insert(shape.begin() + static_cast<std::ptrdiff_t>(at), 1);
  return reshaped(x, shape);
}

std::vector<Array> unbound(const Call& call, const Array& x) {
  const std::size_t along = axis(call, 1, x);
  std::vector<Array> parts;
  for (std::int64_t i = 0; i < x.shape[along]; ++i) parts.push_back(taken(x, along, known::integer_scalar(i)));
  return parts;
}

std::vector<Array> split(const Call& call, const Array& x, Integers sizes, std::size_t along) {
  std::vector<Array> parts;
  std::int64_t begin = 0;
  if (sizes.size() == 1 && !call.is<aten::Arguments>(1)) {
    const std::int64_t size = sizes[0], all = x.shape[along];
    require(size > 0, "parts of no size");
    sizes.clear();
    for (std::int64_t left = all; left > 0; left -= size) sizes.push_back(std::min(size, left));
  }
  for (const std::int64_t size : sizes) {
    require(size >= 0 && size <= x.shape[along] - begin, "parts beyond the end");
    Integers places;
    for (std::int64_t i = 0; i < size; ++i) places.push_back(begin + i);
    begin += size;
    parts.push_back(taken(x, along, known::integer_array(places)));
  }
  return parts;
}

const std::map<std::string, View>& views() {
  static const std::map<std::string, View> all = [] {
    std::map<std::string, View> made;
    const auto add = [&](std::initializer_list<const char*> names,
                         std::function<Array(const Call&, const Array&)> view) {
      for (const char* name : names)
        made[name] = [view](const Call& call, const Array& x) { return std::vector<Array>{view(call, x)}; };
    };
    add({"alias", "detach", "lift_fresh", "dropout"}, [](const Call&, const Array& x) { return x; });
    add({"view", "reshape", "_unsafe_view"}, [](const Call& call, const Array& x) {
      return reshaped(x, graph::completed(call.integers(1), static_cast<std::int64_t>(x.numbers.size())));
    });
    add({"view_as", "reshape_as"}, [](const Call& call, const Array& x) { return reshaped(x, call.shape(1)); });
    add({"expand"}, [](const Call& call, const Array& x) { return expanded(x, call.integers(1)); });
    add({"expand_as"}, [](const Call& call, const Array& x) { return expanded(x, call.shape(1)); });
    add({"flatten"}, flattened);
    add({"squeeze"}, squeezed);
    add({"unsqueeze"}, unsqueezed);
    add({"permute"}, [](const Call& call, const Array& x) { return permuted(x, call.integers(1)); });
    add({"transpose"}, [](const Call& call, const Array& x) { return swapped(x, call.integer(1), call.integer(2)); });
    add({"t", "numpy_T"}, [](const Call&, const Array& x) { return x.shape.size() < 2 ? x : swapped(x, 0, 1); });
    add({"slice"}, sliced);
    add({"select"}, [](const Call& call, const Array& x) {
      return taken(x, axis(call, 1, x), known::integer_scalar(call.integer(2)));
    });
    add({"narrow"}, [](const Call& call, const Array& x) {
      const std::size_t along = axis(call, 1, x);
      const std::int64_t begin = call.integer(2), from = begin < 0 ? begin + x.shape[along] : begin;
      return split(call, x, {from, call.integer(3)}, along).at(1);
    });
    made["unbind"] = unbound;
    made["split"] = made["split_with_sizes"] = [](const Call& call, const Array& x) {
      return split(call, x, call.integers(1), axis(call, 2, x));
    };
    return made;
  }();
  return all;
}

}  // namespace

bool is_view(const std::string& op) { return views().count(op) > 0; }

std::vector<Array> viewed(const std::string& op, const Call& call, const Array& x) { return views().at(op)(call, x); }

}  // namespace whycam::pt2
