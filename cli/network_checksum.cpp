// A file of its own: what checks the command's arguments alone takes no network along.
#include "checksum.h"
#include "whycam/weight_files.h"

namespace whycam::cli {

std::string checksum_of_network(const std::filesystem::path& path) {
  std::vector<std::filesystem::path> files = weight_files(path);
  files.insert(files.begin(), path);
  return checksum_of_files(files);
}

}  // namespace whycam::cli
