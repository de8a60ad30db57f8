// One map of several layers.
#pragma once

#include <string>

#include "whycam/api.h"

namespace whycam {

/// How the heat maps of several layers become one. Each is first divided by its own maximum, an example at a time, and
/// resized to the input; a map without a positive value stays 0.
enum class Merge { none, mean, max };

/// "none", "mean", "max".
WHYCAM_API const char* to_string(Merge merge);
/// Throws InputError for another name.
WHYCAM_API Merge merge_named(const std::string& name);

}  // namespace whycam
