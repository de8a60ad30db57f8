#pragma once

#include <mutex>
#include <set>
#include <string>
#include <vector>

namespace whycam::core {

/// A sentence that a careful reader of an explanation should know, and what kind of thing it says.
struct Warning {
  std::string kind, message;
};

/// The warnings of one explainer: each stands once in the explanation that it belongs to, and goes to the user's
/// handler once a kind. Thread-safe.
class Warnings {
 public:
  void add(const Warning& warning, std::vector<std::string>& of_explanation);
  void add(const std::string& kind, const std::string& message, std::vector<std::string>& of_explanation) {
    add({kind, message}, of_explanation);
  }

 private:
  std::mutex mutex_;
  std::set<std::string> handed_on_;
};

}  // namespace whycam::core
