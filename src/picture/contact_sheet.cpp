#include "whycam/picture/contact_sheet.h"

#include <algorithm>
#include <cmath>
#include <stdexcept>

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
      throw std::invalid_argument("a row of " + std::to_string(row.pictures.size()) + " pictures under " +
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

}  // namespace

Svg contact_sheet(const std::vector<std::string>& headings, const std::vector<ContactRow>& rows) {
  if (rows.empty()) throw std::invalid_argument("a contact sheet needs a row");
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
