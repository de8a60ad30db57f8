// Where in a network's output that is explained stands.
#pragma once

#include <cstdint>
#include <string>
#include <variant>
#include <vector>

#include "whycam/api.h"

namespace whycam {

/// One step into an output that is no tensor: an element of a tuple or list, or a key of a dictionary.
using OutputElement = std::variant<std::int64_t, std::string>;

/// The steps that a text names: numbers and keys with points between them, "1.0" or "out"; a key that holds a point, or
/// is a number, in double quotes. Throws InputError.
WHYCAM_API std::vector<OutputElement> output_element_named(const std::string& text);

}  // namespace whycam
