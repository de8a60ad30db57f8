// C++'s exceptions as C's status codes.
#pragma once

#include <algorithm>
#include <cstring>
#include <string>

#include "whycam/c.h"
#include "whycam/errors.h"

namespace whycam::c {

/// An argument that is wrong in itself, whatever the network.
class ArgumentError : public InputError {
 public:
  using InputError::InputError;
};

/// The status of the exception in flight, whose text whycam_last_error() has from now on.
whycam_status failed() noexcept;

/// Does some work; what it throws becomes a status.
template <class Work>
whycam_status guarded(const Work& work) noexcept {
  try {
    work();
    return WHYCAM_OK;
  } catch (...) {
    return failed();
  }
}

/// What a pointer points to. Throws ArgumentError where it points to nothing.
template <class Pointed>
Pointed& required(Pointed* pointer, const char* name) {
  if (!pointer) throw ArgumentError(std::string("the argument ") + name + " is NULL");
  return *pointer;
}

/// Checks an index into so many. Throws ArgumentError.
void require_index(std::size_t index, std::size_t count, const char* name);

/// Fills as much of a caller's struct as it has. Throws ArgumentError.
template <class Struct>
void fill(Struct* into, Struct from, const char* name) {
  const std::size_t size = required(into, name).struct_size;
  if (size < sizeof(std::size_t)) throw ArgumentError(std::string("the struct_size of ") + name + " is not set");
  from.struct_size = size;
  std::memcpy(into, &from, std::min(size, sizeof from));
}

}  // namespace whycam::c
