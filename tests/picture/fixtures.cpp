#include "fixtures.h"

#include <unistd.h>

#include <cstdio>
#include <cstdlib>
#include <fstream>
#include <iterator>

#include <jpeglib.h>  // behind <cstdio>, whose types it needs

namespace whycam::picture {
namespace {

namespace fs = std::filesystem;

void append_big_endian(Bytes& bytes, std::uint32_t value) {
  for (int shift = 24; shift >= 0; shift -= 8) bytes.push_back(static_cast<std::uint8_t>(value >> shift));
}

void append(Bytes& bytes, const Bytes& more) { bytes.insert(bytes.end(), more.begin(), more.end()); }

std::uint32_t crc32(const Bytes& bytes) {
  std::uint32_t value = 0xFFFFFFFFU;
  for (const std::uint8_t byte : bytes) {
    value ^= byte;
    for (int bit = 0; bit < 8; ++bit) value = value & 1 ? value >> 1 ^ 0xEDB88320U : value >> 1;
  }
  return ~value;
}

/// One stored deflate block in a zlib stream.
Bytes store(const Bytes& data) {
  const auto size = static_cast<std::uint16_t>(data.size());
  const auto low = [](int value) { return static_cast<std::uint8_t>(value & 0xFF); };
  Bytes stream{0x78, 0x01, 0x01, low(size), low(size >> 8), low(~size), low(~size >> 8)};
  append(stream, data);
  std::uint32_t a = 1, b = 0;
  for (const std::uint8_t byte : data) {
    a = (a + byte) % 65521;
    b = (b + a) % 65521;
  }
  append_big_endian(stream, b << 16 | a);
  return stream;
}

}  // namespace

TemporaryFolder::TemporaryFolder() {
  std::string name = (fs::temp_directory_path() / "whycam-test-XXXXXX").string();
  if (::mkdtemp(name.data()) == nullptr) throw std::runtime_error("no temporary folder");
  path_ = name;
}

TemporaryFolder::~TemporaryFolder() {
  std::error_code ignored;
  fs::remove_all(path_, ignored);
}

std::size_t TemporaryFolder::entry_count() const {
  return static_cast<std::size_t>(std::distance(fs::directory_iterator(path_), fs::directory_iterator()));
}

void save(const fs::path& path, const Bytes& bytes) {
  std::ofstream stream(path, std::ios::binary);
  stream.write(reinterpret_cast<const char*>(bytes.data()), static_cast<std::streamsize>(bytes.size()));
  if (!stream.flush()) throw std::runtime_error("cannot save a fixture");
}

Bytes from_hex(const std::string& digits) {
  Bytes bytes;
  for (std::size_t i = 0; i + 1 < digits.size(); i += 2) {
    bytes.push_back(static_cast<std::uint8_t>(std::stoi(digits.substr(i, 2), nullptr, 16)));
  }
  return bytes;
}

Bytes to_bytes(const std::string& text) { return {text.begin(), text.end()}; }

Bytes join(const std::vector<Bytes>& parts) {
  Bytes whole;
  for (const Bytes& part : parts) append(whole, part);
  return whole;
}

Bytes png_chunk(const std::string& type, const Bytes& content) {
  Bytes body = to_bytes(type);
  append(body, content);
  Bytes chunk;
  append_big_endian(chunk, static_cast<std::uint32_t>(content.size()));
  append(chunk, body);
  append_big_endian(chunk, crc32(body));
  return chunk;
}

Bytes make_png(int width, int height, int bit_depth, int colour_type, const std::vector<Bytes>& rows,
               const Bytes& extra) {
  Bytes header;
  append_big_endian(header, static_cast<std::uint32_t>(width));
  append_big_endian(header, static_cast<std::uint32_t>(height));
  append(header, {static_cast<std::uint8_t>(bit_depth), static_cast<std::uint8_t>(colour_type), 0, 0, 0});
  Bytes data;
  for (const Bytes& row : rows) {
    data.push_back(0);  // no filter
    append(data, row);
  }
  Bytes file{0x89, 'P', 'N', 'G', '\r', '\n', 0x1A, '\n'};
  append(file, png_chunk("IHDR", header));
  append(file, extra);
  append(file, png_chunk("IDAT", store(data)));
  append(file, png_chunk("IEND", {}));
  return file;
}

Image pattern(int width, int height, int channels) {
  Image image{height, width, channels, {}};
  for (int y = 0; y < height; ++y) {
    for (int x = 0; x < width; ++x) {
      for (int channel = 0; channel < channels; ++channel) {
        image.pixels.push_back(static_cast<std::uint8_t>(x * 37 + y * 91 + channel * 53 + x * y * 7));
      }
    }
  }
  return image;
}

Image noise(int width, int height) {
  Image image{height, width, 3, Bytes(static_cast<std::size_t>(3 * width * height))};
  std::uint32_t state = 1;
  for (std::uint8_t& level : image.pixels) {
    state = state * 1664525U + 1013904223U;
    level = static_cast<std::uint8_t>(state >> 24);
  }
  return image;
}

Bytes progressive_jpeg(const Image& image, int quality) {
  jpeg_error_mgr trouble;
  jpeg_compress_struct jpeg;
  jpeg.err = jpeg_std_error(&trouble);
  jpeg_create_compress(&jpeg);
  unsigned char* data = nullptr;
  unsigned long size = 0;
  jpeg_mem_dest(&jpeg, &data, &size);
  jpeg.image_width = static_cast<JDIMENSION>(image.width);
  jpeg.image_height = static_cast<JDIMENSION>(image.height);
  jpeg.input_components = 3;
  jpeg.in_color_space = JCS_RGB;
  jpeg_set_defaults(&jpeg);
  jpeg_set_quality(&jpeg, quality, TRUE);
  jpeg_simple_progression(&jpeg);
  jpeg_start_compress(&jpeg, TRUE);
  for (int row = 0; row < image.height; ++row) {
    auto* line = const_cast<JSAMPROW>(&image.pixels[static_cast<std::size_t>(3 * row * image.width)]);
    jpeg_write_scanlines(&jpeg, &line, 1);
  }
  jpeg_finish_compress(&jpeg);
  jpeg_destroy_compress(&jpeg);
  const Bytes bytes(data, data + size);
  std::free(data);
  return bytes;
}

Bytes quadrant_jpeg() {
  return from_hex(
      "ffd8ffe000104a46494600010100000100010000ffdb00430002010101010102010101020202020204030202020205040403"
      "04060506060605060606070908060709070606080b08090a0a0a0a0a06080b0c0b0a0c090a0a0affdb004301020202020202"
      "050303050a0706070a0a0a0a0a0a0a0a0a0a0a0a0a0a0a0a0a0a0a0a0a0a0a0a0a0a0a0a0a0a0a0a0a0a0a0a0a0a0a0a0a0a"
      "0a0a0a0a0a0a0a0affc00011080010001003011100021101031101ffc4001600010101000000000000000000000000000908"
      "0affc40014100100000000000000000000000000000000ffc40017010003010000000000000000000000000008090a07ffc4"
      "0014110100000000000000000000000000000000ffda000c03010002110311003f008bc299fe1280b6857036b4c3586e2080"
      "daa3ffd9");
}

}  // namespace whycam::picture
