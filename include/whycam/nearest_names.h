// The nearest names, for "no such layer" messages.
#pragma once

#include <string>
#include <vector>

#include "whycam/api.h"

namespace whycam {

/// Up to `count` of `names`, the most similar to `wanted` first (edit distance, letter case ignored; a name that
/// contains the wanted one, or stands in it, comes before others).
WHYCAM_API std::vector<std::string> nearest_names(const std::string& wanted, const std::vector<std::string>& names,
                                                  std::size_t count = 3);

/// "a, b or c" with quotes; empty for no names.
WHYCAM_API std::string one_of(const std::vector<std::string>& names);

}  // namespace whycam
