#include "picture/png_codec.h"

#include <png.h>
#include <zlib.h>

#include <algorithm>
#include <cstdio>
#include <cstring>
#include <string>

#include "picture/attempt.h"
#include "whycam/errors.h"
#include "whycam/picture/errors.h"

namespace whycam::picture {
namespace {

/// Where libpng jumps to when it fails, and what it said.
struct Trouble {
  std::jmp_buf jump;
  char message[256];
};

[[noreturn]] void give_up(png_structp png, png_const_charp message) {
  auto* trouble = static_cast<Trouble*>(png_get_error_ptr(png));
  std::snprintf(trouble->message, sizeof trouble->message, "%s", message);
  std::longjmp(trouble->jump, 1);
}

struct Source {
  const std::uint8_t* next;
  std::size_t left;
};

void take(png_structp png, png_bytep into, std::size_t count) {
  auto* source = static_cast<Source*>(png_get_io_ptr(png));
  if (count > source->left) png_error(png, "the data ends too early");
  std::memcpy(into, source->next, count);
  source->next += count;
  source->left -= count;
}

struct Reader {
  Reader()
      : png(png_create_read_struct(PNG_LIBPNG_VER_STRING, &trouble, give_up, give_up)),
        info(png_create_info_struct(png)) {}
  Reader(const Reader&) = delete;
  Reader& operator=(const Reader&) = delete;
  ~Reader() { png_destroy_read_struct(&png, &info, nullptr); }

  Trouble trouble{};
  png_structp png;
  png_infop info;
};

struct Sink {
  std::uint8_t* next;
  std::size_t left;
};

void put(png_structp png, png_bytep from, std::size_t count) {
  auto* sink = static_cast<Sink*>(png_get_io_ptr(png));
  if (count > sink->left) png_error(png, "the data grows too large");
  std::memcpy(sink->next, from, count);
  sink->next += count;
  sink->left -= count;
}

struct Writer {
  Writer()
      : png(png_create_write_struct(PNG_LIBPNG_VER_STRING, &trouble, give_up, give_up)),
        info(png_create_info_struct(png)) {}
  Writer(const Writer&) = delete;
  Writer& operator=(const Writer&) = delete;
  ~Writer() { png_destroy_write_struct(&png, &info); }

  Trouble trouble{};
  png_structp png;
  png_infop info;
};

/// The file as far as the pixels, and what they are to become: grey or colour of 8 or 16 bits. What is transparent
/// keeps its colour, as in PIL's convert("RGB").
void read_header(Reader& reader, Source& source) {
  png_set_read_fn(reader.png, &source, take);
  png_read_info(reader.png, reader.info);
  png_set_expand(reader.png);  // palettes, fewer than 8 bits, transparent colours
  png_set_strip_alpha(reader.png);
  png_set_interlace_handling(reader.png);
  png_read_update_info(reader.png, reader.info);
}

/// Makes numbers of the pairs of bytes, of which the upper comes first.
void take_levels(Samples& samples) {
  samples.levels.resize(samples.values.size() / 2);
  for (std::size_t i = 0; i < samples.levels.size(); ++i)
    samples.levels[i] = static_cast<std::uint16_t>(samples.values[2 * i] << 8 | samples.values[2 * i + 1]);
  samples.values.clear();
}

/// `samples` of so many bits, in as many channels and rows as the image has.
Bytes compress(const Image& image, int bits, const std::uint8_t* samples) {
  Writer writer;
  if (!writer.png || !writer.info) throw std::bad_alloc();
  const std::size_t stride = static_cast<std::size_t>(image.width) * static_cast<std::size_t>(image.channels) *
                             static_cast<std::size_t>(bits / 8),
                    size = stride * static_cast<std::size_t>(image.height);
  // Numbers that cannot be compressed grow by a filter's byte a row, and by less than a 64th for zlib's blocks and
  // PNG's.
  Bytes bytes(size + static_cast<std::size_t>(image.height) + size / 64 + 4096);
  Sink sink{bytes.data(), bytes.size()};
  const bool done = attempt(writer.trouble, [&] {
    png_set_write_fn(writer.png, &sink, put, nullptr);
    png_set_IHDR(writer.png, writer.info, static_cast<png_uint_32>(image.width), static_cast<png_uint_32>(image.height),
                 bits, image.channels == 1 ? PNG_COLOR_TYPE_GRAY : PNG_COLOR_TYPE_RGB, PNG_INTERLACE_NONE,
                 PNG_COMPRESSION_TYPE_DEFAULT, PNG_FILTER_TYPE_DEFAULT);
    if (bits == 8) png_set_sRGB(writer.png, writer.info, PNG_sRGB_INTENT_PERCEPTUAL);
    // What the filters leave of a map over a photograph repeats in runs alone: zlib's search for more takes five times
    // as long, and finds less than it costs.
    png_set_compression_strategy(writer.png, Z_RLE);
    png_write_info(writer.png, writer.info);
    for (int y = 0; y < image.height; ++y) png_write_row(writer.png, samples + stride * static_cast<std::size_t>(y));
    png_write_end(writer.png, nullptr);
  });
  if (!done) throw OutputError(std::string("cannot encode a picture as PNG: ") + writer.trouble.message);
  bytes.resize(bytes.size() - sink.left);
  return bytes;
}

}  // namespace

Samples decode_png(const std::filesystem::path& path, const Bytes& bytes) {
  Reader reader;
  if (!reader.png || !reader.info) throw std::bad_alloc();
  Source source{bytes.data(), bytes.size()};
  const auto require = [&](bool done) {
    if (!done)
      throw PictureError(path, std::string("the PNG is corrupt: ") + reader.trouble.message + "; fetch it again");
  };
  require(attempt(reader.trouble, [&] { read_header(reader, source); }));

  Samples samples;
  samples.height = static_cast<int>(png_get_image_height(reader.png, reader.info));
  samples.width = static_cast<int>(png_get_image_width(reader.png, reader.info));
  samples.channels = png_get_channels(reader.png, reader.info);
  const std::size_t stride = png_get_rowbytes(reader.png, reader.info);
  const bool is_deep = png_get_bit_depth(reader.png, reader.info) == 16;
  samples.values.resize(stride * static_cast<std::size_t>(samples.height));
  std::vector<png_bytep> rows;
  for (int y = 0; y < samples.height; ++y) rows.push_back(&samples.values[stride * static_cast<std::size_t>(y)]);
  require(attempt(reader.trouble, [&] {
    png_read_image(reader.png, rows.data());
    png_read_end(reader.png, nullptr);
  }));
  if (is_deep) take_levels(samples);
  return samples;
}

Bytes compress_png(const Image& image) { return compress(image, 8, image.pixels.data()); }

Bytes compress_deep_png(const Photo& photo) {
  Bytes samples;  // pairs of bytes, of which the upper comes first
  samples.reserve(2 * photo.levels.size());
  for (const std::uint16_t level : photo.levels) {
    samples.push_back(static_cast<std::uint8_t>(level >> 8));
    samples.push_back(static_cast<std::uint8_t>(level & 0xFF));
  }
  return compress(photo.image, 16, samples.data());
}

}  // namespace whycam::picture
