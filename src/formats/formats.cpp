#include "core/file_signature.h"
#include "formats/format.h"
#include "formats/onnx/network.h"
#include "formats/pt2/network.h"

namespace whycam::formats {

const Format* format_of(const std::filesystem::path& path) {
  if (!core::is_regular_file(path)) return nullptr;  // reading a pipe would wait
  static const Format* const all[] = {&onnx::format(), &pt2::format()};
  for (const Format* format : all)
    if (format->recognises(path)) return format;
  return nullptr;
}

}  // namespace whycam::formats
