#include "whycam/picture/contact_sheet.h"

#include <algorithm>
#include <cmath>
#include <stdexcept>

#include "picture/drawable.h"
#include "picture/tables.h"

namespace whycam::picture {
namespace {

constexpr int margin = 8, line_height = tables::glyph_height;
constexpr int ink = 40, paper = 255;

/// Of a letter that drawable() left.
const tables::Glyph& glyph_of(char letter) {
  return tables::glyphs[std::clamp(letter, tables::first_glyph, tables::last_glyph) - tables::first_glyph];
}

int width_of(const std::string& text) {
  double width = 1;
  for (const char letter : text) width += glyph_of(letter).advance;
  return static_cast<int>(std::lround(width));
}

std::uint8_t* pixel(Image& sheet, int row, int column) {
  return sheet.pixels.data() +
         3 * (static_cast<std::size_t>(row) * static_cast<std::size_t>(sheet.width) + static_cast<std::size_t>(column));
}

void put(Image& sheet, const tables::Glyph& glyph, int x, int y) {
  for (int row = 0; row < tables::glyph_height; ++row)
    for (int column = 0; column < tables::glyph_width; ++column) {
      const int at = x - tables::glyph_origin + column;
      if (at < 0 || at >= sheet.width || y + row >= sheet.height) continue;
      const int level = paper - (paper - ink) * glyph.ink[row][column] / 255;
      std::uint8_t* place = pixel(sheet, y + row, at);
      std::fill_n(place, 3, std::min(*place, static_cast<std::uint8_t>(level)));  // letters may touch
    }
}

void write(Image& sheet, const std::string& text, int x, int y, int width) {
  std::string line = drawable(text);
  if (width_of(line) > width) {
    while (!line.empty() && width_of(line + "...") > width) line.pop_back();
    line += "...";
  }
  double pen = x;
  for (const char letter : line) {
    put(sheet, glyph_of(letter), static_cast<int>(std::lround(pen)), y);
    pen += glyph_of(letter).advance;
  }
}

void paste(Image& sheet, const Image& image, int x, int y) {
  const auto channels = static_cast<std::size_t>(image.channels);
  const std::uint8_t* from = image.pixels.data();
  for (int row = 0; row < image.height; ++row)
    for (int column = 0; column < image.width; ++column, from += channels)
      for (std::size_t c = 0; c < 3; ++c) pixel(sheet, y + row, x + column)[c] = from[channels == 3 ? c : 0];
}

}  // namespace

Image contact_sheet(const std::vector<std::string>& headings, const std::vector<ContactRow>& rows) {
  if (rows.empty()) throw std::invalid_argument("a contact sheet needs a row");
  std::vector<int> widths, heights;
  for (const std::string& heading : headings) widths.push_back(width_of(drawable(heading)));
  for (const ContactRow& row : rows) {
    if (row.pictures.size() > headings.size())
      throw std::invalid_argument("a row of " + std::to_string(row.pictures.size()) + " pictures under " +
                                  std::to_string(headings.size()) + " headings");
    heights.push_back(0);
    for (std::size_t i = 0; i < row.pictures.size(); ++i) {
      require_valid(row.pictures[i]);
      widths[i] = std::max(widths[i], row.pictures[i].width);
      heights.back() = std::max(heights.back(), row.pictures[i].height);
    }
  }
  int width = margin, height = margin + line_height;
  for (const int column : widths) width += column + margin;
  for (const int row : heights) height += line_height + row + margin;

  Image sheet{height, width, 3, {}};
  sheet.pixels.assign(static_cast<std::size_t>(height) * static_cast<std::size_t>(width) * 3,
                      static_cast<std::uint8_t>(paper));
  for (int x = margin, i = 0; i < static_cast<int>(headings.size());
       x += widths[static_cast<std::size_t>(i++)] + margin)
    write(sheet, headings[static_cast<std::size_t>(i)], x, margin / 2, widths[static_cast<std::size_t>(i)]);
  int y = margin + line_height;
  for (std::size_t row = 0; row < rows.size(); ++row) {
    write(sheet, rows[row].title, margin, y, width - 2 * margin);
    y += line_height;
    for (std::size_t i = 0, x = margin; i < rows[row].pictures.size();
         x += static_cast<std::size_t>(widths[i++] + margin))
      paste(sheet, rows[row].pictures[i], static_cast<int>(x), y);
    y += heights[row] + margin;
  }
  return sheet;
}

}  // namespace whycam::picture
