// The command's operators new and delete: those of the standard library, whose failure knows how much was asked for.
#include "memory.h"

#include <algorithm>
#include <cstdlib>

namespace whycam::cli {
namespace {

class NoMemory : public std::bad_alloc {
 public:
  explicit NoMemory(std::size_t bytes) : bytes_(bytes) {}
  std::size_t bytes() const { return bytes_; }

 private:
  std::size_t bytes_;
};

}  // namespace

std::uint64_t bytes_asked_for(const std::bad_alloc& failure) {
  const auto* known = dynamic_cast<const NoMemory*>(&failure);
  return known ? known->bytes() : 0;
}

}  // namespace whycam::cli

// The sanitizers have operators of their own, which tell who freed what.
#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
#define WHYCAM_SANITIZED
#elif defined(__has_feature)
#if __has_feature(address_sanitizer) || __has_feature(thread_sanitizer)
#define WHYCAM_SANITIZED
#endif
#endif

#ifndef WHYCAM_SANITIZED
void* operator new(std::size_t bytes) {
  if (void* memory = std::malloc(std::max<std::size_t>(bytes, 1))) return memory;
  throw whycam::cli::NoMemory(bytes);
}

void operator delete(void* memory) noexcept { std::free(memory); }
void operator delete(void* memory, std::size_t) noexcept { std::free(memory); }
#endif
