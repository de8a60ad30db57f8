#pragma once

#include <cstdint>
#include <filesystem>
#include <string>
#include <vector>

#include "whycam/api.h"

namespace whycam::picture {

using Bytes = std::vector<std::uint8_t>;

/// The largest files that are read as pictures and as arrays, in bytes.
constexpr std::uintmax_t largest_picture_file = std::uintmax_t{1} << 30;
constexpr std::uintmax_t largest_array_file = std::uintmax_t{1} << 34;

/// The whole content of a regular file of at most so many bytes. A pipe or a device is refused, and not waited for.
/// Throws PictureError.
WHYCAM_API Bytes read_file(const std::filesystem::path& path, std::uintmax_t most = largest_array_file);

/// Puts the bytes at `path` all at once: they are written to a temporary file in the same folder, flushed
/// to the disk, and renamed into place, so that a reader never sees half a file and a failure leaves what
/// was there before. Only a regular file is ever replaced. Throws WriteError and leaves no temporary file.
WHYCAM_API void write_file(const std::filesystem::path& path, const Bytes& bytes);

/// The temporary files of this process are called ".whycam-OWNER-....part" from now on, instead of ".whycam-....part",
/// so that whoever comes behind a process that was killed knows which were its. May be called from any thread.
WHYCAM_API void set_owner_of_temporary_files(const std::string& owner);

}  // namespace whycam::picture
