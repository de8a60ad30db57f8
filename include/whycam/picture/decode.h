// The readers behind read_image and read_npy, for bytes that are in memory.
#pragma once

#include <filesystem>

#include "whycam/api.h"
#include "whycam/picture/files.h"
#include "whycam/picture/image.h"
#include "whycam/picture/npy.h"

namespace whycam::picture {

/// `path` is for messages only. Throws as read_image does.
WHYCAM_API Image decode_image(const std::filesystem::path& path, Bytes bytes, int channels);

/// `path` is for messages only. Throws as read_photo does, where decoding is more work than `most`.
WHYCAM_API Photo decode_photo(const std::filesystem::path& path, Bytes bytes, int channels,
                              std::int64_t most = largest_decoding);

/// `path` is for messages only. Throws as read_npy does.
WHYCAM_API NpyArray decode_npy(const std::filesystem::path& path, const Bytes& bytes);

}  // namespace whycam::picture
