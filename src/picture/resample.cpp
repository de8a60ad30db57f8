#include "picture/resample.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <type_traits>
#include <utility>

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

/// One weighted sum over values that are `stride` apart.
template <typename Level>
Level apply(const Taps& taps, const Level* line, std::size_t stride) {
  using Sum = std::conditional_t<sizeof(Level) == 1, int, std::int64_t>;
  Sum sum = Sum{1} << (fraction_bits - 1);
  const Level* value = line + static_cast<std::size_t>(taps.first) * stride;
  for (const int weight : taps.weights) {
    sum += *value * static_cast<Sum>(weight);
    value += stride;
  }
  return static_cast<Level>(std::min(Sum{std::numeric_limits<Level>::max()}, sum >> fraction_bits));
}

template <typename Level>
Levels<Level> resize_width(const Levels<Level>& picture, int width) {
  const std::vector<Taps> taps = make_taps(picture.width, width);
  Levels<Level> result{picture.height, width, picture.channels, {}};
  const auto channels = static_cast<std::size_t>(picture.channels);
  const std::size_t row_size = static_cast<std::size_t>(picture.width) * channels;
  result.values.reserve(static_cast<std::size_t>(picture.height) * taps.size() * channels);
  for (std::size_t row = 0; row < picture.values.size(); row += row_size) {
    for (const Taps& tap : taps) {
      for (std::size_t channel = 0; channel < channels; ++channel) {
        result.values.push_back(apply(tap, &picture.values[row + channel], channels));
      }
    }
  }
  return result;
}

template <typename Level>
Levels<Level> resize_height(const Levels<Level>& picture, int height) {
  const std::vector<Taps> taps = make_taps(picture.height, height);
  Levels<Level> result{height, picture.width, picture.channels, {}};
  const std::size_t row_size = static_cast<std::size_t>(picture.width) * static_cast<std::size_t>(picture.channels);
  result.values.reserve(taps.size() * row_size);
  for (const Taps& tap : taps) {
    for (std::size_t column = 0; column < row_size; ++column) {
      result.values.push_back(apply(tap, &picture.values[column], row_size));
    }
  }
  return result;
}

}  // namespace

template <typename Level>
Levels<Level> resize_bilinear(Levels<Level> picture, int height, int width) {
  // Rounding to whole levels between the passes, in this order, is part of what PIL does.
  if (width != picture.width) picture = resize_width(picture, width);
  return height == picture.height ? std::move(picture) : resize_height(picture, height);
}

template Levels<std::uint8_t> resize_bilinear(Levels<std::uint8_t>, int, int);
template Levels<std::uint16_t> resize_bilinear(Levels<std::uint16_t>, int, int);

}  // namespace whycam::picture
