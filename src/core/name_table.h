// Enumerations and their names.
#pragma once

#include <array>
#include <cstddef>
#include <optional>
#include <string>
#include <utility>

namespace whycam::core {

template <class Value, std::size_t N>
using NameTable = std::array<std::pair<Value, const char*>, N>;

template <class Value, std::size_t N>
const char* name_in(const NameTable<Value, N>& table, Value value) {
  for (const auto& [known, name] : table)
    if (known == value) return name;
  return "unknown";
}

template <class Value, std::size_t N>
std::optional<Value> value_in(const NameTable<Value, N>& table, const std::string& name) {
  for (const auto& [value, known] : table)
    if (name == known) return value;
  return std::nullopt;
}

}  // namespace whycam::core
