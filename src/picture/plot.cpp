#include "whycam/picture/plot.h"

#include <algorithm>
#include <cmath>
#include <cstdio>
#include <opencv2/imgproc.hpp>
#include <stdexcept>

#include "picture/drawable.h"

namespace whycam::picture {
namespace {

constexpr int axis_width = 360, axis_height = 260, left = 64, right = 20, top = 44, bottom = 56, line_height = 20;
constexpr int ticks = 4;
const cv::Scalar ink(40, 40, 40), grid(225, 225, 225), paper(255, 255, 255);

void write(cv::Mat& sheet, const std::string& text, cv::Point at, double scale, bool centred) {
  int baseline = 0;
  const std::string line = drawable(text);
  if (centred) at.x -= cv::getTextSize(line, cv::FONT_HERSHEY_SIMPLEX, scale, 1, &baseline).width / 2;
  cv::putText(sheet, line, at, cv::FONT_HERSHEY_SIMPLEX, scale, ink, 1, cv::LINE_AA);
}

std::string number(double value) {
  char text[32];
  std::snprintf(text, sizeof text, "%.4g", value);
  return text;
}

class Axes {
 public:
  Axes(cv::Mat& sheet, const PlotPanel& panel, int x) : sheet_(sheet), panel_(panel), x_(x + left), y_(top) {}

  void draw() {
    write(sheet_, panel_.title, {x_ + axis_width / 2, y_ - 20}, 0.5, true);
    for (int i = 0; i <= ticks; ++i) {
      const double share = static_cast<double>(i) / ticks;
      const int column = x_ + static_cast<int>(std::lround(share * axis_width)),
                row = y_ + axis_height - static_cast<int>(std::lround(share * axis_height));
      cv::line(sheet_, {column, y_}, {column, y_ + axis_height}, grid);
      cv::line(sheet_, {x_, row}, {x_ + axis_width, row}, grid);
      write(sheet_, number(panel_.lowest_x + share * (panel_.highest_x - panel_.lowest_x)),
            {column, y_ + axis_height + 18}, 0.4, true);
      const std::string label = number(panel_.lowest_y + share * (panel_.highest_y - panel_.lowest_y));
      write(sheet_, label, {x_ - 10 - 8 * static_cast<int>(label.size()), row + 4}, 0.4, false);
    }
    cv::rectangle(sheet_, {x_, y_}, {x_ + axis_width, y_ + axis_height}, ink);
    write(sheet_, panel_.x_title, {x_ + axis_width / 2, y_ + axis_height + 40}, 0.42, true);
    write(sheet_, panel_.y_title, {x_ - left + 8, y_ - 6}, 0.4, false);
    for (std::size_t i = 0; i < panel_.lines.size(); ++i) {
      draw(panel_.lines[i]);
      draw_legend(panel_.lines[i], y_ + axis_height + bottom + static_cast<int>(i) * line_height);
    }
  }

 private:
  static cv::Scalar colour(const PlotLine& line) {
    return {double(line.colour[0]), double(line.colour[1]), double(line.colour[2])};
  }

  /// In sixteenths of a pixel.
  cv::Point place(double x, double y) const {
    const double across = (x - panel_.lowest_x) / (panel_.highest_x - panel_.lowest_x);
    const double up =
        (std::clamp(y, panel_.lowest_y, panel_.highest_y) - panel_.lowest_y) / (panel_.highest_y - panel_.lowest_y);
    return {static_cast<int>(std::lround(16 * (x_ + across * axis_width))),
            static_cast<int>(std::lround(16 * (y_ + (1 - up) * axis_height)))};
  }

  void stroke(cv::Point from, cv::Point to, const PlotLine& line) {
    if (!line.dashed) return cv::line(sheet_, from, to, colour(line), 2, cv::LINE_AA, 4);
    const double length = std::hypot(to.x - from.x, to.y - from.y), dash = 16 * 6;
    for (double begin = -dash_ + (dash_ > dash ? 2 * dash : 0); begin < length; begin += 2 * dash) {
      const auto at = [&](double along) {
        const double share = std::clamp(along / std::max(length, 1e-9), 0.0, 1.0);
        return cv::Point(from.x + static_cast<int>(share * (to.x - from.x)),
                         from.y + static_cast<int>(share * (to.y - from.y)));
      };
      if (begin + dash > 0) cv::line(sheet_, at(begin), at(begin + dash), colour(line), 2, cv::LINE_AA, 4);
    }
    dash_ = std::fmod(dash_ + length, 2 * dash);
  }

  void draw(const PlotLine& line) {
    dash_ = 0;
    for (std::size_t i = 0; i < line.x.size(); ++i) {
      if (!std::isfinite(line.y[i])) continue;
      cv::circle(sheet_, place(line.x[i], line.y[i]), 16 * 2, colour(line), cv::FILLED, cv::LINE_AA, 4);
      if (i > 0 && std::isfinite(line.y[i - 1]))
        stroke(place(line.x[i - 1], line.y[i - 1]), place(line.x[i], line.y[i]), line);
    }
  }

  void draw_legend(const PlotLine& line, int y) {
    dash_ = 0;
    stroke({16 * x_, 16 * (y + 8)}, {16 * (x_ + 34), 16 * (y + 8)}, line);
    write(sheet_, line.name, {x_ + 44, y + 12}, 0.42, false);
  }

  cv::Mat& sheet_;
  const PlotPanel& panel_;
  int x_, y_;
  double dash_ = 0;  ///< how far into a dash and its gap
};

void check(const PlotPanel& panel) {
  if (!(panel.lowest_x < panel.highest_x) || !(panel.lowest_y < panel.highest_y))
    throw std::invalid_argument("an axis without extent");
  for (const PlotLine& line : panel.lines)
    if (line.x.size() != line.y.size())
      throw std::invalid_argument("a line of " + std::to_string(line.x.size()) + " x and " +
                                  std::to_string(line.y.size()) + " y");
}

}  // namespace

Image plot(const std::vector<PlotPanel>& panels) {
  if (panels.empty()) throw std::invalid_argument("a plot needs a panel");
  std::size_t lines = 0;
  for (const PlotPanel& panel : panels) {
    check(panel);
    lines = std::max(lines, panel.lines.size());
  }
  const int panel_width = left + axis_width + right;
  const int height = top + axis_height + bottom + static_cast<int>(lines) * line_height + 12;
  cv::Mat sheet(height, panel_width * static_cast<int>(panels.size()), CV_8UC3, paper);
  for (std::size_t i = 0; i < panels.size(); ++i) Axes(sheet, panels[i], panel_width * static_cast<int>(i)).draw();
  return {sheet.rows, sheet.cols, 3, std::vector<std::uint8_t>(sheet.data, sheet.data + sheet.total() * 3)};
}

}  // namespace whycam::picture
