// CRC-32 of files, in hexadecimal, as the documents of a run name it.
#pragma once

#include <filesystem>
#include <string>
#include <vector>

#include "whycam/picture/files.h"

namespace whycam::cli {

std::string checksum_of(const picture::Bytes& bytes);

/// That of the files' content one behind the other; of what can be read of it.
std::string checksum_of_files(const std::vector<std::filesystem::path>& paths);

/// That of a network's file and, behind it, of the files beside it that hold its weights, in the order of their paths.
std::string checksum_of_network(const std::filesystem::path& path);

}  // namespace whycam::cli
