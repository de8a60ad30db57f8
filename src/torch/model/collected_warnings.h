// libtorch's own warnings, kept from the standard error stream.
#pragma once

#include <c10/util/Exception.h>
#include <torch/version.h>

#include <string>
#include <vector>

namespace whycam::network {

/// While it lives, what libtorch would print as a warning on this thread is collected instead. (libtorch keeps the
/// handler a thread; its interface is another one since version 2.)
class CollectedWarnings {
 public:
  const std::vector<std::string>& messages() const { return collector_.messages; }

 private:
  struct Collector : c10::WarningHandler {
    std::vector<std::string> messages;
#if TORCH_VERSION_MAJOR >= 2
    void process(const c10::Warning& warning) override { messages.push_back(warning.msg()); }
  };
  Collector collector_;
  c10::WarningUtils::WarningHandlerGuard guard_{&collector_};
#else
    void process(const c10::SourceLocation&, const std::string& message, bool) override { messages.push_back(message); }
  };
  Collector collector_;
  c10::Warning::WarningHandlerGuard guard_{&collector_};
#endif
};

}  // namespace whycam::network
