// The readers of JPEG and PNG pictures.
#include <zlib.h>

#include <cstring>

#include "target.h"
#include "whycam/picture/decode.h"
#include "whycam/picture/errors.h"

namespace {

std::uint32_t big_endian(const std::uint8_t* bytes) {
  return std::uint32_t{bytes[0]} << 24 | bytes[1] << 16 | bytes[2] << 8 | bytes[3];
}

/// Gives each chunk of a PNG the checksum of its content, as far as there are chunks.
void mend_png(std::uint8_t* data, std::size_t size) {
  for (std::size_t chunk = 8; chunk + 12 <= size;) {
    const std::size_t length = big_endian(data + chunk);
    if (length > size - chunk - 12) return;
    const auto checksum = static_cast<std::uint32_t>(crc32_z(0, data + chunk + 4, length + 4));
    for (int i = 0; i < 4; ++i)
      data[chunk + 8 + length + static_cast<std::size_t>(i)] = static_cast<std::uint8_t>(checksum >> (24 - 8 * i));
    chunk += length + 12;
  }
}

}  // namespace

int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const whycam::picture::Bytes bytes(data, data + size);
  for (const int channels : {1, 3}) {
    try {
      require_valid(whycam::picture::decode_image("picture", bytes, channels));
    } catch (const whycam::picture::PictureError&) {
    }
  }
  return 0;
}

std::size_t LLVMFuzzerCustomMutator(std::uint8_t* data, std::size_t size, std::size_t max_size, unsigned seed) {
  size = LLVMFuzzerMutate(data, size, max_size);
  if (seed % 4 != 0 && size > 8 && std::memcmp(data, "\x89PNG", 4) == 0) mend_png(data, size);
  return size;
}
