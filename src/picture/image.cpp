#include "whycam/picture/image.h"

#include <cctype>
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
    throw InputError("a picture has 1 or 3 channels, not " + std::to_string(channels));
  }
}

void require_sane_size(const fs::path& path, const Container& container, std::int64_t most) {
  const std::string size = std::to_string(container.width) + " x " + std::to_string(container.height);
  if (container.width < 1 || container.height < 1) {
    throw PictureError(path, "its header gives it a size of " + size + " pixels");
  }
  // A PNG header can claim sides whose product would not fit 64 bits if they were not divided here.
  if (container.width > largest_pixel_count / container.height) {
    throw PictureError(path, "its size of " + size + " pixels is more than whycam reads; make it smaller");
  }
  if (container.scans > most / (container.width * container.height)) {
    throw PictureError(path, "decoding its " + size + " pixels in " + std::to_string(container.scans) +
                                 (container.scans == 1 ? " scan" : " scans") + " is more work than the limit of " +
                                 std::to_string(most) + " pixels; make it smaller, or save it with fewer scans");
  }
  const double least_bytes =
      static_cast<double>(container.width) * static_cast<double>(container.height) * container.bits_per_pixel / 8;
  if (least_bytes > largest_expansion * (static_cast<double>(container.data_size) + 1)) {
    throw PictureError(path, "the picture is corrupt: its data is too short for " + size + " pixels");
  }
}

/// The ITU-R 601 weights in 1/65536, rounded as PIL rounds them, so that greys agree with it to the bit.
std::int64_t luminance(std::int64_t red, std::int64_t green, std::int64_t blue) {
  return (red * 19595 + green * 38470 + blue * 7471 + 0x8000) >> 16;
}

/// Pixels of 1 or 3 channels with others.
template <typename Level>
std::vector<Level> convert(const std::vector<Level>& pixels, int from, int to) {
  if (from == to) return pixels;
  std::vector<Level> converted;
  converted.reserve(pixels.size() / static_cast<std::size_t>(from) * static_cast<std::size_t>(to));
  for (std::size_t i = 0; i < pixels.size(); i += static_cast<std::size_t>(from)) {
    if (to == 3)
      converted.insert(converted.end(), 3, pixels[i]);
    else
      converted.push_back(static_cast<Level>(luminance(pixels[i], pixels[i + 1], pixels[i + 2])));
  }
  return converted;
}

std::string lower_case(std::string text) {
  for (char& letter : text) letter = static_cast<char>(std::tolower(static_cast<unsigned char>(letter)));
  return text;
}

}  // namespace

void require_valid(const Image& image) {
  require_channels(image.channels);
  const std::string size = std::to_string(image.height) + " x " + std::to_string(image.width);
  if (image.height < 1 || image.width < 1) throw InputError("a picture has the size " + size);
  const auto expected = std::int64_t{image.height} * image.width * image.channels;
  if (expected != static_cast<std::int64_t>(image.pixels.size())) {
    throw InputError("a picture of " + size + " x " + std::to_string(image.channels) + " has " +
                     std::to_string(image.pixels.size()) + " values");
  }
}

Photo decode_photo(const fs::path& path, Bytes bytes, int channels, std::int64_t most) {
  require_channels(channels);
  const Container container = inspect_container(path, std::move(bytes));
  require_sane_size(path, container, most);
  const bool is_jpeg = container.format == Container::Format::jpeg;
  Samples samples = is_jpeg ? decode_jpeg(path, container.bytes) : decode_png(path, container.bytes);
  Photo photo{{samples.height, samples.width, channels, {}}, convert(samples.levels, samples.channels, channels)};
  if (samples.levels.empty()) {
    photo.image.pixels = convert(samples.values, samples.channels, channels);
    return photo;
  }
  photo.image.pixels.reserve(photo.levels.size());
  for (const std::uint16_t level : photo.levels) photo.image.pixels.push_back(static_cast<std::uint8_t>(level >> 8));
  return photo;
}

Image decode_image(const fs::path& path, Bytes bytes, int channels) {
  return decode_photo(path, std::move(bytes), channels).image;
}

Image read_image(const fs::path& path, int channels) { return read_photo(path, channels).image; }

Photo read_photo(const fs::path& path, int channels) {
  require_channels(channels);
  return decode_photo(path, read_file(path, largest_picture_file), channels);
}

Bytes encode_png(const Image& image) {
  require_valid(image);
  return compress_png(image);
}

Bytes encode_photo(const Photo& photo) {
  require_valid(photo.image);
  if (photo.levels.empty()) return compress_png(photo.image);
  if (photo.levels.size() != photo.image.pixels.size())
    throw InputError("a photo has " + std::to_string(photo.levels.size()) + " levels of 16 bits and " +
                     std::to_string(photo.image.pixels.size()) + " of 8");
  return compress_deep_png(photo);
}

Bytes encode_jpeg(const Image& image, int quality) {
  require_valid(image);
  if (quality < 1 || quality > 100)
    throw InputError("a JPEG's quality is from 1 to 100, not " + std::to_string(quality));
  return compress_jpeg(image, quality);
}

void write_image(const fs::path& path, const Image& image) {
  constexpr int quality = 95;
  const std::string ending = lower_case(path.extension().string());
  if (ending == ".png") return write_file(path, encode_png(image));
  if (ending == ".jpg" || ending == ".jpeg") return write_file(path, encode_jpeg(image, quality));
  throw InputError("a picture is written as .png or .jpg, not as \"" + path.filename().string() + "\"");
}

void write_photo(const fs::path& path, const Photo& photo) {
  if (lower_case(path.extension().string()) != ".png")
    throw InputError("a photo is written as .png, not as \"" + path.filename().string() + "\"");
  write_file(path, encode_photo(photo));
}

}  // namespace whycam::picture
