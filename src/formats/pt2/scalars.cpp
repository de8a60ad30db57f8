#include "formats/pt2/scalars.h"

#include <algorithm>
#include <cmath>
#include <functional>
#include <map>

namespace whycam::pt2 {
namespace {

using aten::Argument;
using aten::Arguments;
using aten::CannotCompile;

constexpr double largest_whole = 9007199254740992.0;  ///< 2^53: up to here a double holds every integer

double number(const Argument& argument) {
  if (const auto* truth = std::get_if<bool>(&argument.value)) return *truth ? 1 : 0;
  if (const auto* whole = std::get_if<std::int64_t>(&argument.value)) {
    if (std::abs(static_cast<double>(*whole)) > largest_whole) throw CannotCompile("a number beyond 2^53");
    return static_cast<double>(*whole);
  }
  if (const auto* real = std::get_if<double>(&argument.value)) return *real;
  throw CannotCompile("arithmetic with something that is no number");
}

Argument whole(double number) {
  if (!(std::abs(number) <= largest_whole)) throw CannotCompile("a number beyond 2^53");
  return {static_cast<std::int64_t>(number)};
}

double floor_division(double a, double b) {
  if (b == 0) throw CannotCompile("a division by 0");
  return std::floor(a / b);
}

double power(double a, double b) { return std::pow(a, b); }

using Function = std::function<Argument(const Arguments&)>;

/// Integers where all arguments are.
Function arithmetic(double (*with)(double, double)) {
  return [with](const Arguments& of) -> Argument {
    if (of.size() != 2) throw CannotCompile("arithmetic with " + std::to_string(of.size()) + " numbers");
    const double result = with(number(of[0]), number(of[1]));
    if (of[0].is<double>() || of[1].is<double>()) return {result};
    return whole(result);
  };
}

Function comparison(bool (*with)(double, double)) {
  return [with](const Arguments& of) -> Argument {
    if (of.size() != 2) throw CannotCompile("a comparison of " + std::to_string(of.size()) + " numbers");
    return {with(number(of[0]), number(of[1]))};
  };
}

Function of_one(Argument (*with)(double)) {
  return [with](const Arguments& of) -> Argument {
    if (of.empty()) throw CannotCompile("a function of nothing");
    return with(number(of[0]));
  };
}

const std::map<std::string, Function>& functions() {
  static const std::map<std::string, Function> all = [] {
    std::map<std::string, Function> made;
    made["add"] = arithmetic([](double a, double b) { return a + b; });
    made["sub"] = arithmetic([](double a, double b) { return a - b; });
    made["mul"] = arithmetic([](double a, double b) { return a * b; });
    made["floordiv"] = arithmetic(floor_division);
    made["mod"] = arithmetic([](double a, double b) { return a - b * floor_division(a, b); });
    made["pow"] = made["pow_by_natural"] = arithmetic(power);
    made["sym_max"] = made["max"] = arithmetic([](double a, double b) { return std::max(a, b); });
    made["sym_min"] = made["min"] = arithmetic([](double a, double b) { return std::min(a, b); });
    made["truediv"] = [](const Arguments& of) -> Argument {
      if (of.size() != 2 || number(of[1]) == 0) throw CannotCompile("a division by 0");
      return {number(of[0]) / number(of[1])};
    };
    made["eq"] = comparison([](double a, double b) { return a == b; });
    made["ne"] = comparison([](double a, double b) { return a != b; });
    made["lt"] = comparison([](double a, double b) { return a < b; });
    made["le"] = comparison([](double a, double b) { return a <= b; });
    made["gt"] = comparison([](double a, double b) { return a > b; });
    made["ge"] = comparison([](double a, double b) { return a >= b; });
    made["and_"] = comparison([](double a, double b) { return a != 0 && b != 0; });
    made["or_"] = comparison([](double a, double b) { return a != 0 || b != 0; });
    made["not_"] = made["sym_not"] = of_one([](double a) -> Argument { return {a == 0}; });
    made["neg"] = of_one([](double a) { return whole(-a); });
    made["trunc"] = made["sym_int"] = made["int"] = of_one([](double a) { return whole(std::trunc(a)); });
    made["floor"] = of_one([](double a) { return whole(std::floor(a)); });
    made["ceil"] = of_one([](double a) { return whole(std::ceil(a)); });
    made["round"] = of_one([](double a) { return whole(std::nearbyint(a)); });
    made["sym_float"] = made["float"] = of_one([](double a) -> Argument { return {a}; });
    made["sym_sqrt"] = made["_sym_sqrt"] = made["sqrt"] = of_one([](double a) -> Argument { return {std::sqrt(a)}; });
    return made;
  }();
  return all;
}

}  // namespace

bool is_scalar_domain(const std::string& domain) {
  return domain == "_operator" || domain == "operator" || domain == "math" || domain == "torch" ||
         domain == "builtins" || domain.rfind("torch.utils._sympy", 0) == 0 || domain == "torch.sym_max";
}

Argument scalar(const std::string& function, const Arguments& arguments) {
  const auto found = functions().find(function);
  if (found == functions().end()) throw CannotCompile("arithmetic with sizes that is not known");
  return found->second(arguments);
}

bool is_true(const Argument& argument) { return number(argument) != 0; }

}  // namespace whycam::pt2
