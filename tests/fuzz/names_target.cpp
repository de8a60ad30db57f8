// What is read out of names, and made of them: the names of layers and labels, one a line of the input, on their way to
// a terminal and into file names.
#include <algorithm>
#include <cstdlib>
#include <string>
#include <vector>

#include "core/layer_name.h"
#include "labels.h"
#include "printable.h"
#include "target.h"
#include "whycam/nearest_names.h"

namespace {

void require(bool is_so) {
  if (!is_so) std::abort();
}

std::vector<std::string> lines_of(const std::string& text) {
  std::vector<std::string> lines;
  for (std::size_t begin = 0; begin <= text.size();) {
    const std::size_t end = std::min(text.find('\n', begin), text.size());
    lines.push_back(text.substr(begin, end - begin));
    begin = end + 1;
  }
  return lines;
}

/// The parts of a name are the name.
void check_parts(const std::string& name, const std::vector<std::string>& others) {
  const whycam::core::LayerName parts = whycam::core::parse_layer_name(name);
  require(name.rfind(parts.path, 0) == 0);
  require(name.empty() || !parts.path.empty());
  require(parts.call.value_or(0) >= 0 && (parts.call || parts.tensor || parts.path == name));
  if (!parts.tensor) return;
  require(!parts.tensor->empty());
  const auto found = whycam::core::tensor_among(others, parts);
  require(!found || *found < others.size());
  if (!found) whycam::core::names_no_tensor(name, others);
}

void check_shown(const std::string& name) {
  const std::string shown = whycam::cli::printable(name);
  for (const char letter : shown) require(static_cast<unsigned char>(letter) >= 0x20 && letter != 0x7f);
  require(shown.find("\xc2\x80") == std::string::npos && shown.find("\xc2\x9b") == std::string::npos);
  require(whycam::cli::printable(shown) == shown);
}

void check_file_name(const std::string& name) {
  const std::string file = whycam::cli::safe_for_file_names(name);
  require(file.size() <= 80 && file.find('/') == std::string::npos);
  for (const char letter : file) require(static_cast<unsigned char>(letter) >= 0x20);
}

}  // namespace

int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size > 4096) return 0;
  const std::vector<std::string> names = lines_of(std::string(reinterpret_cast<const char*>(data), size));
  for (const std::string& name : names) {
    check_parts(name, names);
    check_shown(name);
    check_file_name(name);
  }
  const std::vector<std::string> nearest = whycam::nearest_names(names[0], names, 3);
  require(nearest.size() == std::min<std::size_t>(3, names.size()));
  require(std::find(nearest.begin(), nearest.end(), names[0]) != nearest.end());
  return 0;
}

std::size_t LLVMFuzzerCustomMutator(std::uint8_t* data, std::size_t size, std::size_t max_size, unsigned) {
  return LLVMFuzzerMutate(data, size, max_size);
}
