// What is drawn with, computed by OpenCV when whycam is built (make_tables.cpp): so that nobody has to load it to draw.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>

namespace whycam::picture::tables {

constexpr std::size_t colour_map_count = 8;  ///< whycam::picture::ColourMap's, without grey
constexpr int glyph_height = 20, glyph_width = 24, glyph_origin = 4;
constexpr char first_glyph = ' ', last_glyph = '~';

/// A letter of the font: how far it moves on, in pixels, and how much ink each pixel gets. It stands glyph_origin from
/// the left, on the row glyph_height - 6.
struct Glyph {
  double advance;
  std::uint8_t ink[glyph_height][glyph_width];
};

extern const std::uint8_t colours[colour_map_count][256][3];  ///< red, green, blue
extern const Glyph glyphs[last_glyph - first_glyph + 1];

}  // namespace whycam::picture::tables
