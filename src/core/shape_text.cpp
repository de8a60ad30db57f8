#include "core/shape_text.h"

std::string whycam::core::shape_text(const std::vector<std::int64_t>& shape) {
  if (shape.empty()) return "no dimensions";
  std::string text;
  for (const std::int64_t size : shape) text += (text.empty() ? "" : " x ") + std::to_string(size);
  return text;
}
