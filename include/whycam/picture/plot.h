#pragma once

#include <string>
#include <vector>

#include "whycam/api.h"
#include "whycam/errors.h"
#include "whycam/picture/colour.h"
#include "whycam/picture/svg.h"

namespace whycam::picture {

/// One line of a plot. Points that are not finite are left out, and so is what would join them.
struct PlotLine {
  std::string name;  ///< in the legend
  std::vector<double> x, y;
  Rgb colour{0, 0, 0};
  bool dashed = false;
};

/// One pair of axes.
struct PlotPanel {
  std::string title, x_title, y_title;
  double lowest_x = 0, highest_x = 1, lowest_y = 0, highest_y = 1;
  std::vector<PlotLine> lines;
};

/// The panels side by side, each with its legend below. Throws
/// InputError where there is no panel, an axis has no extent, or a line has not as many x as y.
WHYCAM_API Svg plot(const std::vector<PlotPanel>& panels);

}  // namespace whycam::picture
