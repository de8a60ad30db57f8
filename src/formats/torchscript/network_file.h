// Whether a file is a whole TorchScript network, found out before libtorch, which trusts it, reads it.
#pragma once

#include <filesystem>
#include <memory>

#include "formats/archive/archive.h"

namespace whycam::torchscript {

using archive::Archive;
using archive::Record;

/// Checks every record against its checksum, the structure of the pickles in the file, and how deep its code
/// is nested. What it costs is reading the file once. Throws ModelError, which names the file, the record and
/// what to do.
std::shared_ptr<const Archive> check_network_file(const core::NetworkSource& source);

/// Whether a record only says which lines of Python the code came from. libtorch needs none of them, and
/// trusts them when it describes a failure.
bool is_for_debugging(const Record& record);

}  // namespace whycam::torchscript
