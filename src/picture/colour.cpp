#include "whycam/picture/colour.h"

#include <algorithm>
#include <cmath>
#include <opencv2/core.hpp>
#include <opencv2/imgproc.hpp>
#include <stdexcept>

namespace whycam::picture {
namespace {

// Both lists follow the order of the enumeration; grey, the last, needs no OpenCV.
constexpr std::array opencv_maps{cv::COLORMAP_JET,     cv::COLORMAP_TURBO, cv::COLORMAP_VIRIDIS,
                                 cv::COLORMAP_INFERNO, cv::COLORMAP_MAGMA, cv::COLORMAP_PLASMA,
                                 cv::COLORMAP_HOT,     cv::COLORMAP_BONE};
constexpr std::size_t map_count = opencv_maps.size() + 1;

std::size_t index_of(ColourMap map) {
  const auto index = static_cast<std::size_t>(map);
  if (index >= map_count) throw std::invalid_argument("there is no colour map " + std::to_string(index));
  return index;
}

ColourTable make_table(std::size_t index) {
  cv::Mat levels(1, 256, CV_8UC1);
  for (int i = 0; i < 256; ++i) levels.at<std::uint8_t>(i) = static_cast<std::uint8_t>(i);
  cv::Mat colours;
  if (index < opencv_maps.size()) {
    cv::applyColorMap(levels, colours, opencv_maps[index]);
  } else {
    cv::cvtColor(levels, colours, cv::COLOR_GRAY2BGR);
  }
  ColourTable table;
  for (int i = 0; i < 256; ++i) {
    const auto& colour = colours.at<cv::Vec3b>(i);  // blue, green, red
    table[static_cast<std::size_t>(i)] = {colour[2], colour[1], colour[0]};
  }
  return table;
}

std::array<ColourTable, map_count> make_tables() {
  std::array<ColourTable, map_count> tables;
  for (std::size_t index = 0; index < map_count; ++index) tables[index] = make_table(index);
  return tables;
}

}  // namespace

const std::vector<std::string>& colour_map_names() {
  static const std::vector<std::string> names{"jet",    "turbo", "viridis", "inferno", "magma",
                                              "plasma", "hot",   "bone",    "grey"};
  return names;
}

std::string name_of(ColourMap map) { return colour_map_names()[index_of(map)]; }

ColourMap colour_map_named(std::string_view name) {
  const std::vector<std::string>& names = colour_map_names();
  const auto found = std::find(names.begin(), names.end(), name);
  if (found != names.end()) return static_cast<ColourMap>(found - names.begin());
  std::string message = "there is no colour map \"" + std::string(name) + "\"; there are";
  for (const std::string& known : names) message += (known == names.front() ? " " : ", ") + known;
  throw std::invalid_argument(message);
}

const ColourTable& colour_table(ColourMap map) {
  static const std::array<ColourTable, map_count> tables = make_tables();
  return tables[index_of(map)];
}

Rgb colour_at(ColourMap map, double value) {
  const double inside = value > 0.0 ? std::min(value, 1.0) : 0.0;  // false for NaN, too
  return colour_table(map)[static_cast<std::size_t>(std::lround(255.0 * inside))];
}

}  // namespace whycam::picture
