// Known numbers that are computed with.
#include "formats/pt2/folds.h"

#include <algorithm>
#include <cmath>
#include <limits>

#include "graph/operators.h"

namespace whycam::pt2 {
namespace {

using aten::Call;
using graph::Integers;
using graph::require;
using graph::Shape;
using known::Array;

Array combined(const char* op, const Array& a, const Array& b) { return known::fold(op, {&a, &b}, {}); }
Array applied(const char* op, const Array& a) { return known::fold(op, {&a}, {}); }

/// All of one number. The type decides whether they are whole numbers, where the call says one.
Array filled(const Call& call, const Shape& shape, double number, std::size_t type_at, bool integers) {
  known::require_known(shape);
  for (const std::int64_t extent : shape) require(extent >= 0, "a negative extent");
  if (call.is<aten::Type>(type_at)) integers = !aten::is_float(std::get<aten::Type>(call[type_at].value));
  return {integers, shape, std::vector<double>(static_cast<std::size_t>(graph::element_count(shape)), number)};
}

bool is_whole(const Call& call, std::size_t argument) { return array_of(call, argument).integers; }

/// arange(end), arange(start, end), arange(start, end, step), each with what says the type behind.
Array range(const Call& call, std::size_t numbers) {
  const Array begin = numbers > 1 ? array_of(call, 0) : known::integer_scalar(0), end = array_of(call, numbers > 1),
              step = numbers > 2 && call.given(2) ? array_of(call, 2) : known::integer_scalar(1);
  Array result = known::fold("Range", {&begin, &end, &step}, {});
  result.integers = begin.integers && end.integers && step.integers;
  if (call.is<aten::Type>(numbers)) result.integers = !aten::is_float(std::get<aten::Type>(call[numbers].value));
  return result;
}

Array cast(const Call& call, std::size_t type_at) {
  Array x = array_of(call, 0);
  if (!call.is<aten::Type>(type_at)) return x;
  const auto type = std::get<aten::Type>(call[type_at].value);
  known::FoldAttributes attributes;
  attributes.to_integers = !aten::is_float(type);
  attributes.to_booleans = type == aten::Type::boolean;
  return known::fold("Cast", {&x}, attributes);
}

/// The first type among the arguments, whatever overload the call is of.
Array converted(const Call& call) {
  for (std::size_t i = 1; i < call.count(); ++i) {
    if (call.is<aten::Type>(i)) return cast(call, i);
    if (!call.is<aten::Tensor>(i)) continue;
    Array x = array_of(call, 0);
    known::FoldAttributes attributes;
    attributes.to_integers = !aten::is_float(call.type(i));
    return known::fold("Cast", {&x}, attributes);
  }
  return array_of(call, 0);
}

Array division(const Call& call) {
  const Array a = array_of(call, 0), b = array_of(call, 1);
  const std::string rounding = call.text(2);
  Array x = a, y = b;
  x.integers = y.integers = false;
  Array result = combined("Div", x, y);
  if (rounding == "floor") result = applied("Floor", result);
  if (rounding == "trunc")
    for (double& number : result.numbers) number = std::trunc(number);
  result.integers = !rounding.empty() && a.integers && b.integers;
  return result;
}

/// a + alpha * b
Array sum(const Call& call, double sign) {
  const Array alpha{is_whole(call, 1), {}, {sign * call.number(2, 1)}};
  return combined("Add", array_of(call, 0), combined("Mul", array_of(call, 1), alpha));
}

Array joined(const Call& call, bool stack) {
  std::vector<Array> parts;
  for (std::size_t i = 0; i < call.list(0).size(); ++i) parts.push_back(array_of(call.element(0, i), 0));
  require(!parts.empty(), "nothing to put together");
  known::FoldAttributes attributes;
  attributes.axis = call.integer(1, 0);
  std::vector<const Array*> inputs;
  for (Array& part : parts) {
    if (stack) {
      const std::size_t at = known::axis_of(attributes.axis, part.shape.size() + 1);
      part.shape.insert(part.shape.begin() + static_cast<std::ptrdiff_t>(at), 1);
    }
    inputs.push_back(&part);
  }
  return known::fold("Concat", inputs, attributes);
}

Array where(const Array& condition, const Array& a, const Array& b) {
  return known::fold("Where", {&condition, &a, &b}, {});
}

/// Sums and the like over some axes, or all.
Fold reduction(double start, double (*with)(double, double), bool mean = false) {
  return [=](const Call& call) {
    const Array x = array_of(call, 0);
    const Integers axes = call.is<aten::Type>(1) ? Integers() : call.integers(1);
    std::vector<bool> reduced(x.shape.size(), axes.empty());
    for (const std::int64_t axis : axes) reduced[known::axis_of(axis, x.shape.size())] = true;
    Array result = known::reduce(x, reduced, call.is<bool>(2) && call.boolean(2), start, with);
    const auto count =
        static_cast<double>(x.numbers.size()) / static_cast<double>(std::max<std::size_t>(result.numbers.size(), 1));
    if (mean)
      for (double& number : result.numbers) number /= count;
    return result;
  };
}

Array clamped(const Call& call) {
  Array x = array_of(call, 0);
  if (call.given(1)) x = combined("Max", x, array_of(call, 1));
  return call.given(2) ? combined("Min", x, array_of(call, 2)) : x;
}

Array repeated(const Call& call) {
  Array x = array_of(call, 0);
  const Integers times = call.integers(1);
  require(times.size() >= x.shape.size(), "fewer repetitions than dimensions");
  x.shape.insert(x.shape.begin(), times.size() - x.shape.size(), 1);
  for (std::size_t d = 0; d < times.size(); ++d) {
    Integers places;
    require(times[d] >= 0 && times[d] * x.shape[d] <= 1 << 22, "too many repetitions");
    for (std::int64_t i = 0; i < times[d] * x.shape[d]; ++i) places.push_back(i % x.shape[d]);
    const Array at = known::integer_array(places);
    known::FoldAttributes attributes;
    attributes.axis = static_cast<std::int64_t>(d);
    x = known::fold("Gather", {&x, &at}, attributes);
  }
  return x;
}

Array rolled(const Call& call) {
  Array x = array_of(call, 0);
  const Integers shifts = call.integers(1), axes = call.integers(2);
  require(shifts.size() == axes.size(), "shifts and axes of different numbers");
  for (std::size_t i = 0; i < axes.size(); ++i) {
    const std::size_t d = known::axis_of(axes[i], x.shape.size());
    Integers places;
    for (std::int64_t j = 0; j < x.shape[d]; ++j)
      places.push_back(((j - shifts[i]) % x.shape[d] + x.shape[d]) % x.shape[d]);
    const Array at = known::integer_array(places);
    known::FoldAttributes attributes;
    attributes.axis = static_cast<std::int64_t>(d);
    x = known::fold("Gather", {&x, &at}, attributes);
  }
  return x;
}

Array running_sum(const Call& call) {
  const Array x = array_of(call, 0), axis = known::integer_scalar(call.integer(1));
  return known::fold("CumSum", {&x, &axis}, {});
}

/// The part on one side of a diagonal.
Array triangle(const Call& call, bool upper) {
  Array x = array_of(call, 0);
  require(x.shape.size() >= 2, "a triangle of less than two dimensions");
  const std::int64_t columns = x.shape.back(), rows = x.shape[x.shape.size() - 2], diagonal = call.integer(1, 0);
  for (std::size_t i = 0; i < x.numbers.size(); ++i) {
    const std::int64_t at = static_cast<std::int64_t>(i) % (rows * columns), row = at / columns, column = at % columns;
    if (upper ? column - row < diagonal : column - row > diagonal) x.numbers[i] = 0;
  }
  return x;
}

/// Each axis of a grid, at every place of it.
std::vector<Array> grids(const Call& call) {
  std::vector<Array> axes;
  Shape shape;
  for (std::size_t i = 0; i < call.list(0).size(); ++i) {
    axes.push_back(array_of(call.element(0, i), 0));
    require(axes[i].shape.size() <= 1, "an axis of more than one dimension");
    shape.push_back(static_cast<std::int64_t>(axes[i].numbers.size()));
  }
  known::require_known(shape);
  const bool columns_first = call.text(1, "ij") == "xy" && axes.size() > 1;
  if (columns_first) std::swap(shape[0], shape[1]);
  std::vector<Array> results;
  for (std::size_t i = 0; i < axes.size(); ++i) {
    Array axis = axes[i];
    axis.shape.assign(shape.size(), 1);
    axis.shape[columns_first && i < 2 ? 1 - i : i] = static_cast<std::int64_t>(axis.numbers.size());
    results.push_back(combined(
        "Add",
        Array{axis.integers, shape, std::vector<double>(static_cast<std::size_t>(graph::element_count(shape)), 0)},
        axis));
  }
  return results;
}

void add_makers(Folds& all) {
  all["zeros"] = [](const Call& call) { return filled(call, call.integers(0), 0, 1, false); };
  all["ones"] = [](const Call& call) { return filled(call, call.integers(0), 1, 1, false); };
  all["full"] = [](const Call& call) { return filled(call, call.integers(0), call.number(1), 2, is_whole(call, 1)); };
  all["scalar_tensor"] = [](const Call& call) { return filled(call, {}, call.number(0), 1, false); };
  all["zeros_like"] = [](const Call& call) { return filled(call, call.shape(), 0, 1, !aten::is_float(call.type())); };
  all["ones_like"] = [](const Call& call) { return filled(call, call.shape(), 1, 1, !aten::is_float(call.type())); };
  all["full_like"] = [](const Call& call) {
    return filled(call, call.shape(), call.number(1), 2, !aten::is_float(call.type()));
  };
  all["new_zeros"] = [](const Call& call) {
    return filled(call, call.integers(1), 0, 2, !aten::is_float(call.type()));
  };
  all["new_ones"] = [](const Call& call) { return filled(call, call.integers(1), 1, 2, !aten::is_float(call.type())); };
  all["new_full"] = [](const Call& call) {
    return filled(call, call.integers(1), call.number(2), 3, !aten::is_float(call.type()));
  };
  all["arange"] = [](const Call& call) { return range(call, 1); };
  all["arange.start"] = [](const Call& call) { return range(call, 2); };
  all["arange.start_step"] = [](const Call& call) { return range(call, 3); };
  all["linspace"] = [](const Call& call) {
    const double from = call.number(0), to = call.number(1);
    const std::int64_t steps = call.integer(2);
    Array result = filled(call, {steps}, from, 99, false);
    for (std::int64_t i = 1; i < steps; ++i)
      result.numbers[static_cast<std::size_t>(i)] =
          from + (to - from) * static_cast<double>(i) / static_cast<double>(steps - 1);
    return result;
  };
}

void add_arithmetic(Folds& all) {
  all["add"] = [](const Call& call) { return sum(call, 1); };
  all["sub"] = [](const Call& call) { return sum(call, -1); };
  all["rsub"] = [](const Call& call) {
    const Array factor{is_whole(call, 0), {}, {call.number(2, 1)}};
    return combined("Sub", array_of(call, 1), combined("Mul", array_of(call, 0), factor));
  };
  all["round.decimals"] = [](const Call& call) {
    const Array shift{false, {}, {std::pow(10, static_cast<double>(call.integer(1)))}};
    return combined("Div", applied("Round", combined("Mul", array_of(call, 0), shift)), shift);
  };
  all["div"] = division;
  all["floor_divide"] = [](const Call& call) {
    Array result = applied("Floor", division(call));
    result.integers = is_whole(call, 0) && is_whole(call, 1);
    return result;
  };
  const std::pair<const char*, const char*> binary[] = {
      {"mul", "Mul"},         {"remainder", "Mod"}, {"pow", "Pow"},           {"maximum", "Max"}, {"minimum", "Min"},
      {"eq", "Equal"},        {"gt", "Greater"},    {"ge", "GreaterOrEqual"}, {"lt", "Less"},     {"le", "LessOrEqual"},
      {"logical_and", "And"}, {"logical_or", "Or"}, {"logical_xor", "Xor"}};
  for (const auto& [name, op] : binary)
    all[name] = [op = op](const Call& call) { return combined(op, array_of(call, 0), array_of(call, 1)); };
  all["ne"] = [](const Call& call) { return applied("Not", combined("Equal", array_of(call, 0), array_of(call, 1))); };
  const std::pair<const char*, const char*> unary[] = {{"neg", "Neg"},     {"abs", "Abs"},
                                                       {"floor", "Floor"}, {"ceil", "Ceil"},
                                                       {"round", "Round"}, {"sqrt", "Sqrt"},
                                                       {"exp", "Exp"},     {"log", "Log"},
                                                       {"sin", "Sin"},     {"cos", "Cos"},
                                                       {"tanh", "Tanh"},   {"erf", "Erf"},
                                                       {"sign", "Sign"},   {"reciprocal", "Reciprocal"},
                                                       {"atan", "Atan"},   {"logical_not", "Not"}};
  for (const auto& [name, op] : unary)
    all[name] = [op = op](const Call& call) { return applied(op, array_of(call, 0)); };
  all["rsqrt"] = [](const Call& call) { return applied("Reciprocal", applied("Sqrt", array_of(call, 0))); };
  all["square"] = [](const Call& call) { return combined("Mul", array_of(call, 0), array_of(call, 0)); };
  all["fmod"] = [](const Call& call) {
    const Array a = array_of(call, 0), b = array_of(call, 1);
    Array result = combined("Mod", applied("Abs", a), applied("Abs", b));  // it has the sign of a
    return combined("Mul", result, applied("Sign", a));
  };
  all["clamp"] = clamped;
}

void add_reductions(Folds& all) {
  all["cumsum"] = running_sum;
  constexpr double infinity = std::numeric_limits<double>::infinity();
  all["sum"] = reduction(0, [](double a, double b) { return a + b; });
  all["mean"] = reduction(0, [](double a, double b) { return a + b; }, true);
  all["amax"] = reduction(-infinity, [](double a, double b) { return std::max(a, b); });
  all["amin"] = reduction(infinity, [](double a, double b) { return std::min(a, b); });
  all["any"] = reduction(0, [](double a, double b) { return a != 0 || b != 0 ? 1.0 : 0.0; });
  all["all"] = reduction(1, [](double a, double b) { return a != 0 && b != 0 ? 1.0 : 0.0; });
}

void add_movers(Folds& all) {
  for (const char* name : {"clone", "contiguous", "lift_fresh_copy"})
    all[name] = [](const Call& call) { return array_of(call, 0); };
  for (const char* name : {"to", "_to_copy", "type_as"}) all[name] = converted;
  all["cat"] = all["concat"] = [](const Call& call) { return joined(call, false); };
  all["stack"] = [](const Call& call) { return joined(call, true); };
  all["where"] = [](const Call& call) { return where(array_of(call, 0), array_of(call, 1), array_of(call, 2)); };
  all["masked_fill"] = [](const Call& call) {
    Array with = array_of(call, 2);
    with.integers = is_whole(call, 0);
    return where(array_of(call, 1), with, array_of(call, 0));
  };
  all["repeat"] = repeated;
  all["roll"] = rolled;
  all["tril"] = [](const Call& call) { return triangle(call, false); };
  all["triu"] = [](const Call& call) { return triangle(call, true); };
  // In place on argument 0: what follows is what is written there.
  all["zero"] = [](const Call& call) { return filled(call, call.shape(), 0, 99, !aten::is_float(call.type())); };
  all["fill"] = [](const Call& call) {
    return filled(call, call.shape(), call.number(1), 99, !aten::is_float(call.type()));
  };
  all["copy"] = [](const Call& call) {
    Array zeros = filled(call, call.shape(), 0, 99, !aten::is_float(call.type()));
    return combined("Add", zeros, array_of(call, 1));
  };
}

const Folds& all_folds() {
  static const Folds all = [] {
    Folds made;
    add_makers(made);
    add_arithmetic(made);
    add_reductions(made);
    add_movers(made);
    add_indexing_folds(made);
    add_bit_folds(made);
    return made;
  }();
  return all;
}

}  // namespace

Array array_of(const Call& call, std::size_t argument) {
  if (call.is<aten::Tensor>(argument))
    return {!aten::is_float(call.type(argument)), call.shape(argument), call.numbers_of(argument)};
  return {!call.is<double>(argument), {}, {call.number(argument)}};
}

bool looks_at_shape(const std::string& op) {
  return op == "new_zeros" || op == "new_ones" || op == "zeros_like" || op == "ones_like" || op == "new_full" ||
         op == "full_like";
}

bool folds(const std::string& op) { return op == "meshgrid" || all_folds().count(op) > 0; }

std::vector<Array> folded(const std::string& op, const Call& call) {
  if (op == "meshgrid") return grids(call);
  return {all_folds().at(op)(call)};
}

}  // namespace whycam::pt2
