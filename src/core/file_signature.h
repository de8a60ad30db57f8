// How a network file begins.
#pragma once

#include <filesystem>
#include <string>

namespace whycam::core {

/// The first four bytes of a network file. Throws ModelError where it is missing, a folder, or cannot be read.
std::string file_signature(const std::filesystem::path& path);

}  // namespace whycam::core
