// Draws SVG.
#pragma once

#include <string>

#include "whycam/picture/colour.h"
#include "whycam/picture/image.h"
#include "whycam/picture/svg.h"

namespace whycam::picture {

/// Coordinates are in pixels, from the upper left corner. Colours are SVG's: "#282828".
class Canvas {
 public:
  static constexpr int text_size = 13;

  /// White.
  Canvas(int width, int height);

  /// `where` is which end of the text lies at x ("start", "middle" or "end"); y is its baseline. Characters that are no
  /// UTF-8 or that XML does not allow become U+FFFD. A text that may be longer than `width` is cut.
  void text(double x, double y, const std::string& text, const char* where = "start", double width = 1e9);
  void line(double x, double y, double to_x, double to_y, const std::string& colour);
  /// Lines from point to point, given as an SVG path.
  void path(const std::string& points, const std::string& colour, bool dashed);
  void dot(double x, double y, const std::string& colour);
  void picture(int x, int y, const Image& image);

  Svg finish() &&;

 private:
  Svg svg_;
};

/// About how wide a text is at most, in most fonts; they differ.
double text_width(const std::string& text);

/// A number as SVG takes it, whatever the locale is.
std::string number_text(double value, int digits = 6);

std::string colour_text(const Rgb& colour);

}  // namespace whycam::picture
