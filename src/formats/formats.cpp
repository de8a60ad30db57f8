#include "formats/format.h"
#include "formats/onnx/network.h"
#include "formats/pt2/network.h"

namespace whycam::formats {

const Format* format_of(const core::NetworkSource& source) {
  static const Format* const all[] = {&onnx::format(), &pt2::format()};
  for (const Format* format : all)
    if (format->recognises(source)) return format;
  return nullptr;
}

}  // namespace whycam::formats
