// Where warnings go.
#pragma once

#include <functional>
#include <string>

#include "whycam/api.h"

namespace whycam {

/// Called with each warning, once an explainer and kind; from the thread that explains. The library itself prints
/// nothing: without a handler a warning stands in Explanation::warnings alone. An empty function removes the handler.
/// Thread-safe.
WHYCAM_API void set_warning_handler(std::function<void(const std::string&)> handler);

}  // namespace whycam
