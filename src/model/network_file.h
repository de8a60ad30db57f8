// Whether a file is a whole TorchScript network, found out before libtorch, which trusts it, reads it.
#pragma once

#include <filesystem>

namespace whycam::network {

/// Checks every record against its checksum, the structure of the pickles in the file, and how deep its code
/// is nested. What it costs is reading the file once. Throws ModelError, which names the file, the record and
/// what to do.
void check_network_file(const std::filesystem::path& path);

}  // namespace whycam::network
