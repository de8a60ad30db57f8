// Known whole numbers, bit by bit.
#include <cmath>
#include <cstdint>
#include <functional>

#include "formats/pt2/folds.h"
#include "graph/operators.h"

namespace whycam::pt2 {
namespace {

using aten::Call;
using aten::Type;
using known::Array;

Array multiplied(const Array& a, const Array& b) { return known::fold("Mul", {&a, &b}, {}); }
Array added(const Array& a, const Array& b) { return known::fold("Add", {&a, &b}, {}); }

std::int64_t whole(double number) {
  graph::require(std::abs(number) < 0x1p63, "a whole number of more than 64 bits");
  return static_cast<std::int64_t>(number);
}

/// Of booleans, which are 0 and 1, the same as of truths.
template <class Operation>
Fold of_bits(Operation operation) {
  return [=](const Call& call) {
    const Array zero = known::integer_scalar(0), x = array_of(call, 0), y = array_of(call, 1);
    graph::require(x.integers && y.integers, "bits of numbers that are not whole");
    Array result = added(x, multiplied(y, zero));
    const Array other = added(y, multiplied(x, zero));
    for (std::size_t i = 0; i < result.numbers.size(); ++i)
      result.numbers[i] = static_cast<double>(operation(whole(result.numbers[i]), whole(other.numbers[i])));
    return result;
  };
}

Array bits_turned(const Call& call) {
  Array x = array_of(call, 0);
  graph::require(x.integers, "bits of numbers that are not whole");
  const bool truths = call.type() == Type::boolean;
  for (double& number : x.numbers) number = truths ? 1 - number : -number - 1;
  return x;
}

/// From `least` on, `count` whole numbers, which follow each other in a circle.
double around(double number, double least, double count) {
  return number - count * std::floor((number - least) / count);
}

double held(double number, Type type) {
  switch (type) {
    case Type::boolean:
      return number != 0 ? 1 : 0;
    case Type::uint8:
      return around(number, 0, 0x1p8);
    case Type::int8:
      return around(number, -0x1p7, 0x1p8);
    case Type::int16:
      return around(number, -0x1p15, 0x1p16);
    case Type::int32:
      return around(number, -0x1p31, 0x1p32);
    default:
      return number;
  }
}

}  // namespace

void hold(std::vector<double>& numbers, Type type) {
  for (double& number : numbers) number = held(number, type);
}

void add_bit_folds(Folds& folds) {
  folds["bitwise_and"] = folds["__and__"] = of_bits(std::bit_and<std::int64_t>());
  folds["bitwise_or"] = folds["__or__"] = of_bits(std::bit_or<std::int64_t>());
  folds["bitwise_xor"] = folds["__xor__"] = of_bits(std::bit_xor<std::int64_t>());
  folds["bitwise_not"] = bits_turned;
}

}  // namespace whycam::pt2
