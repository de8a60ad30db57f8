#pragma once

#include <cstdint>
#include <filesystem>
#include <vector>

#include "whycam/api.h"

namespace whycam::picture {

using Bytes = std::vector<std::uint8_t>;

/// The whole content of a regular file. Throws PictureError.
WHYCAM_API Bytes read_file(const std::filesystem::path& path);

/// Puts the bytes at `path` all at once: they are written to a temporary file in the same folder, flushed
/// to the disk, and renamed into place, so that a reader never sees half a file and a failure leaves what
/// was there before. Only a regular file is ever replaced. Throws WriteError and leaves no temporary file.
WHYCAM_API void write_file(const std::filesystem::path& path, const Bytes& bytes);

}  // namespace whycam::picture
