// Known numbers that are reduced, summed up or looked for.
#include <algorithm>
#include <limits>
#include <optional>

#include "formats/known/array_folders.h"
#include "graph/operators.h"

namespace whycam::known {
namespace {

using graph::Integers;
using graph::require;
using graph::Shape;

std::size_t at(std::int64_t i) { return static_cast<std::size_t>(i); }

/// Which axes go: those of the attribute, or of the second input; all where neither says any.
std::vector<bool> reduced_axes(const Arrays& in, const FoldAttributes& attributes) {
  Integers axes = attributes.axes;
  if (axes.empty() && in.size() > 1 && in[1]) axes = in[1]->to_integers();
  std::vector<bool> reduced(in[0]->shape.size(), axes.empty());
  for (const std::int64_t axis : axes) reduced[axis_of(axis, reduced.size())] = true;
  return reduced;
}

}  // namespace

Array reduce(const Array& x, const std::vector<bool>& reduced, bool keeps_dimensions, double start,
             double (*with)(double, double)) {
  Shape wide = x.shape, shape;
  for (std::size_t d = 0; d < wide.size(); ++d) {
    if (reduced[d]) wide[d] = 1;
    if (!reduced[d] || keeps_dimensions) shape.push_back(wide[d]);
  }
  Array result{x.integers, wide, std::vector<double>(at(graph::element_count(wide)), start)};
  const Integers steps = graph::broadcast_steps(wide, x.shape);
  std::size_t next = 0;
  graph::for_each_index(x.shape, [&](const Integers& index) {
    std::int64_t i = 0;
    for (std::size_t d = 0; d < index.size(); ++d) i += index[d] * steps[d];
    result.numbers[at(i)] = with(result.numbers[at(i)], x.numbers[next++]);
  });
  result.shape = shape;
  return result;
}

namespace {

/// Running sums along an axis, with or without the number itself, from either end.
Array running_sum(const Arrays& in, const FoldAttributes& attributes) {
  Array result = *in[0];
  require(in.size() > 1 && in[1] && in[1]->numbers.size() == 1, "no axis");
  const std::size_t axis = axis_of(in[1]->to_integers()[0], result.shape.size());
  const std::int64_t size = result.shape[axis], step = graph::strides_of(result.shape)[axis];
  for (std::int64_t i = 0; i < graph::element_count(result.shape); ++i) {
    if (i / step % size != 0) continue;  // no first one along the axis
    double sum = 0;
    for (std::int64_t k = 0; k < size; ++k) {
      double& number = result.numbers[at(i + (attributes.reverse ? size - 1 - k : k) * step)];
      const double own = number;
      number = attributes.exclusive ? sum : sum + own;
      sum += own;
    }
  }
  return result;
}

/// The indices of what is not 0, a column each.
Array places_of_non_zero(const Arrays& in, const FoldAttributes&) {
  const Array& x = *in[0];
  std::vector<Integers> places;
  std::size_t next = 0;
  graph::for_each_index(x.shape, [&](const Integers& index) {
    if (x.numbers[next++] != 0) places.push_back(index);
  });
  Array result{true, {static_cast<std::int64_t>(x.shape.size()), static_cast<std::int64_t>(places.size())}, {}};
  for (std::size_t d = 0; d < x.shape.size(); ++d)
    for (const Integers& place : places) result.numbers.push_back(static_cast<double>(place[d]));
  return result;
}

/// What lies on and above a diagonal of matrices, or below.
Array triangle(const Arrays& in, const FoldAttributes& attributes) {
  Array result = *in[0];
  require(result.shape.size() >= 2, "a triangle of fewer than two dimensions");
  const std::int64_t diagonal = in.size() > 1 && in[1] ? in[1]->to_integers().at(0) : 0;
  std::size_t next = 0;
  graph::for_each_index(result.shape, [&](const Integers& index) {
    const std::int64_t right = index.back() - index[index.size() - 2] - diagonal;
    double& number = result.numbers[next++];
    if (attributes.upper ? right < 0 : right > 0) number = 0;
  });
  return result;
}

/// The first place of the largest along an axis, or of the smallest.
Array place_of_extremum(const Arrays& in, const FoldAttributes& attributes, double sign) {
  const Array& x = *in[0];
  const std::size_t axis = axis_of(attributes.axis, x.shape.size());
  const std::int64_t size = x.shape[axis], step = graph::strides_of(x.shape)[axis];
  Array result{true, x.shape, {}};
  if (attributes.keeps_dimensions)
    result.shape[axis] = 1;
  else
    result.shape.erase(result.shape.begin() + static_cast<std::ptrdiff_t>(axis));
  for (std::int64_t i = 0; i < graph::element_count(x.shape); ++i) {
    if (i / step % size != 0) continue;
    std::int64_t best = 0;
    for (std::int64_t k = 1; k < size; ++k)
      if (sign * x.numbers[at(i + k * step)] > sign * x.numbers[at(i + best * step)]) best = k;
    result.numbers.push_back(static_cast<double>(best));
  }
  return result;
}

}  // namespace

void add_reducing_folders(Folders& folders) {
  constexpr double infinity = std::numeric_limits<double>::infinity();
  const auto reduction = [&](const char* op, double start, double (*with)(double, double)) {
    folders[op] = [=](const Arrays& in, const FoldAttributes& attributes) {
      return reduce(*in[0], reduced_axes(in, attributes), attributes.keeps_dimensions, start, with);
    };
  };
  reduction("ReduceProd", 1, [](double a, double b) { return a * b; });
  reduction("ReduceMin", infinity, [](double a, double b) { return std::min(a, b); });
  reduction("ReduceMax", -infinity, [](double a, double b) { return std::max(a, b); });
  folders["CumSum"] = running_sum;
  folders["NonZero"] = places_of_non_zero;
  folders["Trilu"] = triangle;
  folders["ArgMax"] = [](const Arrays& in, const FoldAttributes& a) { return place_of_extremum(in, a, 1); };
  folders["ArgMin"] = [](const Arrays& in, const FoldAttributes& a) { return place_of_extremum(in, a, -1); };
}

}  // namespace whycam::known
