#include "whycam/picture/image.h"

#include <stdexcept>
#include <string>

#include "picture/container.h"
#include "picture/jpeg_codec.h"
#include "picture/png_codec.h"
#include "whycam/picture/decode.h"
#include "whycam/picture/errors.h"

namespace whycam::picture {
namespace {

namespace fs = std::filesystem;

/// What deflate can make of a byte at most.
constexpr double largest_expansion = 1032;

void require_channels(int channels) {
  if (channels != 1 && channels != 3) {
    throw std::invalid_argument("a picture has 1 or 3 channels, not " + std::to_string(channels));
  }
}

void require_sane_size(const fs::path& path, const Container& container) {
  const std::string size = std::to_string(container.width) + " x " + std::to_string(container.height);
  if (container.width < 1 || container.height < 1) {
    throw PictureError(path, "its header gives it a size of " + size + " pixels");
  }
  // A PNG header can claim sides whose product would not fit 64 bits if they were not divided here.
  if (container.width > largest_pixel_count / container.height) {
    throw PictureError(path, "its size of " + size + " pixels is more than whycam reads; make it smaller");
  }
  const double least_bytes =
      static_cast<double>(container.width) * static_cast<double>(container.height) * container.bits_per_pixel / 8;
  if (least_bytes > largest_expansion * (static_cast<double>(container.data_size) + 1)) {
    throw PictureError(path, "the picture is corrupt: its data is too short for " + size + " pixels");
  }
}

struct Colour {
  int red, green, blue;
};

int over_white(int value, int opacity) { return (value * opacity + 255 * (255 - opacity) + 127) / 255; }

/// One pixel, grey or RGB with or without opacity, as opaque colour.
Colour opaque_colour(const std::uint8_t* pixel, int channels) {
  const bool is_grey = channels < 3, has_opacity = channels % 2 == 0;
  const Colour colour = is_grey ? Colour{pixel[0], pixel[0], pixel[0]} : Colour{pixel[0], pixel[1], pixel[2]};
  if (!has_opacity) return colour;
  const int opacity = pixel[channels - 1];
  return {over_white(colour.red, opacity), over_white(colour.green, opacity), over_white(colour.blue, opacity)};
}

/// The ITU-R 601 weights in 1/65536, rounded as PIL rounds them, so that greys agree with it to the bit.
int luminance(const Colour& colour) {
  return (colour.red * 19595 + colour.green * 38470 + colour.blue * 7471 + 0x8000) >> 16;
}

Image convert(const Samples& samples, int channels) {
  Image image{samples.height, samples.width, channels, {}};
  const auto step = static_cast<std::size_t>(samples.channels);
  image.pixels.reserve(samples.values.size() / step * static_cast<std::size_t>(channels));
  for (std::size_t i = 0; i < samples.values.size(); i += step) {
    const Colour colour = opaque_colour(&samples.values[i], samples.channels);
    if (channels == 1) {
      image.pixels.push_back(static_cast<std::uint8_t>(luminance(colour)));
    } else {
      for (const int level : {colour.red, colour.green, colour.blue}) {
        image.pixels.push_back(static_cast<std::uint8_t>(level));
      }
    }
  }
  return image;
}

}  // namespace

void require_valid(const Image& image) {
  require_channels(image.channels);
  const std::string size = std::to_string(image.height) + " x " + std::to_string(image.width);
  if (image.height < 1 || image.width < 1) throw std::invalid_argument("a picture has the size " + size);
  const auto expected = std::int64_t{image.height} * image.width * image.channels;
  if (expected != static_cast<std::int64_t>(image.pixels.size())) {
    throw std::invalid_argument("a picture of " + size + " x " + std::to_string(image.channels) + " has " +
                                std::to_string(image.pixels.size()) + " values");
  }
}

Image decode_image(const fs::path& path, Bytes bytes, int channels) {
  require_channels(channels);
  const Container container = inspect_container(path, std::move(bytes));
  require_sane_size(path, container);
  const bool is_jpeg = container.format == Container::Format::jpeg;
  return convert(is_jpeg ? decode_jpeg(path, container.bytes) : decode_png(path, container.bytes), channels);
}

Image read_image(const fs::path& path, int channels) {
  require_channels(channels);
  return decode_image(path, read_file(path), channels);
}

Bytes encode_png(const Image& image) {
  require_valid(image);
  return compress_png(image);
}

Bytes encode_jpeg(const Image& image, int quality) {
  require_valid(image);
  if (quality < 1 || quality > 100)
    throw std::invalid_argument("a JPEG's quality is from 1 to 100, not " + std::to_string(quality));
  return compress_jpeg(image, quality);
}

void write_image(const fs::path& path, const Image& image) { write_file(path, encode_png(image)); }

}  // namespace whycam::picture
