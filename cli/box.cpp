#include "box.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <cstdlib>

#include "exit_code.h"
#include "whycam/errors.h"

namespace whycam::cli {
namespace {

/// Locales write numbers in other ways, and the command sets none.
picture::Rectangle parse_box(const std::string& text) {
  std::array<double, 4> numbers{};
  std::size_t begin = 0;
  bool sound = true;
  for (double& number : numbers) {
    const std::size_t end = std::min(text.find(',', begin), text.size());
    const std::string part = begin <= text.size() ? text.substr(begin, end - begin) : "";
    char* stop = nullptr;
    number = std::strtod(part.c_str(), &stop);
    sound = sound && part.find_first_not_of("0123456789.") == std::string::npos && !part.empty() && !*stop &&
            std::isfinite(number);
    begin = end + 1;
  }
  if (!sound || begin <= text.size() || numbers[2] <= 0 || numbers[3] <= 0)
    throw Failure(ExitCode::usage,
                  "--box takes the left and upper edge, width and height of a box in the picture's pixels, as in "
                  "40,60,120,80, not \"" +
                      text + "\"");
  return {numbers[0], numbers[1], numbers[2], numbers[3]};
}

picture::Rectangle cut(const picture::Rectangle& box, double width, double height) {
  const double left = std::max(box.left, 0.0), top = std::max(box.top, 0.0);
  return {left, top, std::min(box.left + box.width, width) - left, std::min(box.top + box.height, height) - top};
}

}  // namespace

Box::Box(const std::string& box, const std::string& format) : box_(parse_box(box)) {
  try {
    if (!format.empty()) format_ = detector_format_named(format);
  } catch (const InputError& error) {
    throw Failure(ExitCode::usage, std::string("--box-format: ") + error.what());
  }
}

std::vector<FoundBox> Box::find(const Tensor& output, const Shape& input_space,
                                const std::optional<picture::Geometry>& geometry, std::size_t labels) const {
  if (input_space.size() != 2)
    throw TargetError(
        fmt::format("--box is for pictures, and the network's input has {} dimensions of space", input_space.size()));
  const std::int64_t height = input_space[0], width = input_space[1];
  const picture::Rectangle whole = geometry ? geometry->to_seen(box_) : box_;
  const picture::Rectangle seen = cut(whole, static_cast<double>(width), static_cast<double>(height));
  if (!(seen.width > 0 && seen.height > 0))
    throw InputError(fmt::format(
        "the box {},{},{},{} lies outside of what the network sees{}", box_.left, box_.top, box_.width, box_.height,
        geometry ? fmt::format(", of a picture of {} x {} pixels", geometry->width, geometry->height)
                 : fmt::format(", {} x {} pixels", width, height)));
  DetectorFormat format = format_;
  if (format.classes == 0) format.classes = static_cast<std::int64_t>(labels);
  std::vector<FoundBox> found;
  for (Detection& one : find_detections(output, seen, width, height, format)) found.push_back({seen, std::move(one)});
  return found;
}

}  // namespace whycam::cli
