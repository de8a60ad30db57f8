#pragma once

#include <array>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "whycam/api.h"
#include "whycam/errors.h"

namespace whycam::picture {

enum class ColourMap { jet, turbo, viridis, inferno, magma, plasma, hot, bone, grey };

using Rgb = std::array<std::uint8_t, 3>;
using ColourTable = std::array<Rgb, 256>;

/// The names of all colour maps, in the order of the enumeration.
WHYCAM_API const std::vector<std::string>& colour_map_names();

WHYCAM_API std::string name_of(ColourMap map);

/// Throws InputError, which lists the names, for any other name.
WHYCAM_API ColourMap colour_map_named(std::string_view name);

/// The colours for 0, 1/255, ..., 1.
WHYCAM_API const ColourTable& colour_table(ColourMap map);

/// From blue by white to red, for signed values.
WHYCAM_API const ColourTable& diverging_colours();

/// The colour nearest to `value` in a table; values outside [0, 1] get the colour of the nearer end, NaN
/// that of 0.
WHYCAM_API Rgb colour_at(const ColourTable& table, double value);
WHYCAM_API Rgb colour_at(ColourMap map, double value);

}  // namespace whycam::picture
