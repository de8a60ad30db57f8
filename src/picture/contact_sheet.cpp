#include "whycam/picture/contact_sheet.h"

#include <algorithm>
#include <cmath>

#include "picture/canvas.h"

namespace whycam::picture {
namespace {

constexpr int margin = 8, line_height = 20, baseline = 14;

/// How wide each column is: as its heading and its widest picture.
std::vector<int> column_widths(const std::vector<std::string>& headings, const std::vector<ContactRow>& rows) {
  std::vector<int> widths;
  for (const std::string& heading : headings) widths.push_back(static_cast<int>(std::ceil(text_width(heading))));
  for (const ContactRow& row : rows) {
    if (row.pictures.size() > headings.size())
      throw InputError("a row of " + std::to_string(row.pictures.size()) + " pictures under " +
                       std::to_string(headings.size()) + " headings");
    for (std::size_t i = 0; i < row.pictures.size(); ++i) {
      require_valid(row.pictures[i]);
      widths[i] = std::max(widths[i], row.pictures[i].width);
    }
  }
  return widths;
}

int height_of(const ContactRow& row) {
  int height = 0;
  for (const Image& picture : row.pictures) height = std::max(height, picture.height);
  return height;
}

constexpr int between_slices = 2, least_grid_width = 512;

/// Draws a slice, `factor` times as large, with its upper left corner at a pixel.
void draw_slice(const Image& slices, int first_row, int slice_height, int factor, int left, int top, Image& grid) {
  const auto channels = static_cast<std::size_t>(slices.channels);
  for (int y = 0; y < slice_height * factor; ++y) {
    const auto from = static_cast<std::size_t>(first_row + y / factor) * static_cast<std::size_t>(slices.width);
    const auto to =
        static_cast<std::size_t>(top + y) * static_cast<std::size_t>(grid.width) + static_cast<std::size_t>(left);
    for (std::size_t x = 0; x < static_cast<std::size_t>(slices.width * factor); ++x)
      std::copy_n(&slices.pixels[(from + x / static_cast<std::size_t>(factor)) * channels], channels,
                  &grid.pixels[(to + x) * channels]);
  }
}

}  // namespace

Image grid_of_slices(const Image& slices, int slice_height) {
  require_valid(slices);
  if (slice_height < 1 || slices.height % slice_height != 0)
    throw InputError("a picture of " + std::to_string(slices.height) + " rows is not made of slices of " +
                     std::to_string(slice_height));
  const int depth = slices.height / slice_height;
  const double pixels = static_cast<double>(slices.height) * slices.width;
  const int step = std::max(1, static_cast<int>(std::ceil(pixels / (1 << 24)))), count = (depth + step - 1) / step;
  const double side = std::sqrt(static_cast<double>(count) * slice_height / slices.width);
  const int columns = std::clamp(static_cast<int>(std::ceil(side)), 1, count), rows = (count + columns - 1) / columns;
  const int factor = std::max(1, least_grid_width / (columns * slices.width));
  const int across = slices.width * factor + between_slices, down = slice_height * factor + between_slices;
  Image grid{rows * down - between_slices, columns * across - between_slices, slices.channels, {}};
  grid.pixels.assign(static_cast<std::size_t>(grid.height) * static_cast<std::size_t>(grid.width * grid.channels), 255);
  for (int i = 0; i < count; ++i)
    draw_slice(slices, i * step * slice_height, slice_height, factor, i % columns * across, i / columns * down, grid);
  return grid;
}

Svg contact_sheet(const std::vector<std::string>& headings, const std::vector<ContactRow>& rows) {
  if (rows.empty()) throw InputError("a contact sheet needs a row");
  const std::vector<int> widths = column_widths(headings, rows);
  int width = margin, height = margin + line_height;
  for (const int column : widths) width += column + margin;
  for (const ContactRow& row : rows) height += line_height + height_of(row) + margin;

  Canvas sheet(width, height);
  int x = margin;
  for (std::size_t i = 0; i < headings.size(); x += widths[i++] + margin)
    sheet.text(x, margin / 2 + baseline, headings[i]);
  int y = margin + line_height;
  for (const ContactRow& row : rows) {
    sheet.text(margin, y + baseline, row.title, "start", width - 2 * margin);
    y += line_height;
    x = margin;
    for (std::size_t i = 0; i < row.pictures.size(); x += widths[i++] + margin) sheet.picture(x, y, row.pictures[i]);
    y += height_of(row) + margin;
  }
  return std::move(sheet).finish();
}

}  // namespace whycam::picture
