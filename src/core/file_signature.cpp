#include "core/file_signature.h"

#include <cerrno>
#include <fstream>

#include "whycam/errors.h"

namespace whycam::core {

namespace fs = std::filesystem;

bool is_regular_file(const fs::path& path) {
  std::error_code failure;
  return fs::is_regular_file(path, failure);
}

std::string file_signature(const fs::path& path) {
  std::error_code failure;
  const std::string name = path.string();
  const fs::file_status status = fs::status(path, failure);
  if (status.type() == fs::file_type::not_found) throw ModelError("there is no network file " + name);
  if (!fs::exists(status)) throw ModelError("cannot read the network file " + name + ": " + failure.message());
  if (fs::is_directory(status)) throw ModelError(name + " is a folder; give the network's file");
  if (!fs::is_regular_file(status)) throw ModelError(name + " is not a regular file; save the network as one");
  if (fs::file_size(path, failure) == 0) throw ModelError("the network file " + name + " is empty");
  std::ifstream file(path, std::ios::binary);
  std::string begin(4, '\0');
  if (!file) throw ModelError("cannot read the network file " + name + ": " + std::generic_category().message(errno));
  if (!file.read(begin.data(), 4)) throw ModelError(name + " is no network file: it has less than 4 bytes");
  return begin;
}

}  // namespace whycam::core
