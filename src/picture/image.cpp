#include "whycam/picture/image.h"

#include <limits>
#include <opencv2/core.hpp>
#include <opencv2/core/utils/logger.hpp>
#include <opencv2/imgcodecs.hpp>
#include <stdexcept>
#include <string>

#include "picture/container.h"
#include "whycam/picture/errors.h"

namespace whycam::picture {
namespace {

namespace fs = std::filesystem;

/// OpenCV logs to the standard streams, which belong to the program and not to a library.
void silence_opencv() {
  static const auto previous_level = cv::utils::logging::setLogLevel(cv::utils::logging::LOG_LEVEL_SILENT);
  static_cast<void>(previous_level);
}

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
  if (container.bytes.size() > static_cast<std::size_t>(std::numeric_limits<int>::max())) {
    throw PictureError(path, "the file is larger than 2 GiB; make it smaller");
  }
}

cv::Mat decode(const fs::path& path, const Container& container) {
  // Only the unchanged mode keeps the transparency of a PNG, and only the colour mode turns a JPEG upright
  // and converts its CMYK.
  const bool is_jpeg = container.format == Container::Format::jpeg;
  cv::Mat pixels;
  std::string detail = "the decoder refuses its content";
  try {
    silence_opencv();
    pixels = cv::imdecode(container.bytes, is_jpeg ? cv::IMREAD_COLOR : cv::IMREAD_UNCHANGED);
  } catch (const cv::Exception& exception) {
    pixels.release();
    detail = exception.err;
  }
  if (pixels.empty()) throw PictureError(path, "the picture is corrupt: " + detail);
  return pixels;
}

struct Colour {
  int red, green, blue;
};

int over_white(int value, int opacity) { return (value * opacity + 255 * (255 - opacity) + 127) / 255; }

/// One pixel as OpenCV keeps it, grey, BGR or BGRA in `Sample`s of 8 or 16 bits, as opaque 8-bit colour.
template <typename Sample>
Colour opaque_colour(const Sample* samples, int count) {
  constexpr int surplus_bits = 8 * (sizeof(Sample) - 1);
  const auto level = [&](int index) { return samples[index] >> surplus_bits; };
  if (count < 3) return {level(0), level(0), level(0)};
  const Colour colour{level(2), level(1), level(0)};
  if (count == 3) return colour;
  const int opacity = level(3);
  return {over_white(colour.red, opacity), over_white(colour.green, opacity),
          over_white(colour.blue, opacity)};
}

/// The ITU-R 601 weights in 1/65536, rounded as PIL rounds them, so that greys agree with it to the bit.
int luminance(const Colour& colour) {
  return (colour.red * 19595 + colour.green * 38470 + colour.blue * 7471 + 0x8000) >> 16;
}

template <typename Sample>
Image convert(const cv::Mat& decoded, int channels) {
  Image image{decoded.rows, decoded.cols, channels, {}};
  image.pixels.reserve(decoded.total() * static_cast<std::size_t>(channels));
  for (int y = 0; y < decoded.rows; ++y) {
    const Sample* samples = decoded.ptr<Sample>(y);
    for (int x = 0; x < decoded.cols; ++x, samples += decoded.channels()) {
      const Colour colour = opaque_colour(samples, decoded.channels());
      if (channels == 1) {
        image.pixels.push_back(static_cast<std::uint8_t>(luminance(colour)));
      } else {
        for (const int level : {colour.red, colour.green, colour.blue}) {
          image.pixels.push_back(static_cast<std::uint8_t>(level));
        }
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

Image read_image(const fs::path& path, int channels) {
  require_channels(channels);
  const Container container = inspect_container(path, read_file(path));
  require_sane_size(path, container);
  const cv::Mat decoded = decode(path, container);
  if (decoded.depth() == CV_8U) return convert<std::uint8_t>(decoded, channels);
  if (decoded.depth() == CV_16U) return convert<std::uint16_t>(decoded, channels);
  throw PictureError(path, "its pixels have neither 8 nor 16 bits; convert it");
}

namespace {

Bytes encode(const Image& image, const std::string& ending, const std::vector<int>& parameters) {
  require_valid(image);
  cv::Mat pixels(image.height, image.width, CV_8UC(image.channels));
  for (std::size_t i = 0; i < image.pixels.size(); ++i) {
    // OpenCV keeps the channels as blue, green, red.
    const std::size_t swapped = image.channels == 1 ? i : i - i % 3 + (2 - i % 3);
    pixels.data[swapped] = image.pixels[i];
  }
  Bytes bytes;
  try {
    silence_opencv();
    if (!cv::imencode(ending, pixels, bytes, parameters))
      throw std::runtime_error("cannot encode a picture as " + ending);
  } catch (const cv::Exception& exception) {
    throw std::runtime_error("cannot encode a picture as " + ending + ": " + exception.err);
  }
  return bytes;
}

}  // namespace

Bytes encode_png(const Image& image) { return encode(image, ".png", {}); }

Bytes encode_jpeg(const Image& image, int quality) {
  if (quality < 1 || quality > 100)
    throw std::invalid_argument("a JPEG's quality is from 1 to 100, not " + std::to_string(quality));
  return encode(image, ".jpg", {cv::IMWRITE_JPEG_QUALITY, quality});
}

void write_image(const fs::path& path, const Image& image) { write_file(path, encode_png(image)); }

}  // namespace whycam::picture
