#include "formats/known/array_folders.h"

#include <algorithm>
#include <cmath>
#include <limits>

#include "graph/operators.h"

namespace whycam::known {
namespace {

using graph::Integers;
using graph::require;
using graph::Shape;

std::size_t at(std::int64_t i) { return static_cast<std::size_t>(i); }

Array like(const Array& array, Shape shape) { return {array.integers, std::move(shape), {}}; }

/// Number by number, broadcast.
Array combine(const Array& a, const Array& b, const std::function<double(double, double)>& with) {
  Array result = like(a, graph::broadcast(a.shape, b.shape));
  require_known(result.shape);
  const Integers steps_a = graph::broadcast_steps(a.shape, result.shape),
                 steps_b = graph::broadcast_steps(b.shape, result.shape);
  graph::for_each_index(result.shape, [&](const Integers& index) {
    std::int64_t i = 0, j = 0;
    for (std::size_t d = 0; d < index.size(); ++d) {
      i += index[d] * steps_a[d];
      j += index[d] * steps_b[d];
    }
    result.numbers.push_back(with(a.numbers[at(i)], b.numbers[at(j)]));
  });
  return result;
}

Array each(const Array& a, const std::function<double(double)>& with) {
  Array result = a;
  for (double& number : result.numbers) number = with(number);
  return result;
}

/// `x` at these places of an axis.
Array take(const Array& x, std::size_t axis, const Integers& places, const Shape& places_shape) {
  Array result = like(x, {x.shape.begin(), x.shape.begin() + static_cast<std::ptrdiff_t>(axis)});
  result.shape.insert(result.shape.end(), places_shape.begin(), places_shape.end());
  result.shape.insert(result.shape.end(), x.shape.begin() + static_cast<std::ptrdiff_t>(axis) + 1, x.shape.end());
  require_known(result.shape);
  std::int64_t before = 1, behind = 1;
  for (std::size_t d = 0; d < axis; ++d) before *= x.shape[d];
  for (std::size_t d = axis + 1; d < x.shape.size(); ++d) behind *= x.shape[d];
  const std::int64_t size = x.shape[axis];
  for (std::int64_t i = 0; i < before; ++i)
    for (std::int64_t place : places) {
      if (place < 0) place += size;
      require(place >= 0 && place < size,
              "the place " + std::to_string(place) + " of an axis of " + std::to_string(size));
      for (std::int64_t j = 0; j < behind; ++j)
        result.numbers.push_back(x.numbers[at((i * size + place) * behind + j)]);
    }
  return result;
}

Array gather(const Arrays& inputs, const FoldAttributes& attributes) {
  return take(*inputs[0], axis_of(attributes.axis, inputs[0]->shape.size()), inputs[1]->to_integers(),
              inputs[1]->shape);
}

Array slice(const Arrays& inputs, const FoldAttributes&) {
  Array result = *inputs[0];
  const Integers begins = inputs[1]->to_bounds(), ends = inputs[2]->to_bounds();
  Integers axes = inputs.size() > 3 && inputs[3] ? inputs[3]->to_integers() : Integers();
  const Integers steps = inputs.size() > 4 && inputs[4] ? inputs[4]->to_bounds() : Integers(begins.size(), 1);
  if (axes.empty())
    for (std::size_t i = 0; i < begins.size(); ++i) axes.push_back(static_cast<std::int64_t>(i));
  require(ends.size() == begins.size() && axes.size() == begins.size() && steps.size() == begins.size(),
          "bounds of different numbers");
  for (std::size_t i = 0; i < axes.size(); ++i) {
    const std::size_t axis = axis_of(axes[i], result.shape.size());
    const Integers places = slice_places(result.shape[axis], begins[i], ends[i], steps[i]);
    result = take(result, axis, places, {static_cast<std::int64_t>(places.size())});
  }
  return result;
}

Array concatenate(const Arrays& inputs, const FoldAttributes& attributes) {
  const std::size_t axis = axis_of(attributes.axis, inputs[0]->shape.size());
  Array result = like(*inputs[0], inputs[0]->shape);
  result.shape[axis] = 0;
  for (const Array* input : inputs) {
    require(input->shape.size() == result.shape.size(), "parts of different numbers of dimensions");
    for (std::size_t d = 0; d < result.shape.size(); ++d)
      require(d == axis || input->shape[d] == result.shape[d], "parts of different shapes");
    result.shape[axis] += input->shape[axis];
  }
  require_known(result.shape);
  std::int64_t before = 1;
  for (std::size_t d = 0; d < axis; ++d) before *= result.shape[d];
  for (std::int64_t i = 0; i < before; ++i)
    for (const Array* input : inputs) {
      const auto size = static_cast<std::ptrdiff_t>(input->numbers.size()) / std::max<std::ptrdiff_t>(before, 1);
      result.numbers.insert(result.numbers.end(), input->numbers.begin() + i * size,
                            input->numbers.begin() + (i + 1) * size);
    }
  return result;
}

Array transpose(const Arrays& inputs, const FoldAttributes& attributes) {
  const Array& x = *inputs[0];
  Integers permutation = attributes.permutation;
  if (permutation.empty())
    for (std::size_t d = x.shape.size(); d-- > 0;) permutation.push_back(static_cast<std::int64_t>(d));
  require(permutation.size() == x.shape.size(), "a permutation of another number of dimensions");
  const Integers strides = graph::strides_of(x.shape);
  Array result = like(x, {});
  Integers steps;
  for (const std::int64_t axis : permutation) {
    const std::size_t d = axis_of(axis, x.shape.size());
    result.shape.push_back(x.shape[d]);
    steps.push_back(strides[d]);
  }
  graph::for_each_index(result.shape, [&](const Integers& index) {
    std::int64_t i = 0;
    for (std::size_t d = 0; d < index.size(); ++d) i += index[d] * steps[d];
    result.numbers.push_back(x.numbers[at(i)]);
  });
  return result;
}

Array range(const Arrays& inputs, const FoldAttributes&) {
  for (const Array* input : inputs) require(input->numbers.size() == 1, "a range of more than three numbers");
  const double begin = inputs[0]->numbers[0], end = inputs[1]->numbers[0], step = inputs[2]->numbers[0];
  require(step != 0, "a range with a step of 0");
  const double count = std::max(std::ceil((end - begin) / step), 0.0);
  require(count <= 1e6, "a range of " + std::to_string(count) + " numbers");
  Array result = like(*inputs[0], {static_cast<std::int64_t>(count)});
  for (std::int64_t i = 0; i < result.shape[0]; ++i) result.numbers.push_back(begin + static_cast<double>(i) * step);
  return result;
}

Array cast(const Arrays& inputs, const FoldAttributes& attributes) {
  Array result = *inputs[0];
  if (attributes.to_integers && !result.integers) result = each(result, [](double x) { return std::trunc(x); });
  if (attributes.to_booleans) result = each(*inputs[0], [](double x) { return x != 0 ? 1.0 : 0.0; });
  result.integers = attributes.to_integers;
  result.type = 0;
  return result;
}

double divided(double a, double b, bool integers) {
  if (!integers) return a / b;
  require(b != 0, "a division by 0");
  return std::trunc(a / b);
}

double remainder(double a, double b) {
  require(b != 0, "a remainder by 0");
  const double rest = std::fmod(a, b);
  return rest != 0 && (rest < 0) != (b < 0) ? rest + b : rest;
}

Array as_boolean(Array array) {
  array.integers = true;
  array.type = 0;
  return array;
}

Array where(const Arrays& inputs, const FoldAttributes&) {
  const Array &condition = *inputs[0], &a = *inputs[1], &b = *inputs[2];
  const Array chosen =
      combine(a, combine(condition, b, [](double, double other) { return other; }), [](double x, double) { return x; });
  const Array other =
      combine(combine(condition, b, [](double, double y) { return y; }), a, [](double y, double) { return y; });
  const Array truth =
      combine(combine(condition, a, [](double c, double) { return c; }), b, [](double c, double) { return c; });
  Array result = like(a, chosen.shape);
  for (std::size_t i = 0; i < chosen.numbers.size(); ++i)
    result.numbers.push_back(truth.numbers[i] != 0 ? chosen.numbers[i] : other.numbers[i]);
  return result;
}

using Binary = std::function<double(double, double)>;

void add_binary(Folders& all, const char* op, Binary with) {
  all[op] = [with = std::move(with)](const Arrays& in, const FoldAttributes&) { return combine(*in[0], *in[1], with); };
}

void add_comparison(Folders& all, const char* op, Binary with) {
  all[op] = [with = std::move(with)](const Arrays& in, const FoldAttributes&) {
    return as_boolean(combine(*in[0], *in[1], with));
  };
}

void add_variadic(Folders& all, const char* op, Binary with) {
  all[op] = [with = std::move(with)](const Arrays& in, const FoldAttributes&) {
    Array result = *in[0];
    for (std::size_t i = 1; i < in.size(); ++i) result = combine(result, *in[i], with);
    return result;
  };
}

void add_unary(Folders& all, const char* op, double (*with)(double)) {
  all[op] = [with](const Arrays& in, const FoldAttributes&) { return each(*in[0], with); };
}

void add_question(Folders& all, const char* op, double (*with)(double)) {
  all[op] = [with](const Arrays& in, const FoldAttributes&) { return as_boolean(each(*in[0], with)); };
}

void add_arithmetic(Folders& all) {
  add_binary(all, "Add", [](double a, double b) { return a + b; });
  add_binary(all, "Sub", [](double a, double b) { return a - b; });
  add_binary(all, "Mul", [](double a, double b) { return a * b; });
  all["Div"] = [](const Arrays& in, const FoldAttributes&) {
    return combine(*in[0], *in[1], [whole = in[0]->integers](double a, double b) { return divided(a, b, whole); });
  };
  add_binary(all, "Mod", remainder);
  add_binary(all, "Pow", [](double a, double b) { return std::pow(a, b); });
  add_variadic(all, "Max", [](double a, double b) { return std::max(a, b); });
  add_variadic(all, "Min", [](double a, double b) { return std::min(a, b); });
}

void add_comparisons(Folders& all) {
  add_comparison(all, "Equal", [](double a, double b) { return a == b ? 1.0 : 0.0; });
  add_comparison(all, "Greater", [](double a, double b) { return a > b ? 1.0 : 0.0; });
  add_comparison(all, "GreaterOrEqual", [](double a, double b) { return a >= b ? 1.0 : 0.0; });
  add_comparison(all, "Less", [](double a, double b) { return a < b ? 1.0 : 0.0; });
  add_comparison(all, "LessOrEqual", [](double a, double b) { return a <= b ? 1.0 : 0.0; });
  add_comparison(all, "And", [](double a, double b) { return a != 0 && b != 0 ? 1.0 : 0.0; });
  add_comparison(all, "Or", [](double a, double b) { return a != 0 || b != 0 ? 1.0 : 0.0; });
  add_comparison(all, "Xor", [](double a, double b) { return (a != 0) != (b != 0) ? 1.0 : 0.0; });
  add_question(all, "IsNaN", [](double a) { return std::isnan(a) ? 1.0 : 0.0; });
  add_question(all, "IsInf", [](double a) { return std::isinf(a) ? 1.0 : 0.0; });
}

void add_functions(Folders& all) {
  const std::pair<const char*, double (*)(double)> functions[] = {
      {"Sqrt", std::sqrt}, {"Exp", std::exp},     {"Log", std::log},     {"Sin", std::sin},
      {"Cos", std::cos},   {"Tan", std::tan},     {"Asin", std::asin},   {"Acos", std::acos},
      {"Atan", std::atan}, {"Sinh", std::sinh},   {"Cosh", std::cosh},   {"Tanh", std::tanh},
      {"Erf", std::erf},   {"Asinh", std::asinh}, {"Acosh", std::acosh}, {"Atanh", std::atanh}};
  for (const auto& [op, with] : functions) add_unary(all, op, with);
  add_unary(all, "Not", [](double a) { return a == 0 ? 1.0 : 0.0; });
  add_unary(all, "Neg", [](double a) { return -a; });
  add_unary(all, "Abs", [](double a) { return std::abs(a); });
  add_unary(all, "Floor", [](double a) { return std::floor(a); });
  add_unary(all, "Ceil", [](double a) { return std::ceil(a); });
  add_unary(all, "Round", [](double a) { return std::nearbyint(a); });
  add_unary(all, "Sign", [](double a) { return a > 0 ? 1.0 : a < 0 ? -1.0 : 0.0; });
  add_unary(all, "Reciprocal", [](double a) { return 1 / a; });
}

const Folders& folders() {
  static const Folders all = [] {
    Folders made;
    add_arithmetic(made);
    add_comparisons(made);
    add_functions(made);
    add_reducing_folders(made);
    add_indexing_folders(made);
    made["Gather"] = gather;
    made["Slice"] = slice;
    made["Concat"] = concatenate;
    made["Transpose"] = transpose;
    made["Range"] = range;
    made["Cast"] = cast;
    made["Where"] = where;
    made["Identity"] = [](const Arrays& in, const FoldAttributes&) { return *in[0]; };
    made["Size"] = [](const Arrays& in, const FoldAttributes&) {
      return integer_scalar(static_cast<std::int64_t>(in[0]->numbers.size()));
    };
    return made;
  }();
  return all;
}

}  // namespace

Integers Array::to_integers() const {
  for (const double number : numbers)
    if (!(std::abs(number) <= static_cast<double>(graph::largest_extent)))
      throw std::invalid_argument(std::to_string(number) + " is no size: none is beyond 2^30");
  return to_bounds();
}

Integers Array::to_bounds() const {
  constexpr auto most = static_cast<double>(graph::largest_extent);
  Integers result;
  for (const double number : numbers) {
    if (std::isnan(number)) throw std::invalid_argument("NaN as the bound of a slice");
    result.push_back(static_cast<std::int64_t>(std::clamp(number, -most, most)));
  }
  return result;
}

void require_known(const Shape& shape) {
  Shape without_zeros = shape;
  std::replace(without_zeros.begin(), without_zeros.end(), std::int64_t{0}, std::int64_t{1});
  require(graph::element_count(without_zeros) <= std::int64_t{1} << 22,
          "known numbers of the shape " + graph::to_string(shape));
}

Array integer_array(const Integers& numbers) {
  return {true, {static_cast<std::int64_t>(numbers.size())}, {numbers.begin(), numbers.end()}};
}

Array integer_scalar(std::int64_t number) { return {true, {}, {static_cast<double>(number)}}; }

bool folds(const std::string& op) { return folders().count(op) > 0; }

Array fold(const std::string& op, const Arrays& inputs, const FoldAttributes& attributes) {
  return folders().at(op)(inputs, attributes);
}

std::size_t axis_of(std::int64_t axis, std::size_t dimensions) {
  const auto count = static_cast<std::int64_t>(dimensions);
  require(axis >= -count && axis < count,
          "the axis " + std::to_string(axis) + " of " + std::to_string(count) + " dimensions");
  return at(axis < 0 ? axis + count : axis);
}

Integers slice_places(std::int64_t size, std::int64_t begin, std::int64_t end, std::int64_t step) {
  require(step != 0, "a slice with a step of 0");
  const auto bound = [&](std::int64_t place, std::int64_t low, std::int64_t high) {
    return std::clamp(place < 0 ? place + size : place, low, high);
  };
  Integers places;
  if (step > 0)
    for (std::int64_t i = bound(begin, 0, size), last = bound(end, 0, size); i < last; i += std::min(step, size))
      places.push_back(i);
  else
    for (std::int64_t i = bound(begin, -1, size - 1), last = bound(end, -1, size - 1); i > last;
         i += std::max(step, -size - 1))
      places.push_back(i);
  return places;
}

}  // namespace whycam::known
