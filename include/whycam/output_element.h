// Where in a network's output that is explained stands.
#pragma once

#include <cstdint>
#include <string>
#include <variant>

namespace whycam {

/// One step into an output that is no tensor: an element of a tuple or list, or a key of a dictionary.
using OutputElement = std::variant<std::int64_t, std::string>;

}  // namespace whycam
