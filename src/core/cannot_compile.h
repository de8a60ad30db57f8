#pragma once

#include <exception>
#include <stdexcept>

#include "whycam/errors.h"

namespace whycam::core {

/// Why a network cannot be compiled: which operator, and where it stands.
class CannotCompile : public std::runtime_error {
 public:
  using std::runtime_error::runtime_error;
};

/// Does `work`, which compiles a network. What fails in it that is no error of whycam's is wrong with the network or
/// its arguments, and the reason for which it cannot be compiled: `text_of` gives it from the exception.
template <class Work, class TextOf>
void or_cannot_compile(const Work& work, const TextOf& text_of) {
  try {
    work();
  } catch (const Error&) {
    throw;
  } catch (const CannotCompile&) {
    throw;
  } catch (const std::exception& reason) {
    throw CannotCompile(text_of(reason));
  }
}

}  // namespace whycam::core
