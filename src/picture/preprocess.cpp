#include "whycam/picture/preprocess.h"

#include <algorithm>
#include <cmath>
#include <stdexcept>
#include <string>

#include "picture/resample.h"

namespace whycam::picture {
namespace {

struct Size {
  std::int64_t height, width;
};

std::string to_text(const Size& size) { return std::to_string(size.height) + " x " + std::to_string(size.width); }

Size resized_size(const Image& image, const Preprocessing& preprocessing) {
  if (!preprocessing.has_crop()) return {preprocessing.height, preprocessing.width};
  const std::int64_t shorter = preprocessing.height;
  if (image.width <= image.height) return {shorter * image.height / image.width, shorter};
  return {shorter, shorter * image.width / image.height};
}

/// Where the crop begins along one side. torchvision rounds with Python's round(): halves go to even.
int crop_offset(int size, int crop_size) { return static_cast<int>(std::nearbyint((size - crop_size) / 2.0)); }

Image crop_center(const Image& image, int height, int width) {
  if (height > image.height || width > image.width) {
    throw std::invalid_argument("a crop of " + to_text({height, width}) + " does not fit into the picture, " +
                                to_text({image.height, image.width}) + " after resizing");
  }
  const int top = crop_offset(image.height, height);
  const int left = crop_offset(image.width, width);
  Image result{height, width, image.channels, {}};
  result.pixels.reserve(static_cast<std::size_t>(height) * static_cast<std::size_t>(width * image.channels));
  for (int y = top; y < top + height; ++y) {
    const auto row = image.pixels.begin() + (std::ptrdiff_t{y} * image.width + left) * image.channels;
    result.pixels.insert(result.pixels.end(), row, row + std::ptrdiff_t{width} * image.channels);
  }
  return result;
}

void require_positive(int value, const char* name) {
  if (value < 1) throw std::invalid_argument(std::string(name) + " must be positive, not " + std::to_string(value));
}

void require_drawable(const Size& size) {
  // The first operand is checked alone so that the product cannot overflow.
  if (size.height > largest_pixel_count || size.width > largest_pixel_count ||
      size.height * size.width > largest_pixel_count) {
    throw std::invalid_argument("the resized picture would have " + to_text(size) + " pixels");
  }
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
    throw std::invalid_argument("a picture has 1 or 3 channels, but " + std::to_string(mean.size()) +
                                " means are given");
  }
  if (mean.size() != deviation.size()) {
    throw std::invalid_argument(std::to_string(mean.size()) + " means but " + std::to_string(deviation.size()) +
                                " standard deviations are given");
  }
  for (const float value : mean) {
    if (!std::isfinite(value)) throw std::invalid_argument("a mean is " + std::to_string(value));
  }
  for (const float value : deviation) {
    if (!std::isfinite(value) || value <= 0.0f) {
      throw std::invalid_argument("a standard deviation must be positive, not " + std::to_string(value));
    }
  }
}

Image resize_for_network(const Image& image, const Preprocessing& preprocessing) {
  require_valid(image);
  require_valid(preprocessing);
  if (image.channels != preprocessing.channels()) {
    throw std::invalid_argument("the picture has " + std::to_string(image.channels) + " channels, the preprocessing " +
                                std::to_string(preprocessing.channels()));
  }
  const Size size = resized_size(image, preprocessing);
  require_drawable(size);
  Image resized = resize_bilinear(image, static_cast<int>(size.height), static_cast<int>(size.width));
  if (!preprocessing.has_crop()) return resized;
  return crop_center(resized, preprocessing.crop_height, preprocessing.crop_width);
}

Array to_network_input(const Image& image, const Preprocessing& preprocessing) {
  return normalise(resize_for_network(image, preprocessing), preprocessing);
}

Array normalise(const Image& picture, const Preprocessing& preprocessing) {
  require_valid(picture);
  require_valid(preprocessing);
  if (picture.channels != preprocessing.channels())
    throw std::invalid_argument("the picture has " + std::to_string(picture.channels) +
                                " channels and the preprocessing " + std::to_string(preprocessing.channels()));
  const auto channels = static_cast<std::size_t>(picture.channels);
  Array input{{1, picture.channels, picture.height, picture.width}, {}};
  input.values.reserve(picture.pixels.size());
  for (std::size_t channel = 0; channel < channels; ++channel) {
    for (std::size_t i = channel; i < picture.pixels.size(); i += channels) {
      const float value = static_cast<float>(picture.pixels[i]) / 255.0f;
      input.values.push_back((value - preprocessing.mean[channel]) / preprocessing.standard_deviation[channel]);
    }
  }
  return input;
}

}  // namespace whycam::picture
