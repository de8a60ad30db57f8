#include "whycam/picture/signal.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <string>

namespace whycam::picture {
namespace {

constexpr int panel_height = 96, gap = 4, least_width = 640, most_width = 1280;
constexpr double half_line = 0.8, inner = panel_height - 8;
constexpr double ink = 24;  // the curve's level

void require_signal(const Array& signal) {
  if (signal.shape.size() != 2 || signal.values.empty() || !is_consistent(signal))
    throw InputError("a signal is an array C x L with a value at least");
  if (signal.shape[1] > largest_pixel_count) throw InputError("a signal is too long to be drawn");
}

/// One channel, scaled to rows of a panel.
class Curve {
 public:
  Curve(const float* values, std::int64_t length) : values_(values), length_(length) {
    double least = std::numeric_limits<double>::infinity(), most = -least;
    for (std::int64_t i = 0; i < length; ++i)
      if (std::isfinite(values[i])) {
        least = std::min(least, static_cast<double>(values[i]));
        most = std::max(most, static_cast<double>(values[i]));
      }
    most_ = most;
    scale_ = most > least ? inner / (most - least) : 0;
  }

  /// From which row to which the curve passes between two places; false where it is nowhere.
  bool rows(double from, double to, double& upper, double& lower) const {
    upper = std::numeric_limits<double>::infinity();
    lower = -upper;
    const auto take = [&](double value) {
      if (!std::isfinite(value)) return;
      const double row = scale_ > 0 ? 4 + (most_ - value) * scale_ : panel_height / 2.0;
      upper = std::min(upper, row);
      lower = std::max(lower, row);
    };
    take(at(from));
    take(at(to));
    for (auto i = static_cast<std::int64_t>(std::ceil(from)); i < length_ && static_cast<double>(i) <= to; ++i)
      if (i >= 0) take(values_[i]);
    return upper <= lower;
  }

 private:
  double at(double place) const {
    place = std::clamp(place, 0.0, static_cast<double>(length_ - 1));
    const auto i = static_cast<std::int64_t>(place);
    const double share = place - static_cast<double>(i);
    return share == 0 ? values_[i] : (1 - share) * values_[i] + share * values_[i + 1];
  }

  const float* values_;
  std::int64_t length_;
  double most_ = 0, scale_ = 0;
};

/// How wide the drawing is: whole columns a value, or whole values a column where there are many.
int width_of(std::int64_t length) {
  if (length >= most_width) return most_width;
  return static_cast<int>(length * ((least_width + length - 1) / length));
}

void draw_curve(const Curve& curve, std::int64_t length, int top, Image& image) {
  const double values_a_column = static_cast<double>(length) / image.width;
  for (int x = 0; x < image.width; ++x) {
    double upper = 0, lower = 0;
    if (!curve.rows(x * values_a_column - 0.5, (x + 1) * values_a_column - 0.5, upper, lower)) continue;
    for (int y = 0; y < panel_height; ++y) {
      const double cover = std::min(y + 1.0, lower + half_line) - std::max<double>(y, upper - half_line);
      if (cover <= 0) continue;
      const auto pixel =
          3 * (static_cast<std::size_t>(top + y) * static_cast<std::size_t>(image.width) + static_cast<std::size_t>(x));
      for (std::size_t channel = pixel; channel < pixel + 3; ++channel)
        image.pixels[channel] =
            static_cast<std::uint8_t>(std::lround(cover * ink + (1 - cover) * image.pixels[channel]));
    }
  }
}

/// The curves on a background of RGB, 1 x L for all channels or C x L.
Image drawn_on(const Image& background, const Array& signal) {
  const std::int64_t channels = std::min(signal.shape[0], most_channels_drawn), length = signal.shape[1];
  Image image{static_cast<int>(channels) * (panel_height + gap) - gap, width_of(length), 3, {}};
  image.pixels.assign(static_cast<std::size_t>(image.height) * static_cast<std::size_t>(image.width) * 3, 255);
  for (int channel = 0; channel < channels; ++channel) {
    const int top = channel * (panel_height + gap), from = background.height == 1 ? 0 : channel;
    auto to = image.pixels.begin() + std::ptrdiff_t{top} * image.width * 3;
    for (int y = 0; y < panel_height; ++y)
      for (int x = 0; x < image.width; ++x, to += 3) {
        const auto place =
            std::min(length - 1, static_cast<std::int64_t>((x + 0.5) * static_cast<double>(length) / image.width));
        std::copy_n(background.pixels.begin() + 3 * (from * length + place), 3, to);
      }
    draw_curve(Curve(&signal.values[static_cast<std::size_t>(channel * length)], length), length, top, image);
  }
  return image;
}

Image white(std::int64_t width) {
  return {1, static_cast<int>(width), 3, std::vector<std::uint8_t>(static_cast<std::size_t>(3 * width), 255)};
}

/// From white to red for positive values, to blue for negative ones.
Image in_two_colours(const Image& grey, Sign sign) {
  Image image{grey.height, grey.width, 3, {}};
  for (const std::uint8_t level : grey.pixels) {
    const double value = sign == Sign::all ? (level - 128) / 127.0 : level / 255.0;
    const auto faded = static_cast<std::uint8_t>(std::lround(255 - 215 * std::abs(value)));
    const std::uint8_t full = 240;
    const Rgb colour = value > 0   ? Rgb{std::max(full, faded), faded, faded}
                       : value < 0 ? Rgb{faded, faded, std::max(full, faded)}
                                   : Rgb{255, 255, 255};
    image.pixels.insert(image.pixels.end(), colour.begin(), colour.end());
  }
  return image;
}

}  // namespace

Image signal_picture(const Array& signal) {
  require_signal(signal);
  return drawn_on(white(signal.shape[1]), signal);
}

Image signal_overlay(const Array& signal, const Array& map, ColourMap colours, double alpha) {
  require_signal(signal);
  if (map.shape != std::vector<std::int64_t>{signal.shape[1]})
    throw InputError("a map of a signal has one value for each of its " + std::to_string(signal.shape[1]));
  return drawn_on(overlay(white(signal.shape[1]), {{1, signal.shape[1]}, map.values}, colours, alpha), signal);
}

Image signal_map(const Array& signal, const Array& map, const SignedMapOptions& options) {
  require_signal(signal);
  if (map.shape != signal.shape) throw InputError("a signed map of a signal has the signal's shape");
  const Image grey = signed_map({{1, map.shape[0], map.shape[1]}, map.values}, options);
  return drawn_on(in_two_colours(grey, options.sign), signal);
}

}  // namespace whycam::picture
