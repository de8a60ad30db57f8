// How a network file begins.
#pragma once

#include <filesystem>
#include <string>

namespace whycam::core {

/// Whether a file is there and has an end: no folder, pipe or device.
bool is_regular_file(const std::filesystem::path& path);

/// The first four bytes of a network file. Throws ModelError where it is missing, no regular file, empty, or cannot be
/// read.
std::string file_signature(const std::filesystem::path& path);

}  // namespace whycam::core
