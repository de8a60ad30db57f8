#include "picture/container.h"

#include <zlib.h>

#include <algorithm>
#include <array>
#include <cstring>
#include <string>
#include <string_view>

#include "whycam/picture/errors.h"

namespace whycam::picture {
namespace {

namespace fs = std::filesystem;

constexpr std::array<std::uint8_t, 3> jpeg_magic{0xFF, 0xD8, 0xFF};
constexpr std::array<std::uint8_t, 8> png_magic{0x89, 'P', 'N', 'G', '\r', '\n', 0x1A, '\n'};

constexpr const char* truncated = "the file is truncated; fetch it again";

template <std::size_t size>
bool starts_with(const Bytes& bytes, const std::array<std::uint8_t, size>& magic) {
  return bytes.size() >= size && std::equal(magic.begin(), magic.end(), bytes.begin());
}

std::uint32_t big_endian(const std::uint8_t* bytes, int count) {
  std::uint32_t value = 0;
  for (int i = 0; i < count; ++i) value = value << 8 | bytes[i];
  return value;
}

// --- JPEG -------------------------------------------------------------------------------------------------

bool is_frame_header(std::uint8_t marker) {
  const bool other_use = marker == 0xC4 || marker == 0xC8 || marker == 0xCC;  // tables, reserved
  return marker >= 0xC0 && marker <= 0xCF && !other_use;
}

/// Where the next marker's code is, the byte behind its FF. Compressed data needs no care of its own: there
/// an FF is always followed by 00 or by a restart marker, D0 to D7.
std::size_t find_marker(const fs::path& path, const Bytes& bytes, std::size_t position) {
  for (; position + 1 < bytes.size(); ++position) {
    const std::uint8_t code = bytes[position + 1];
    const bool stands_alone = code == 0x00 || code == 0x01 || (code >= 0xD0 && code <= 0xD7);
    if (bytes[position] == 0xFF && code != 0xFF && !stands_alone) return position + 1;
  }
  throw PictureError(path, truncated);
}

/// Walks from segment to segment until the end-of-image marker. Searching for that marker alone would find
/// the one of a thumbnail, and looking for it at the very end would refuse files with data appended.
Container inspect_jpeg(const fs::path& path, Bytes bytes) {
  Container container;
  container.format = Container::Format::jpeg;
  std::int64_t scans = 0;
  for (std::size_t position = 2;;) {
    position = find_marker(path, bytes, position);
    const std::uint8_t marker = bytes[position++];
    if (marker == 0xD9) break;
    if (marker == 0xD8) throw PictureError(path, "the JPEG is corrupt: a second picture begins inside it");
    if (position + 2 > bytes.size()) throw PictureError(path, truncated);
    const std::size_t length = big_endian(&bytes[position], 2);
    if (position + length > bytes.size()) throw PictureError(path, truncated);
    if (length < 2) throw PictureError(path, "the JPEG is corrupt: a segment has no length");
    if (is_frame_header(marker) && length >= 7) {
      container.height = std::max<std::int64_t>(container.height, big_endian(&bytes[position + 3], 2));
      container.width = std::max<std::int64_t>(container.width, big_endian(&bytes[position + 5], 2));
    }
    scans += marker == 0xDA;
    position += length;
  }
  container.scans = std::max<std::int64_t>(scans, 1);
  container.bytes = std::move(bytes);
  return container;
}

// --- PNG --------------------------------------------------------------------------------------------------

/// The CRC-32 that follows each PNG chunk.
std::uint32_t checksum(const std::uint8_t* bytes, std::size_t count) {
  return static_cast<std::uint32_t>(crc32_z(crc32_z(0, nullptr, 0), bytes, count));
}

/// Bits of a pixel, by the depth and the colour type in the header; 1 where the type is unknown.
int bits_per_pixel(int depth, int colour_type) {
  constexpr std::array<int, 7> channels{1, 0, 3, 1, 2, 0, 4};
  const auto index = static_cast<std::size_t>(colour_type);
  return std::max(1, index < channels.size() ? depth * channels[index] : 1);
}

/// Only these chunks make the pixels. The others are left out, because the decoder complains about some of
/// them (a slightly wrong colour profile is common).
bool makes_pixels(std::string_view type) {
  return type == "IHDR" || type == "PLTE" || type == "tRNS" || type == "IDAT" || type == "IEND";
}

Container inspect_png(const fs::path& path, const Bytes& bytes) {
  constexpr std::size_t overhead = 12;  // length, type, checksum
  Container container;
  container.format = Container::Format::png;
  container.bytes.assign(png_magic.begin(), png_magic.end());
  bool has_header = false, has_end = false;
  for (std::size_t position = png_magic.size(); !has_end;) {
    if (bytes.size() - position < overhead) throw PictureError(path, truncated);
    const std::uint8_t* const chunk = &bytes[position];
    const std::size_t length = big_endian(chunk, 4);
    if (bytes.size() - position - overhead < length) throw PictureError(path, truncated);
    if (checksum(chunk + 4, length + 4) != big_endian(chunk + 8 + length, 4)) {
      throw PictureError(path, "the PNG is corrupt: a checksum does not match; fetch it again");
    }
    const std::string_view type(reinterpret_cast<const char*>(chunk) + 4, 4);
    if (has_header == (type == "IHDR")) throw PictureError(path, "the PNG is corrupt: misplaced header");
    if (type == "IHDR") {
      if (length != 13) throw PictureError(path, "the PNG is corrupt: its header has a wrong size");
      container.width = big_endian(chunk + 8, 4);
      container.height = big_endian(chunk + 12, 4);
      container.bits_per_pixel = bits_per_pixel(chunk[16], chunk[17]);
    }
    has_header = true;
    if (type == "IDAT") container.data_size += static_cast<std::int64_t>(length);
    has_end = type == "IEND";
    if (makes_pixels(type)) {
      container.bytes.insert(container.bytes.end(), chunk, chunk + length + overhead);
    }
    position += length + overhead;
  }
  if (container.data_size == 0) throw PictureError(path, "the PNG is corrupt: it has no pixels");
  return container;
}

}  // namespace

Container inspect_container(const fs::path& path, Bytes bytes) {
  if (bytes.empty()) throw PictureError(path, "the file is empty");
  if (starts_with(bytes, jpeg_magic)) return inspect_jpeg(path, std::move(bytes));
  if (starts_with(bytes, png_magic)) return inspect_png(path, bytes);
  throw PictureError(path, "it is neither a JPEG nor a PNG picture; convert it to one of them");
}

}  // namespace whycam::picture
