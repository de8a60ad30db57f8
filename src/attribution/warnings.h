#pragma once

#include <string>

namespace whycam::attribution {

/// Hands a warning to the user's handler, if there is one.
void emit_warning(const std::string& message);

}  // namespace whycam::attribution
