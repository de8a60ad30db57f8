// The colours of the maps for 0, 1/255, ..., 1, 256 a map: red, green and blue in two hexadecimal digits each.
#pragma once

#include <cstddef>

namespace whycam::picture {

constexpr std::size_t colour_table_count = 8;  ///< ColourMap's without grey, in its order

/// turbo is Google's; viridis, inferno, magma and plasma are matplotlib's, rounded to 8 bits; jet, hot and bone are
/// what OpenCV's applyColorMap gives.
extern const char* const colour_tables[colour_table_count];

}  // namespace whycam::picture
