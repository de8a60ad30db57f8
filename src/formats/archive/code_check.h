// Whether libtorch can parse the code of a network: its parser descends into whatever is nested.
#pragma once

#include <string_view>

namespace whycam::archive {

/// Throws std::runtime_error, saying why, where brackets, blocks or operators are nested deeper than
/// libtorch's parser and compiler can follow on a usual stack.
void check_code(std::string_view code);

}  // namespace whycam::archive
