#include "picture/jpeg_codec.h"

#include <cstddef>
#include <cstdint>
#include <cstdio>
// jpeglib.h needs the two above
#include <jpeglib.h>

#include <cstdlib>
#include <string>

#include "picture/attempt.h"
#include "picture/orientation.h"
#include "whycam/errors.h"
#include "whycam/picture/errors.h"

namespace whycam::picture {
namespace {

/// More scans are found in no honest progressive picture, and each of them passes over all of it.
constexpr int most_scans = 500;

/// Where libjpeg jumps to when it fails, and what it said.
struct Trouble {
  jpeg_error_mgr manager;  // the first member: libjpeg hands out its address
  std::jmp_buf jump;
  char message[JMSG_LENGTH_MAX];
};

[[noreturn]] void give_up(j_common_ptr jpeg) {
  auto* trouble = reinterpret_cast<Trouble*>(jpeg->err);
  trouble->manager.format_message(jpeg, trouble->message);
  std::longjmp(trouble->jump, 1);
}

/// Level -1 is a warning of corrupt data, which libjpeg would patch; what is above traces its work.
void hear(j_common_ptr jpeg, int level) {
  if (level < 0) give_up(jpeg);
}

void say_nothing(j_common_ptr) {}

void watch_scans(j_common_ptr jpeg) {
  if (reinterpret_cast<j_decompress_ptr>(jpeg)->input_scan_number <= most_scans) return;
  auto* trouble = reinterpret_cast<Trouble*>(jpeg->err);
  std::snprintf(trouble->message, sizeof trouble->message, "more than %d scans", most_scans);
  std::longjmp(trouble->jump, 1);
}

jpeg_error_mgr* silent(Trouble& trouble) {
  jpeg_error_mgr* manager = jpeg_std_error(&trouble.manager);
  manager->error_exit = give_up;
  manager->emit_message = hear;
  manager->output_message = say_nothing;
  return manager;
}

struct Reader {
  Reader() {
    jpeg.err = silent(trouble);
    progress.progress_monitor = watch_scans;
  }
  Reader(const Reader&) = delete;
  Reader& operator=(const Reader&) = delete;
  ~Reader() { jpeg_destroy_decompress(&jpeg); }

  jpeg_decompress_struct jpeg{};
  Trouble trouble{};
  jpeg_progress_mgr progress{};
};

void read_header(Reader& reader, const Bytes& bytes) {
  jpeg_decompress_struct& jpeg = reader.jpeg;
  jpeg_create_decompress(&jpeg);
  jpeg.progress = &reader.progress;
  jpeg_mem_src(&jpeg, bytes.data(), static_cast<unsigned long>(bytes.size()));
  jpeg_save_markers(&jpeg, JPEG_APP0 + 1, 0xFFFF);  // EXIF
  jpeg_read_header(&jpeg, TRUE);
  if (jpeg.num_components == 4)
    jpeg.out_color_space = JCS_CMYK;
  else
    jpeg.out_color_space = jpeg.num_components == 1 ? JCS_GRAYSCALE : JCS_RGB;
  jpeg_start_decompress(&jpeg);
}

void read_rows(jpeg_decompress_struct& jpeg, std::uint8_t* values) {
  const std::size_t stride =
      static_cast<std::size_t>(jpeg.output_width) * static_cast<std::size_t>(jpeg.output_components);
  while (jpeg.output_scanline < jpeg.output_height) {
    JSAMPROW row = values + jpeg.output_scanline * stride;
    jpeg_read_scanlines(&jpeg, &row, 1);
  }
}

struct Writer {
  Writer() { jpeg.err = silent(trouble); }
  Writer(const Writer&) = delete;
  Writer& operator=(const Writer&) = delete;
  ~Writer() {
    jpeg_destroy_compress(&jpeg);
    std::free(data);
  }

  jpeg_compress_struct jpeg{};
  Trouble trouble{};
  unsigned char* data = nullptr;
  unsigned long size = 0;
};

void write_rows(Writer& writer, const Image& image, int quality) {
  jpeg_compress_struct& jpeg = writer.jpeg;
  jpeg_create_compress(&jpeg);
  jpeg_mem_dest(&jpeg, &writer.data, &writer.size);
  jpeg.image_width = static_cast<JDIMENSION>(image.width);
  jpeg.image_height = static_cast<JDIMENSION>(image.height);
  jpeg.input_components = image.channels;
  jpeg.in_color_space = image.channels == 1 ? JCS_GRAYSCALE : JCS_RGB;
  jpeg_set_defaults(&jpeg);
  jpeg_set_quality(&jpeg, quality, TRUE);
  jpeg_start_compress(&jpeg, TRUE);
  const std::size_t stride = static_cast<std::size_t>(image.width) * static_cast<std::size_t>(image.channels);
  while (jpeg.next_scanline < jpeg.image_height) {
    JSAMPROW row = const_cast<JSAMPROW>(image.pixels.data() + jpeg.next_scanline * stride);
    jpeg_write_scanlines(&jpeg, &row, 1);
  }
  jpeg_finish_compress(&jpeg);
}

/// Whether a progressive picture has all of its scans: each coefficient that was begun was brought to its
/// last bit.
bool is_complete(const jpeg_decompress_struct& jpeg) {
  if (!jpeg.progressive_mode || !jpeg.coef_bits) return true;
  for (int component = 0; component < jpeg.num_components; ++component)
    for (int coefficient = 0; coefficient < DCTSIZE2; ++coefficient)
      if (jpeg.coef_bits[component][coefficient] != 0) return false;
  return true;
}

/// Inks to light. Adobe's programs store inks inverted, and say with their marker that it was they.
void convert_cmyk(Samples& samples, bool inverted) {
  Bytes rgb;
  rgb.reserve(samples.values.size() / 4 * 3);
  for (std::size_t i = 0; i + 3 < samples.values.size(); i += 4) {
    const auto light = [&](std::size_t ink) {
      return inverted ? samples.values[i + ink] : 255 - samples.values[i + ink];
    };
    for (std::size_t ink = 0; ink < 3; ++ink)
      rgb.push_back(static_cast<std::uint8_t>((light(ink) * light(3) + 127) / 255));
  }
  samples.channels = 3;
  samples.values = std::move(rgb);
}

}  // namespace

Samples decode_jpeg(const std::filesystem::path& path, const Bytes& bytes) {
  Reader reader;
  jpeg_decompress_struct& jpeg = reader.jpeg;
  const auto require = [&](bool done) {
    if (!done)
      throw PictureError(path, std::string("the JPEG is corrupt: ") + reader.trouble.message + "; fetch it again");
  };
  require(attempt(reader.trouble, [&] { read_header(reader, bytes); }));
  if (!is_complete(jpeg)) throw PictureError(path, "the JPEG is corrupt: its last scans are missing; fetch it again");

  Samples samples{
      static_cast<int>(jpeg.output_height), static_cast<int>(jpeg.output_width), jpeg.output_components, {}};
  samples.values.resize(static_cast<std::size_t>(samples.height) * static_cast<std::size_t>(samples.width) *
                        static_cast<std::size_t>(samples.channels));
  require(attempt(reader.trouble, [&] { read_rows(jpeg, samples.values.data()); }));
  if (samples.channels == 4) convert_cmyk(samples, jpeg.saw_Adobe_marker);

  for (jpeg_saved_marker_ptr marker = jpeg.marker_list; marker; marker = marker->next)
    if (const auto orientation = exif_orientation(marker->data, marker->data_length))
      return turned_upright(samples, *orientation);
  return samples;
}

Bytes compress_jpeg(const Image& image, int quality) {
  Writer writer;
  if (!attempt(writer.trouble, [&] { write_rows(writer, image, quality); }))
    throw OutputError(std::string("cannot encode a picture as JPEG: ") + writer.trouble.message);
  return {writer.data, writer.data + writer.size};
}

}  // namespace whycam::picture
