#include "core/file_signature.h"

#include <fstream>

#include "whycam/errors.h"

std::string whycam::core::file_signature(const std::filesystem::path& path) {
  std::error_code failure;
  const std::string name = path.string();
  if (!std::filesystem::exists(path, failure)) throw ModelError("there is no network file " + name);
  if (std::filesystem::is_directory(path, failure)) throw ModelError(name + " is a folder; give the network's file");
  std::ifstream file(path, std::ios::binary);
  std::string begin(4, '\0');
  if (!file.read(begin.data(), 4)) throw ModelError("cannot read the network file " + name);
  return begin;
}
