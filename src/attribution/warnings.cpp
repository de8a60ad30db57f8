#include "attribution/warnings.h"

#include <mutex>

#include "whycam/warnings.h"

namespace whycam {
namespace {

std::mutex handler_mutex;
std::function<void(const std::string&)> handler;

}  // namespace

void set_warning_handler(std::function<void(const std::string&)> new_handler) {
  const std::lock_guard<std::mutex> lock(handler_mutex);
  handler = std::move(new_handler);
}

void attribution::emit_warning(const std::string& message) {
  std::function<void(const std::string&)> current;
  {
    const std::lock_guard<std::mutex> lock(handler_mutex);
    current = handler;
  }
  if (current) current(message);  // outside the lock: the handler may set another
}

}  // namespace whycam
