#include "whycam/picture/plot.h"

#include <algorithm>
#include <cmath>

#include "picture/canvas.h"

namespace whycam::picture {
namespace {

constexpr int axis_width = 360, axis_height = 260, left = 64, right = 20, top = 52, bottom = 56, line_height = 20;
constexpr int ticks = 4;
const std::string ink = "#282828", grid = "#e1e1e1";

/// Draws a panel whose axes have their upper left corner at (x, top).
class Axes {
 public:
  Axes(Canvas& canvas, const PlotPanel& panel, int x) : canvas_(canvas), panel_(panel), x_(x) {}

  void draw() {
    canvas_.text(x_ + axis_width / 2, top - 30, panel_.title, "middle");
    canvas_.text(x_ - left + 8, top - 14, panel_.y_title);
    canvas_.text(x_ + axis_width / 2, base + 40, panel_.x_title, "middle");
    draw_grid();
    for (std::size_t i = 0; i < panel_.lines.size(); ++i) {
      const PlotLine& line = panel_.lines[i];
      draw(line);
      const double y = base + bottom + 8 + static_cast<int>(i) * line_height;
      canvas_.path("M" + point(x_, y) + "L" + point(x_ + 34, y), colour_text(line.colour), line.dashed);
      canvas_.text(x_ + 44, y + 4, line.name);
    }
  }

 private:
  static constexpr int base = top + axis_height;

  static std::string point(double x, double y) { return number_text(x) + ' ' + number_text(y); }

  void draw_grid() {
    for (int i = 0; i <= ticks; ++i) {
      const double share = static_cast<double>(i) / ticks;
      const double x = x_ + share * axis_width, y = base - share * axis_height;
      canvas_.line(x, top, x, base, i % ticks == 0 ? ink : grid);
      canvas_.line(x_, y, x_ + axis_width, y, i % ticks == 0 ? ink : grid);
      canvas_.text(x, base + 18, number_text(panel_.lowest_x + share * (panel_.highest_x - panel_.lowest_x), 4),
                   "middle");
      canvas_.text(x_ - 8, y + 4, number_text(panel_.lowest_y + share * (panel_.highest_y - panel_.lowest_y), 4),
                   "end");
    }
  }

  void draw(const PlotLine& line) {
    std::string points;
    bool joined = false;
    for (std::size_t i = 0; i < line.x.size(); ++i) {
      if (!std::isfinite(line.x[i]) || !std::isfinite(line.y[i])) {
        joined = false;
        continue;
      }
      const double across = (line.x[i] - panel_.lowest_x) / (panel_.highest_x - panel_.lowest_x);
      const double up = (std::clamp(line.y[i], panel_.lowest_y, panel_.highest_y) - panel_.lowest_y) /
                        (panel_.highest_y - panel_.lowest_y);
      const double x = x_ + across * axis_width, y = base - up * axis_height;
      points += (joined ? "L" : "M") + point(x, y);
      joined = true;
      canvas_.dot(x, y, colour_text(line.colour));
    }
    canvas_.path(points, colour_text(line.colour), line.dashed);
  }

  Canvas& canvas_;
  const PlotPanel& panel_;
  int x_;
};

void check(const PlotPanel& panel) {
  const auto has_extent = [](double low, double high) { return low < high && std::isfinite(high - low); };
  if (!has_extent(panel.lowest_x, panel.highest_x) || !has_extent(panel.lowest_y, panel.highest_y))
    throw InputError("an axis needs an extent that is finite and above 0");
  for (const PlotLine& line : panel.lines)
    if (line.x.size() != line.y.size())
      throw InputError("a line of " + std::to_string(line.x.size()) + " x and " + std::to_string(line.y.size()) + " y");
}

}  // namespace

Svg plot(const std::vector<PlotPanel>& panels) {
  if (panels.empty()) throw InputError("a plot needs a panel");
  std::size_t lines = 0;
  for (const PlotPanel& panel : panels) {
    check(panel);
    lines = std::max(lines, panel.lines.size());
  }
  const int panel_width = left + axis_width + right;
  Canvas canvas(panel_width * static_cast<int>(panels.size()),
                top + axis_height + bottom + static_cast<int>(lines) * line_height + 12);
  for (std::size_t i = 0; i < panels.size(); ++i)
    Axes(canvas, panels[i], left + panel_width * static_cast<int>(i)).draw();
  return std::move(canvas).finish();
}

}  // namespace whycam::picture
