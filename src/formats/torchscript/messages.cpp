#include "formats/torchscript/messages.h"

#include <c10/util/Exception.h>

#include <cstdlib>
#include <new>
#include <sstream>

#include "core/shape_text.h"
#include "whycam/errors.h"

namespace whycam::torchscript {

std::string shape_text(torch::IntArrayRef shape) { return core::shape_text(shape.vec()); }

std::string first_sentence(const std::exception& failure) {
  const auto* torch_error = dynamic_cast<const c10::Error*>(&failure);
  std::istringstream message(torch_error ? torch_error->what_without_backtrace() : failure.what());
  // The interpreter puts its traceback first and the reason last, behind "RuntimeError: "; c10 puts the reason first.
  std::string line, first, reason;
  while (std::getline(message, line)) {
    if (line.rfind("Exception raised from", 0) == 0) break;
    const auto error = line.find("Error: ");
    if (error != std::string::npos && line.find(' ') > error) reason = line.substr(error + 7);
    if (first.empty() && !line.empty()) first = line;
  }
  return reason.empty() ? first : reason;
}

void throw_if_out_of_memory(const std::exception& failure) {
  if (dynamic_cast<const std::bad_alloc*>(&failure)) throw MemoryError(0);
  const std::string text = failure.what(), words = "you tried to allocate ";
  if (text.find("not enough memory") == std::string::npos && text.find("can't allocate memory") == std::string::npos)
    return;
  const auto begin = text.find(words);
  throw MemoryError(begin == std::string::npos ? 0 : std::strtoull(text.c_str() + begin + words.size(), nullptr, 10));
}

}  // namespace whycam::torchscript
