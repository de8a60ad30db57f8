#include "formats/torchscript/constant.h"

#include <cstring>

namespace whycam::torchscript {
namespace {

bool operator==(const Constant::Undefined&, const Constant::Undefined&) { return true; }
bool operator==(const Constant::Real& one, const Constant::Real& other) { return one.bits == other.bits; }
bool operator==(const Constant::List& one, const Constant::List& other) {
  return one.element_type == other.element_type && one.elements == other.elements;
}

Constant::Real real(double number) {
  Constant::Real result{};
  static_assert(sizeof result.bits == sizeof number);
  std::memcpy(&result.bits, &number, sizeof number);
  return result;
}

std::optional<Constant> constant_list(const c10::List<c10::IValue>& list) {
  Constant::List result{list.elementType()->repr_str(), {}};
  for (std::size_t i = 0; i < list.size(); ++i) {
    std::optional<Constant> element = constant_of(list.get(i));
    if (!element) return std::nullopt;
    result.elements.push_back(std::move(*element));
  }
  return Constant{std::move(result)};
}

}  // namespace

bool operator==(const Constant& one, const Constant& other) {
  if (one.value.index() != other.value.index()) return false;
  return std::visit([&](const auto& mine) { return mine == std::get<std::decay_t<decltype(mine)>>(other.value); },
                    one.value);
}

std::optional<Constant> constant_of(const c10::IValue& argument) {
  if (argument.isNone()) return Constant{};
  if (argument.isTensor() && !argument.toTensor().defined()) return Constant{Constant::Undefined{}};
  if (argument.isBool()) return Constant{argument.toBool()};
  if (argument.isInt()) return Constant{argument.toInt()};
  if (argument.isDouble()) return Constant{real(argument.toDouble())};
  if (argument.isString()) return Constant{argument.toStringRef()};
  if (argument.isDevice()) return Constant{argument.toDevice()};
  if (argument.isList() && !argument.isTensorList()) return constant_list(argument.toList());
  return std::nullopt;
}

}  // namespace whycam::torchscript
