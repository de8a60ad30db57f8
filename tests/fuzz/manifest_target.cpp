// The reader of manifest.jsonl, and what goes by its lines.
#include <cstdlib>
#include <nlohmann/json.hpp>
#include <string>

#include "manifest.h"
#include "target.h"

namespace {

void use(const whycam::cli::ManifestLines& lines) {
  for (const auto& line : lines) {
    for (const std::string& name : whycam::cli::files_of(line))
      if (!whycam::cli::is_name_in_folder(name)) std::abort();
    whycam::cli::pictures_of(line);
    whycam::cli::to_text(line);
    if (line["input"].get<std::string>().empty()) std::abort();
    if (line.contains("skipped") && lines.size() != 1) std::abort();
  }
  if (!lines[0].contains("skipped") && lines.back()["example"].get<std::size_t>() >= lines.size()) std::abort();
}

}  // namespace

int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string text(reinterpret_cast<const char*>(data), size);
  whycam::cli::ManifestReader reader;
  for (std::size_t begin = 0; begin < size;) {
    const std::size_t end = text.find('\n', begin);
    reader.add(text.substr(begin, end - begin), end == std::string::npos);
    begin = end == std::string::npos ? size : end + 1;
  }
  for (const auto& lines : reader.inputs()) use(lines);
  reader.damage();
  return 0;
}

std::size_t LLVMFuzzerCustomMutator(std::uint8_t* data, std::size_t size, std::size_t max_size, unsigned) {
  return LLVMFuzzerMutate(data, size, max_size);
}
