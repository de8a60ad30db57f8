// Text of files, such as names and labels, on its way to a terminal.
#pragma once

#include <string>

namespace whycam::cli {

/// Control characters, which a terminal may follow, as "\\x1b"; those of UTF-8's second page, too. Line ends stay where
/// they are asked for.
std::string printable(const std::string& text, bool keeps_lines = false);

/// Says a warning in one line on the standard error.
void warn(const std::string& text);

}  // namespace whycam::cli
