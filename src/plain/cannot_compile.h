#pragma once

#include <stdexcept>

namespace whycam::plain {

/// Why a network cannot be compiled: which operator, and where it stands.
class CannotCompile : public std::runtime_error {
 public:
  using std::runtime_error::runtime_error;
};

}  // namespace whycam::plain
