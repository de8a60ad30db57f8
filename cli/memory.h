// What is asked for when memory ends.
#pragma once

#include <cstdint>
#include <new>

namespace whycam::cli {

/// How many bytes could not be had; 0 where it is not known.
std::uint64_t bytes_asked_for(const std::bad_alloc& failure);

}  // namespace whycam::cli
