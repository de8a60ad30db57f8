#include "picture/resample.h"

#include <algorithm>
#include <cmath>

namespace whycam::picture {
namespace {

// PIL keeps weights as integers with this many fractional bits; with others, ties round differently.
constexpr int fraction_bits = 22;

/// The run of source positions that makes one position of the result, and their weights.
struct Taps {
  int first;
  std::vector<int> weights;
};

double triangle(double distance) { return std::max(0.0, 1.0 - std::abs(distance)); }

std::vector<Taps> make_taps(int source_size, int result_size) {
  const double scale = static_cast<double>(source_size) / result_size;
  const double reach = std::max(1.0, scale);
  std::vector<Taps> taps;
  taps.reserve(static_cast<std::size_t>(result_size));
  for (int position = 0; position < result_size; ++position) {
    const double center = (position + 0.5) * scale;
    const int first = std::max(0, static_cast<int>(center - reach + 0.5));
    const int last = std::min(source_size, static_cast<int>(center + reach + 0.5));
    std::vector<double> shares;
    double total = 0.0;
    for (int source = first; source < last; ++source) {
      shares.push_back(triangle((source - center + 0.5) * (1.0 / reach)));
      total += shares.back();
    }
    std::vector<int> weights;
    for (const double share : shares) {
      weights.push_back(static_cast<int>(0.5 + share / total * (1 << fraction_bits)));
    }
    taps.push_back({first, std::move(weights)});
  }
  return taps;
}

std::uint8_t to_level(int sum) { return static_cast<std::uint8_t>(std::min(255, sum >> fraction_bits)); }

/// One weighted sum over values that are `stride` apart.
std::uint8_t apply(const Taps& taps, const std::uint8_t* line, std::size_t stride) {
  int sum = 1 << (fraction_bits - 1);
  const std::uint8_t* value = line + static_cast<std::size_t>(taps.first) * stride;
  for (const int weight : taps.weights) {
    sum += *value * weight;
    value += stride;
  }
  return to_level(sum);
}

Image resize_width(const Image& image, int width) {
  const std::vector<Taps> taps = make_taps(image.width, width);
  Image result{image.height, width, image.channels, {}};
  const auto channels = static_cast<std::size_t>(image.channels);
  const std::size_t row_size = static_cast<std::size_t>(image.width) * channels;
  result.pixels.reserve(static_cast<std::size_t>(image.height) * taps.size() * channels);
  for (std::size_t row = 0; row < image.pixels.size(); row += row_size) {
    for (const Taps& tap : taps) {
      for (std::size_t channel = 0; channel < channels; ++channel) {
        result.pixels.push_back(apply(tap, &image.pixels[row + channel], channels));
      }
    }
  }
  return result;
}

Image resize_height(const Image& image, int height) {
  const std::vector<Taps> taps = make_taps(image.height, height);
  Image result{height, image.width, image.channels, {}};
  const std::size_t row_size = static_cast<std::size_t>(image.width) * static_cast<std::size_t>(image.channels);
  result.pixels.reserve(taps.size() * row_size);
  for (const Taps& tap : taps) {
    for (std::size_t column = 0; column < row_size; ++column) {
      result.pixels.push_back(apply(tap, &image.pixels[column], row_size));
    }
  }
  return result;
}

}  // namespace

Image resize_bilinear(const Image& image, int height, int width) {
  // Rounding to 8 bits between the passes, in this order, is part of what PIL does.
  Image result = width == image.width ? image : resize_width(image, width);
  return height == result.height ? result : resize_height(result, height);
}

}  // namespace whycam::picture
