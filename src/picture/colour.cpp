#include "whycam/picture/colour.h"

#include <algorithm>
#include <cmath>

#include "picture/colour_tables.h"

namespace whycam::picture {
namespace {

constexpr std::size_t map_count = colour_table_count + 1;  // grey, the last, needs no table

std::size_t index_of(ColourMap map) {
  const auto index = static_cast<std::size_t>(map);
  if (index >= map_count) throw InputError("there is no colour map " + std::to_string(index));
  return index;
}

std::uint8_t level_of(const char* digits) {
  const auto value = [](char digit) { return digit <= '9' ? digit - '0' : digit - 'a' + 10; };
  return static_cast<std::uint8_t>(value(digits[0]) * 16 + value(digits[1]));
}

ColourTable make_table(std::size_t index) {
  ColourTable table;
  for (std::size_t i = 0; i < table.size(); ++i)
    for (std::size_t channel = 0; channel < 3; ++channel)
      table[i][channel] = index < colour_table_count ? level_of(colour_tables[index] + 2 * (3 * i + channel))
                                                     : static_cast<std::uint8_t>(i);
  return table;
}

std::array<ColourTable, map_count> make_tables() {
  std::array<ColourTable, map_count> all;
  for (std::size_t index = 0; index < map_count; ++index) all[index] = make_table(index);
  return all;
}

}  // namespace

const std::vector<std::string>& colour_map_names() {
  static const std::vector<std::string> names{"jet",    "turbo", "viridis", "inferno", "magma",
                                              "plasma", "hot",   "bone",    "grey"};
  return names;
}

std::string name_of(ColourMap map) { return colour_map_names()[index_of(map)]; }

ColourMap colour_map_named(std::string_view name) {
  const std::vector<std::string>& names = colour_map_names();
  const auto found = std::find(names.begin(), names.end(), name);
  if (found != names.end()) return static_cast<ColourMap>(found - names.begin());
  std::string message = "there is no colour map \"" + std::string(name) + "\"; there are";
  for (const std::string& known : names) message += (known == names.front() ? " " : ", ") + known;
  throw InputError(message);
}

const ColourTable& colour_table(ColourMap map) {
  static const std::array<ColourTable, map_count> all = make_tables();
  return all[index_of(map)];
}

const ColourTable& diverging_colours() {
  static const ColourTable table = [] {
    ColourTable colours;
    for (std::size_t i = 0; i < colours.size(); ++i) {
      const double side = 2.0 * static_cast<double>(i) / 255.0 - 1.0;  // from -1 to 1
      const auto paler = static_cast<std::uint8_t>(std::lround(255.0 * (1.0 - std::abs(side))));
      colours[i] = side < 0.0 ? Rgb{paler, paler, 255} : Rgb{255, paler, paler};
    }
    return colours;
  }();
  return table;
}

Rgb colour_at(const ColourTable& table, double value) {
  const double inside = value > 0.0 ? std::min(value, 1.0) : 0.0;  // false for NaN, too
  return table[static_cast<std::size_t>(std::lround(255.0 * inside))];
}

Rgb colour_at(ColourMap map, double value) { return colour_at(colour_table(map), value); }

}  // namespace whycam::picture
