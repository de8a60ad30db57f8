#include "printable.h"

#include <fmt/format.h>

#include <iostream>

namespace whycam::cli {

std::string printable(const std::string& text, bool keeps_lines) {
  std::string shown;
  for (std::size_t i = 0; i < text.size(); ++i) {
    const auto byte = static_cast<unsigned char>(text[i]);
    const auto next = i + 1 < text.size() ? static_cast<unsigned char>(text[i + 1]) : 0U;
    const bool is_second_page = byte == 0xC2 && next >= 0x80 && next < 0xA0;
    if (is_second_page)
      shown += fmt::format("\\x{:02x}", static_cast<unsigned char>(text[++i]));
    else if ((byte < 0x20 || byte == 0x7F) && !(keeps_lines && byte == '\n'))
      shown += fmt::format("\\x{:02x}", byte);
    else
      shown += text[i];
  }
  return shown;
}

void warn(const std::string& text) { std::cerr << "whycam: warning: " << printable(text) << std::endl; }

}  // namespace whycam::cli
