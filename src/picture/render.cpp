#include "whycam/picture/render.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <string>

namespace whycam::picture {
namespace {

std::string to_text(const std::vector<std::int64_t>& shape) {
  std::string text;
  for (const std::int64_t axis : shape) text += (text.empty() ? "" : " x ") + std::to_string(axis);
  return shape.empty() ? "a scalar" : text;
}

void require_shape(const Array& array, std::size_t rank, const char* layout) {
  if (array.shape.size() != rank) {
    throw InputError("an array " + std::string(layout) + " is needed, not " + to_text(array.shape));
  }
  if (!is_consistent(array)) {
    throw InputError("an array of " + to_text(array.shape) + " has " + std::to_string(array.values.size()) + " values");
  }
  if (array.values.empty()) throw InputError("an array of " + to_text(array.shape) + " is empty");
}

double finite_or_zero(double value) { return std::isfinite(value) ? value : 0.0; }

std::uint8_t to_level(double value) { return static_cast<std::uint8_t>(std::lround(value)); }

/// What is drawn of a tensor C x H x W: H x W x channels values.
struct Drawing {
  int height, width, channels;
  std::vector<double> values;
};

Drawing channels_to_draw(const Array& tensor) {
  require_shape(tensor, 3, "C x H x W");
  if (tensor.shape[1] > largest_pixel_count || tensor.shape[2] > largest_pixel_count) {
    throw InputError("an array of " + to_text(tensor.shape) + " is too large for a picture");
  }
  const bool is_colour = tensor.shape[0] == 3;
  Drawing drawing{static_cast<int>(tensor.shape[1]), static_cast<int>(tensor.shape[2]), is_colour ? 3 : 1, {}};
  const std::size_t channels = static_cast<std::size_t>(tensor.shape[0]);
  const std::size_t plane = tensor.values.size() / channels;
  for (std::size_t i = 0; i < plane; ++i) {
    double sum = 0.0;
    for (std::size_t channel = 0; channel < channels; ++channel) {
      const double value = tensor.values[channel * plane + i];
      if (is_colour) drawing.values.push_back(value);
      sum += value;
    }
    if (!is_colour) drawing.values.push_back(sum / static_cast<double>(channels));
  }
  return drawing;
}

template <typename ToLevel>
Image draw(const Drawing& drawing, const ToLevel& level_of) {
  Image image{drawing.height, drawing.width, drawing.channels, {}};
  image.pixels.reserve(drawing.values.size());
  for (const double value : drawing.values) image.pixels.push_back(level_of(value));
  return image;
}

double shown(double value, Sign sign) {
  const double finite = finite_or_zero(value);
  switch (sign) {
    case Sign::positive:
      return std::max(finite, 0.0);
    case Sign::absolute:
      return std::abs(finite);
    case Sign::all:
      break;
  }
  return finite;
}

/// The smallest magnitude that at least `percentile` percent of the magnitudes do not exceed, zeros left
/// out. 1 if there are only zeros, so that it can always be divided by.
double magnitude_percentile(const std::vector<double>& values, double percentile) {
  std::vector<double> magnitudes;
  for (const double value : values) {
    if (value != 0.0) magnitudes.push_back(std::abs(value));
  }
  if (magnitudes.empty()) return 1.0;
  const double rank = std::ceil(percentile / 100.0 * static_cast<double>(magnitudes.size()));
  const auto nth = magnitudes.begin() + static_cast<std::ptrdiff_t>(std::max(rank, 1.0)) - 1;
  std::nth_element(magnitudes.begin(), nth, magnitudes.end());
  return *nth;
}

}  // namespace

namespace {

void require_alpha(double alpha) {
  if (!(alpha >= 0.0 && alpha <= 1.0)) throw InputError("alpha must be from 0 to 1, not " + std::to_string(alpha));
}

void require_size_of(const Image& base, const Array& map, const char* what) {
  require_shape(map, 2, "H x W");
  if (map.shape[0] != base.height || map.shape[1] != base.width)
    throw InputError(what + (" of " + to_text(map.shape)) + " cannot be laid over a picture of " +
                     to_text({base.height, base.width}));
}

/// What the values of a map are divided by: its maximum, or 1 where nothing is above 0.
double scale_of(const Array& map) {
  double maximum = 0.0;
  for (const float value : map.values) maximum = std::max(maximum, finite_or_zero(value));
  return maximum > 0.0 ? maximum : 1.0;
}

/// `alpha_at` gives the opacity of each place.
template <typename AlphaAt>
Image blended(const Image& base, const Array& map, const ColourTable& colours, const AlphaAt& alpha_at) {
  require_valid(base);
  require_size_of(base, map, "a map");
  const double scale = scale_of(map);

  Image image{base.height, base.width, 3, {}};
  image.pixels.reserve(3 * map.values.size());
  const auto channels = static_cast<std::size_t>(base.channels);
  for (std::size_t i = 0; i < map.values.size(); ++i) {
    const Rgb colour = colour_at(colours, finite_or_zero(map.values[i]) / scale);
    const double alpha = alpha_at(i);
    for (std::size_t channel = 0; channel < 3; ++channel) {
      const double below = base.pixels[i * channels + (channels == 3 ? channel : 0)];
      image.pixels.push_back(to_level(alpha * colour[channel] + (1.0 - alpha) * below));
    }
  }
  return image;
}

void require_percentile(double percentile) {
  if (!(percentile > 0.0 && percentile <= 100.0))
    throw InputError("the percentile must be above 0 and at most 100, not " + std::to_string(percentile));
}

}  // namespace

Photo grey_map(const Array& map) {
  require_shape(map, 2, "H x W");
  if (map.shape[0] > largest_pixel_count || map.shape[1] > largest_pixel_count)
    throw InputError("an array of " + to_text(map.shape) + " is too large for a picture");
  const double scale = scale_of(map);
  Photo photo{{static_cast<int>(map.shape[0]), static_cast<int>(map.shape[1]), 1, {}}, {}};
  for (const float value : map.values) {
    const double share = std::max(finite_or_zero(value), 0.0) / scale;
    photo.levels.push_back(static_cast<std::uint16_t>(std::lround(65535.0 * share)));
    photo.image.pixels.push_back(static_cast<std::uint8_t>(photo.levels.back() >> 8));
  }
  return photo;
}

Image overlay(const Image& base, const Array& map, ColourMap colours, double alpha) {
  return overlay(base, map, colour_table(colours), alpha);
}

Image overlay(const Image& base, const Array& map, const ColourTable& colours, double alpha) {
  require_alpha(alpha);
  return blended(base, map, colours, [alpha](std::size_t) { return alpha; });
}

Image overlay(const Image& base, const Array& map, const ColourTable& colours, const Array& alpha) {
  require_valid(base);
  require_size_of(base, alpha, "an alpha map");
  for (const float value : alpha.values) require_alpha(value);
  return blended(base, map, colours, [&alpha](std::size_t place) -> double { return alpha.values[place]; });
}

Image diverging_map(const Array& map, const ColourTable& colours, double percentile) {
  require_percentile(percentile);
  require_shape(map, 3, "C x H x W");
  const std::size_t channels = static_cast<std::size_t>(map.shape[0]), plane = map.values.size() / channels;
  Array mean{{1, map.shape[1], map.shape[2]}, std::vector<float>(plane)};
  for (std::size_t i = 0; i < map.values.size(); ++i)
    mean.values[i % plane] += static_cast<float>(finite_or_zero(map.values[i]) / static_cast<double>(channels));
  const Drawing drawing = channels_to_draw(mean);
  const double scale = magnitude_percentile(drawing.values, percentile);
  Image image{drawing.height, drawing.width, 3, {}};
  image.pixels.reserve(3 * drawing.values.size());
  for (const double value : drawing.values) {
    const Rgb colour = colour_at(colours, 0.5 + 0.5 * std::clamp(value / scale, -1.0, 1.0));
    image.pixels.insert(image.pixels.end(), colour.begin(), colour.end());
  }
  return image;
}

Image signed_map(const Array& map, const SignedMapOptions& options) {
  require_percentile(options.percentile);
  Drawing drawing = channels_to_draw(map);
  for (double& value : drawing.values) value = shown(value, options.sign);
  const double scale = magnitude_percentile(drawing.values, options.percentile);
  const bool is_signed = options.sign == Sign::all;
  return draw(drawing, [&](double value) {
    const double share = std::clamp(value / scale, -1.0, 1.0);
    if (!is_signed) return to_level(255.0 * share);
    return static_cast<std::uint8_t>(128 + std::lround(127.0 * share));  // symmetric around 128
  });
}

Image picture_of_tensor(const Array& tensor) {
  const Drawing drawing = channels_to_draw(tensor);
  double smallest = std::numeric_limits<double>::infinity();
  double largest = -smallest;
  for (const double value : drawing.values) {
    if (!std::isfinite(value)) continue;
    smallest = std::min(smallest, value);
    largest = std::max(largest, value);
  }
  return draw(drawing, [&](double value) -> std::uint8_t {
    if (!std::isfinite(value)) return 0;
    if (smallest == largest) return 128;
    return to_level(255.0 * (value - smallest) / (largest - smallest));
  });
}

}  // namespace whycam::picture
