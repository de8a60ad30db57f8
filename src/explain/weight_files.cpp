#include "whycam/weight_files.h"

#include "formats/format.h"

namespace whycam {

std::vector<std::filesystem::path> weight_files(const std::filesystem::path& network) {
  const formats::Format* format = formats::format_of(network);
  return format ? format->weight_files(network) : std::vector<std::filesystem::path>();
}

}  // namespace whycam
