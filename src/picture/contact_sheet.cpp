#include "whycam/picture/contact_sheet.h"

#include <algorithm>
#include <opencv2/imgproc.hpp>
#include <stdexcept>

#include "picture/drawable.h"

namespace whycam::picture {
namespace {

constexpr int margin = 8, line_height = 20;
constexpr double font_scale = 0.45;
const cv::Scalar ink(40, 40, 40), paper(255, 255, 255);

int width_of(const std::string& text) {
  int baseline = 0;
  return cv::getTextSize(text, cv::FONT_HERSHEY_SIMPLEX, font_scale, 1, &baseline).width;
}

void write(cv::Mat& sheet, const std::string& text, int x, int y, int width) {
  std::string line = drawable(text);
  if (width_of(line) > width) {
    while (!line.empty() && width_of(line + "...") > width) line.pop_back();
    line += "...";
  }
  cv::putText(sheet, line, {x, y + line_height - 6}, cv::FONT_HERSHEY_SIMPLEX, font_scale, ink, 1,
              cv::LINE_AA);
}

void paste(cv::Mat& sheet, const Image& image, int x, int y) {
  const cv::Mat pixels(image.height, image.width, image.channels == 3 ? CV_8UC3 : CV_8UC1,
                       const_cast<std::uint8_t*>(image.pixels.data()));
  cv::Mat place = sheet(cv::Rect(x, y, image.width, image.height));
  if (image.channels == 3)
    pixels.copyTo(place);
  else
    cv::cvtColor(pixels, place, cv::COLOR_GRAY2RGB);
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

  cv::Mat sheet(height, width, CV_8UC3, paper);
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
  return {height, width, 3, std::vector<std::uint8_t>(sheet.data, sheet.data + sheet.total() * 3)};
}

}  // namespace whycam::picture
