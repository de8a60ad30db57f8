// Source: the EXIF 2.3 standard, table 0x0112.
#include "picture/orientation.h"

#include <libexif/exif-data.h>

#include <algorithm>
#include <limits>
#include <memory>

namespace whycam::picture {

std::optional<int> exif_orientation(const std::uint8_t* segment, std::size_t size) {
  const std::unique_ptr<ExifData, void (*)(ExifData*)> data(exif_data_new(), exif_data_unref);
  if (!data || size > std::numeric_limits<unsigned>::max()) return std::nullopt;
  exif_data_unset_option(data.get(),
                         EXIF_DATA_OPTION_FOLLOW_SPECIFICATION);  // the orientation as it was written
  exif_data_load_data(data.get(), segment, static_cast<unsigned>(size));
  const ExifEntry* entry = exif_content_get_entry(data->ifd[EXIF_IFD_0], EXIF_TAG_ORIENTATION);
  if (!entry || entry->format != EXIF_FORMAT_SHORT || entry->size < 2) return std::nullopt;
  const int orientation = exif_get_short(entry->data, exif_data_get_byte_order(data.get()));
  return orientation >= 1 && orientation <= 8 ? std::optional(orientation) : std::nullopt;
}

Samples turned_upright(const Samples& samples, int orientation) {
  if (orientation == 1) return samples;
  // Which way the stored rows and columns run when the picture is seen upright.
  const bool lies = orientation >= 5;
  const bool mirrored = orientation == 2 || orientation == 3 || orientation == 7 || orientation == 8;
  const bool upside_down = orientation == 3 || orientation == 4 || orientation == 6 || orientation == 7;
  Samples upright{lies ? samples.width : samples.height, lies ? samples.height : samples.width, samples.channels, {}};
  upright.values.reserve(samples.values.size());
  for (int y = 0; y < upright.height; ++y) {
    for (int x = 0; x < upright.width; ++x) {
      int row = lies ? x : y, column = lies ? y : x;
      if (upside_down) row = samples.height - 1 - row;
      if (mirrored) column = samples.width - 1 - column;
      const auto pixel = samples.values.begin() + (std::ptrdiff_t{row} * samples.width + column) * samples.channels;
      upright.values.insert(upright.values.end(), pixel, pixel + samples.channels);
    }
  }
  return upright;
}

}  // namespace whycam::picture
