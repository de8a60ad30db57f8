// Shapes in messages.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

namespace whycam::core {

/// "1 x 3 x 224 x 224".
std::string shape_text(const std::vector<std::int64_t>& shape);

}  // namespace whycam::core
