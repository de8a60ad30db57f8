#pragma once

#include <cstdint>
#include <filesystem>
#include <vector>

#include "whycam/api.h"
#include "whycam/errors.h"
#include "whycam/picture/files.h"

namespace whycam::picture {

/// An 8-bit picture: rows from the top, pixels from the left, channels in the order red, green, blue.
struct Image {
  int height = 0;
  int width = 0;
  int channels = 3;                  ///< 1 (grey) or 3 (RGB)
  std::vector<std::uint8_t> pixels;  ///< height x width x channels
};

/// Pictures of more pixels are refused before memory is asked for; reading one of so many takes up to 4 GB.
constexpr std::int64_t largest_pixel_count = std::int64_t{1} << 28;

/// Throws InputError unless both sides are positive, the channels are 1 or 3, and the number of
/// pixels fits them.
WHYCAM_API void require_valid(const Image& image);

/// How much work the decoding of a picture may be: its pixels, once for each scan of a JPEG, of which a progressive one
/// has some ten, and a hostile one as many as it likes.
constexpr std::int64_t largest_decoding = std::int64_t{1} << 29;

/// Reads a JPEG or PNG file, recognised by its content, as grey (channels = 1) or RGB (channels = 3).
/// What is transparent keeps its colour and loses its transparency, as in PIL's convert("RGB"), of 16 bits the upper 8
/// are kept (read_photo keeps all), colour becomes grey with the weights 0.299, 0.587, 0.114, and a JPEG is turned
/// upright as its EXIF orientation says (a PNG is not). CMYK is converted without a colour profile.
///
/// A picture is read whole or not at all, and nothing is printed: whatever the decoders would mend or warn of
/// (data that ends early, bad codes, missing scans of a progressive JPEG) is an error. JPEG data has no
/// checksum, though: damage that happens to be valid data shows in the picture.
///
/// Throws PictureError for a file that is missing, of another format, truncated, corrupt, larger than
/// largest_pixel_count or more work than largest_decoding, and InputError if channels is neither 1 nor 3.
WHYCAM_API Image read_image(const std::filesystem::path& path, int channels);

/// A picture with all levels of its file.
struct Photo {
  Image image;                          ///< 8 bits a channel, upright; of 16 bits the upper 8
  std::vector<std::uint16_t> levels{};  ///< of a 16-bit PNG: from 0 to 65535, height x width x channels; else empty
};

/// Reads a picture as read_image does, and throws as it does.
WHYCAM_API Photo read_photo(const std::filesystem::path& path, int channels);

/// The picture as a PNG file. Throws InputError for an invalid image.
WHYCAM_API Bytes encode_png(const Image& image);

/// A photo as a PNG file with all its levels: of 16 bits where it has any, else of 8. Throws InputError for an invalid
/// image, and for levels that are not height x width x channels.
WHYCAM_API Bytes encode_photo(const Photo& photo);

/// The picture as a JPEG file of a quality from 1 to 100. Throws InputError for another quality and an
/// invalid image.
WHYCAM_API Bytes encode_jpeg(const Image& image, int quality);

/// Writes the picture with write_file as what its name says: PNG (.png), or JPEG of the quality 95 (.jpg, .jpeg).
/// Throws WriteError, InputError for another name, or as encode_png does.
WHYCAM_API void write_image(const std::filesystem::path& path, const Image& image);

/// Writes a photo with write_file as PNG (.png). Throws WriteError, InputError for another name, or as encode_photo
/// does.
WHYCAM_API void write_photo(const std::filesystem::path& path, const Photo& photo);

}  // namespace whycam::picture
