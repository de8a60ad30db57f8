// Where warnings go.
#pragma once

#include <functional>
#include <string>

namespace whycam {

/// Called with each warning, once an explainer and kind; from the thread that explains. The library itself prints
/// nothing: without a handler a warning stands in Explanation::warnings alone. An empty function removes the handler.
/// Thread-safe.
void set_warning_handler(std::function<void(const std::string&)> handler);

}  // namespace whycam
