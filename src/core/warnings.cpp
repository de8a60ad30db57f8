#include "core/warnings.h"

#include <algorithm>
#include <functional>

#include "whycam/warnings.h"

namespace whycam {
namespace {

std::mutex handler_mutex;
std::function<void(const std::string&)> handler;

/// Hands a warning to the user's handler, if there is one.
void hand_on(const std::string& message) {
  std::function<void(const std::string&)> current;
  {
    const std::lock_guard<std::mutex> lock(handler_mutex);
    current = handler;
  }
  if (current) current(message);  // outside the lock: the handler may set another
}

}  // namespace

void set_warning_handler(std::function<void(const std::string&)> new_handler) {
  const std::lock_guard<std::mutex> lock(handler_mutex);
  handler = std::move(new_handler);
}

void core::Warnings::add(const Warning& warning, std::vector<std::string>& of_explanation) {
  if (std::find(of_explanation.begin(), of_explanation.end(), warning.message) == of_explanation.end())
    of_explanation.push_back(warning.message);
  {
    const std::lock_guard<std::mutex> lock(mutex_);
    if (!handed_on_.insert(warning.kind).second) return;
  }
  hand_on(warning.message);
}

}  // namespace whycam
