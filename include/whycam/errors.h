// The exceptions of whycam. Each message says what was wrong, with the offending value, and what to do.
#pragma once

#include <cstdint>
#include <stdexcept>

#include "whycam/api.h"

namespace whycam {

/// Everything that whycam throws. The network's own failures (a wrong input shape, say) arrive as ModelError.
class WHYCAM_API Error : public std::runtime_error {
 public:
  using std::runtime_error::runtime_error;
};

/// The network cannot be read, cannot be run on these inputs, or cannot be explained.
class WHYCAM_API ModelError : public Error {
 public:
  using Error::Error;
};

/// The layer is not there, did not run, cannot be observed, or the output does not depend on it.
class WHYCAM_API LayerError : public Error {
 public:
  using Error::Error;
};

/// The target does not choose exactly one number of the output for every example.
class WHYCAM_API TargetError : public Error {
 public:
  using Error::Error;
};

/// An input is of the wrong type, empty, or does not fit the others; or its file cannot be read.
class WHYCAM_API InputError : public Error {
 public:
  using Error::Error;
};

/// There is not enough memory. What the standard library asks for fails as std::bad_alloc.
class WHYCAM_API MemoryError : public Error {
 public:
  /// What was asked for at once, in bytes; 0: not known.
  explicit MemoryError(std::uint64_t bytes);
};

/// A file cannot be written.
class WHYCAM_API OutputError : public Error {
 public:
  using Error::Error;
};

}  // namespace whycam
