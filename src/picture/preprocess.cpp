#include "whycam/picture/preprocess.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <string>
#include <utility>

#include "picture/resample.h"

namespace whycam::picture {
namespace {

struct Size {
  std::int64_t height, width;
};

std::string to_text(const Size& size) { return std::to_string(size.height) + " x " + std::to_string(size.width); }

Size resized_size(int height, int width, const Preprocessing& preprocessing) {
  if (!preprocessing.has_crop()) return {preprocessing.height, preprocessing.width};
  const std::int64_t shorter = preprocessing.height;
  if (width <= height) return {shorter * height / width, shorter};
  return {shorter, shorter * width / height};
}

/// Where the crop begins along one side. torchvision rounds with Python's round(): halves go to even.
int crop_offset(int size, int crop_size) { return static_cast<int>(std::nearbyint((size - crop_size) / 2.0)); }

void require_positive(int value, const char* name) {
  if (value < 1) throw InputError(std::string(name) + " must be positive, not " + std::to_string(value));
}

void require_drawable(const Size& size) {
  // The first operand is checked alone so that the product cannot overflow.
  if (size.height > largest_pixel_count || size.width > largest_pixel_count ||
      size.height * size.width > largest_pixel_count) {
    throw InputError("the resized picture would have " + to_text(size) + " pixels");
  }
}

template <typename Level>
Levels<Level> cropped(Levels<Level> picture, const Geometry& part) {
  if (part.seen_height == picture.height && part.seen_width == picture.width) return picture;
  Levels<Level> result{part.seen_height, part.seen_width, picture.channels, {}};
  for (int y = part.top; y < part.top + part.seen_height; ++y) {
    const auto row = picture.values.begin() + (std::ptrdiff_t{y} * picture.width + part.left) * picture.channels;
    result.values.insert(result.values.end(), row, row + std::ptrdiff_t{part.seen_width} * picture.channels);
  }
  return result;
}

/// Resizes and cuts out what a network sees.
template <typename Level>
Levels<Level> seen_of(Levels<Level> picture, const Geometry& part) {
  return cropped(resize_bilinear(std::move(picture), part.resized_height, part.resized_width), part);
}

/// (level / highest - mean) / standard deviation, 1 x C x H x W.
template <typename Level>
Array normalised(const Levels<Level>& picture, const Preprocessing& preprocessing) {
  constexpr float highest = std::numeric_limits<Level>::max();
  const auto channels = static_cast<std::size_t>(picture.channels);
  Array input{{1, picture.channels, picture.height, picture.width}, {}};
  input.values.reserve(picture.values.size());
  for (std::size_t channel = 0; channel < channels; ++channel)
    for (std::size_t i = channel; i < picture.values.size(); i += channels)
      input.values.push_back((static_cast<float>(picture.values[i]) / highest - preprocessing.mean[channel]) /
                             preprocessing.standard_deviation[channel]);
  return input;
}

void require_channels(const Image& image, const Preprocessing& preprocessing) {
  if (image.channels != preprocessing.channels())
    throw InputError("the picture has " + std::to_string(image.channels) + " channels, the preprocessing " +
                     std::to_string(preprocessing.channels()));
}

/// From the smallest level to the largest, so that few levels among many are seen.
Image stretched(const Levels<std::uint16_t>& picture) {
  Image image{picture.height, picture.width, picture.channels, {}};
  const auto [least, most] = std::minmax_element(picture.values.begin(), picture.values.end());
  const double from = *least, range = std::max(1, *most - *least);
  image.pixels.reserve(picture.values.size());
  for (const std::uint16_t level : picture.values)
    image.pixels.push_back(static_cast<std::uint8_t>(std::lround(255 * (level - from) / range)));
  return image;
}

}  // namespace

void require_valid(const Preprocessing& preprocessing) {
  require_positive(preprocessing.height, "the height");
  require_positive(preprocessing.width, "the width");
  if (preprocessing.has_crop()) {
    require_positive(preprocessing.crop_height, "the crop's height");
    require_positive(preprocessing.crop_width, "the crop's width");
  }
  const std::vector<float>& mean = preprocessing.mean;
  const std::vector<float>& deviation = preprocessing.standard_deviation;
  if (mean.size() != 1 && mean.size() != 3) {
    throw InputError("a picture has 1 or 3 channels, but " + std::to_string(mean.size()) + " means are given");
  }
  if (mean.size() != deviation.size()) {
    throw InputError(std::to_string(mean.size()) + " means but " + std::to_string(deviation.size()) +
                     " standard deviations are given");
  }
  for (const float value : mean) {
    if (!std::isfinite(value)) throw InputError("a mean is " + std::to_string(value));
  }
  for (const float value : deviation) {
    if (!std::isfinite(value) || value <= 0.0f) {
      throw InputError("a standard deviation must be positive, not " + std::to_string(value));
    }
  }
}

Geometry geometry_of(int height, int width, const Preprocessing& preprocessing) {
  require_valid(preprocessing);
  require_positive(height, "the picture's height");
  require_positive(width, "the picture's width");
  const Size size = resized_size(height, width, preprocessing);
  require_drawable(size);
  Geometry part;
  part.height = height;
  part.width = width;
  part.resized_height = part.seen_height = static_cast<int>(size.height);
  part.resized_width = part.seen_width = static_cast<int>(size.width);
  if (!preprocessing.has_crop()) return part;
  const Size crop{preprocessing.crop_height, preprocessing.crop_width};
  if (crop.height > size.height || crop.width > size.width)
    throw InputError("a crop of " + to_text(crop) + " does not fit into the picture, " + to_text(size) +
                     " after resizing");
  part.seen_height = preprocessing.crop_height;
  part.seen_width = preprocessing.crop_width;
  part.top = crop_offset(part.resized_height, part.seen_height);
  part.left = crop_offset(part.resized_width, part.seen_width);
  return part;
}

Image resize_for_network(const Image& image, const Preprocessing& preprocessing) {
  require_valid(image);
  require_valid(preprocessing);
  require_channels(image, preprocessing);
  const Geometry part = geometry_of(image.height, image.width, preprocessing);
  Levels<std::uint8_t> seen = seen_of<std::uint8_t>({image.height, image.width, image.channels, image.pixels}, part);
  return {seen.height, seen.width, seen.channels, std::move(seen.values)};
}

Array to_network_input(const Image& image, const Preprocessing& preprocessing) {
  return normalise(resize_for_network(image, preprocessing), preprocessing);
}

Array normalise(const Image& picture, const Preprocessing& preprocessing) {
  require_valid(picture);
  require_valid(preprocessing);
  require_channels(picture, preprocessing);
  return normalised<std::uint8_t>({picture.height, picture.width, picture.channels, picture.pixels}, preprocessing);
}

Seen see(const Photo& photo, const Preprocessing& preprocessing) {
  const Image& image = photo.image;
  if (photo.levels.empty()) {
    Image picture = resize_for_network(image, preprocessing);
    Array input = normalise(picture, preprocessing);
    return {std::move(picture), std::move(input), geometry_of(image.height, image.width, preprocessing)};
  }
  require_valid(image);
  require_valid(preprocessing);
  require_channels(image, preprocessing);
  if (photo.levels.size() != image.pixels.size())
    throw InputError("a photo has " + std::to_string(photo.levels.size()) + " levels of 16 bits and " +
                     std::to_string(image.pixels.size()) + " of 8");
  const Geometry part = geometry_of(image.height, image.width, preprocessing);
  const auto seen = seen_of<std::uint16_t>({image.height, image.width, image.channels, photo.levels}, part);
  return {stretched(seen), normalised(seen, preprocessing), part};
}

}  // namespace whycam::picture
