#include "whycam/picture/geometry.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <string>

#include "whycam/picture/render.h"

namespace whycam::picture {
namespace {

/// Where a pixel of the original lies in a map: between two of its values, or outside.
struct Place {
  bool inside = false;
  std::int64_t first = 0, second = 0;
  double share = 0;  ///< of the second
};

/// The places of all pixels along one side. `first` and `seen` are of the crop, in the resized picture.
std::vector<Place> places(int original, int resized, int first, int seen, std::int64_t map_size) {
  std::vector<Place> all(static_cast<std::size_t>(original));
  for (int pixel = 0; pixel < original; ++pixel) {
    const double centre = (pixel + 0.5) * resized / original - first;  // in the crop
    if (centre < 0 || centre >= seen) continue;
    const double place =
        std::clamp(centre * static_cast<double>(map_size) / seen - 0.5, 0.0, static_cast<double>(map_size - 1));
    const auto before = static_cast<std::int64_t>(place);
    all[static_cast<std::size_t>(pixel)] = {true, before, std::min(before + 1, map_size - 1),
                                            place - static_cast<double>(before)};
  }
  return all;
}

double between(const Place& place, double first, double second) {
  return place.share == 0 ? first : first + place.share * (second - first);  // what is not finite spreads no further
}

}  // namespace

Rectangle Geometry::crop_in_original() const {
  const double x = static_cast<double>(width) / resized_width, y = static_cast<double>(height) / resized_height;
  return {left * x, top * y, seen_width * x, seen_height * y};
}

Rectangle Geometry::to_seen(const Rectangle& box) const {
  const double x = static_cast<double>(resized_width) / width, y = static_cast<double>(resized_height) / height;
  return {box.left * x - left, box.top * y - top, box.width * x, box.height * y};
}

Rectangle Geometry::to_original(const Rectangle& box) const {
  const double x = static_cast<double>(width) / resized_width, y = static_cast<double>(height) / resized_height;
  return {(box.left + left) * x, (box.top + top) * y, box.width * x, box.height * y};
}

Array Geometry::to_original(const Array& map) const {
  if (map.shape.size() < 2) throw InputError("a map has a height and a width, and this one has not");
  if (!is_consistent(map) || map.values.empty())
    throw InputError("a map has " + std::to_string(map.values.size()) + " values, which its shape does not");
  const std::int64_t map_height = *(map.shape.end() - 2), map_width = map.shape.back();
  const std::vector<Place> rows = places(height, resized_height, top, seen_height, map_height),
                           columns = places(width, resized_width, left, seen_width, map_width);
  Array result{map.shape, {}};
  *(result.shape.end() - 2) = height;
  result.shape.back() = width;
  result.values.reserve(static_cast<std::size_t>(element_count(result.shape)));
  const std::int64_t plane = map_height * map_width;
  for (const float* values = map.values.data(); values != map.values.data() + map.values.size(); values += plane) {
    for (const Place& y : rows) {
      const float *upper = values + y.first * map_width, *lower = values + y.second * map_width;
      for (const Place& x : columns)
        result.values.push_back(y.inside && x.inside
                                    ? static_cast<float>(between(y, between(x, upper[x.first], upper[x.second]),
                                                                 between(x, lower[x.first], lower[x.second])))
                                    : std::numeric_limits<float>::quiet_NaN());
    }
  }
  return result;
}

Image overlay_on_original(const Image& original, const Array& map, const Geometry& geometry, ColourMap colours,
                          double alpha) {
  if (map.shape.size() != 2) throw InputError("an overlay takes a map of H x W");
  Image drawn = overlay(original, geometry.to_original(map), colours, alpha);
  const Geometry& g = geometry;
  const std::vector<Place> rows = places(g.height, g.resized_height, g.top, g.seen_height, map.shape[0]),
                           columns = places(g.width, g.resized_width, g.left, g.seen_width, map.shape[1]);
  const auto channels = static_cast<std::size_t>(original.channels);
  std::size_t pixel = 0;
  for (const Place& y : rows)
    for (const Place& x : columns) {
      for (std::size_t channel = 0; channel < 3 && !(y.inside && x.inside); ++channel)
        drawn.pixels[3 * pixel + channel] = original.pixels[pixel * channels + (channels == 3 ? channel : 0)];
      ++pixel;
    }
  return drawn;
}

}  // namespace whycam::picture
