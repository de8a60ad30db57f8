#include "whycam/errors.h"

#include <cstdio>

namespace whycam {
namespace {

std::string text_of(std::uint64_t bytes) {
  const char* const advice = "; explain fewer or smaller inputs at a time, or give the process more";
  if (bytes == 0) return std::string("there is not enough memory") + advice;
  const char* const units[] = {"bytes", "KB", "MB", "GB", "TB"};
  double amount = static_cast<double>(bytes);
  std::size_t unit = 0;
  for (; amount >= 1000 && unit < 4; ++unit) amount /= 1000;
  char number[32];
  std::snprintf(number, sizeof number, unit == 0 ? "%.0f" : "%.1f", amount);
  return std::string("there is not enough memory: ") + number + " " + units[unit] + " were asked for at once" + advice;
}

}  // namespace

MemoryError::MemoryError(std::uint64_t bytes) : Error(text_of(bytes)) {}

}  // namespace whycam
