#include "core/network_source.h"

#include <cerrno>
#include <fstream>
#include <sstream>

#include "whycam/errors.h"

namespace whycam::core {
namespace {

namespace fs = std::filesystem;

constexpr std::size_t signature_bytes = 4;

void require_regular_file(const fs::path& path) {
  std::error_code failure;
  const std::string name = path.string();
  const fs::file_status status = fs::status(path, failure);
  if (status.type() == fs::file_type::not_found) throw ModelError("there is no network file " + name);
  if (!fs::exists(status)) throw ModelError("cannot read the network file " + name + ": " + failure.message());
  if (fs::is_directory(status)) throw ModelError(name + " is a folder; give the network's file");
  if (!fs::is_regular_file(status)) throw ModelError(name + " is not a regular file; save the network as one");
  if (fs::file_size(path, failure) == 0) throw ModelError("the network file " + name + " is empty");
  if (!std::ifstream(path, std::ios::binary))
    throw ModelError("cannot read the network file " + name + ": " + std::generic_category().message(errno));
}

}  // namespace

NetworkSource::NetworkSource(std::istream& stream, const std::string& name) : path(name) {
  std::ostringstream content;
  content << stream.rdbuf();
  if (stream.bad()) throw ModelError("cannot read the network " + name + " from its stream");
  bytes = std::make_shared<const std::string>(content.str());
}

std::string beginning(const NetworkSource& source, std::size_t count) {
  if (source.bytes) return source.bytes->substr(0, count);
  std::error_code failure;
  if (!fs::is_regular_file(source.path, failure)) return "";
  std::ifstream file(source.path, std::ios::binary);
  std::string begin(count, '\0');
  file.read(begin.data(), static_cast<std::streamsize>(count));
  begin.resize(static_cast<std::size_t>(file.gcount()));
  return begin;
}

std::string network_signature(const NetworkSource& source) {
  if (!source.bytes) require_regular_file(source.path);
  const std::string begin = beginning(source, signature_bytes);
  if (begin.empty()) throw ModelError("the network " + source.name() + " is empty");
  if (begin.size() < signature_bytes) throw ModelError(source.name() + " is no network file: it has less than 4 bytes");
  return begin;
}

}  // namespace whycam::core
