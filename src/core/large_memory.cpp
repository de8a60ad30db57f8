#include "core/large_memory.h"

#include <algorithm>
#include <cstdint>
#include <cstdlib>
#ifdef __linux__
#include <sys/mman.h>
#include <unistd.h>
#endif

#include "whycam/errors.h"

namespace whycam::core {
namespace {

constexpr std::size_t cache_line = 64, huge_page = std::size_t{2} << 20;

std::size_t rounded(std::size_t bytes, std::size_t unit) {
  return (std::max<std::size_t>(bytes, 1) + unit - 1) / unit * unit;
}

/// The pages that lie wholly within; whoever touched them again would find zeros.
void give_pages_back(float* memory, std::size_t bytes) {
#ifdef MADV_DONTNEED
  static const auto page = static_cast<std::uintptr_t>(sysconf(_SC_PAGESIZE));
  const auto place = reinterpret_cast<std::uintptr_t>(memory);
  const std::uintptr_t before = (page - place % page) % page, behind = (place + bytes) % page;
  if (before + behind < bytes)
    madvise(reinterpret_cast<char*>(memory) + before, bytes - before - behind, MADV_DONTNEED);
#else
  (void)memory, (void)bytes;
#endif
}

}  // namespace

std::shared_ptr<float> large_memory(std::size_t bytes) {
  const std::size_t unit = bytes < huge_page ? cache_line : huge_page;
  std::shared_ptr<float> memory(static_cast<float*>(std::aligned_alloc(unit, rounded(bytes, unit))), std::free);
  if (!memory) throw MemoryError(bytes);
#ifdef MADV_HUGEPAGE
  if (unit == huge_page)
    madvise(memory.get(), rounded(bytes, unit), MADV_HUGEPAGE);  // where it is refused, nothing is lost
#endif
  return memory;
}

std::shared_ptr<float> MemoryPieces::piece(std::size_t bytes) {
  constexpr std::size_t block_bytes = 16 * huge_page;
  const std::size_t taken = rounded(bytes, cache_line);
  if (taken >= block_bytes / 4) return large_memory(taken);
  if (taken > left_) {
    block_ = large_memory(block_bytes);
    left_ = block_bytes;
    used_ = 0;
  }
  const std::shared_ptr<float> piece(block_, block_.get() + used_ / sizeof(float));
  used_ += taken;
  left_ -= taken;
  return piece;
}

std::shared_ptr<float> MemoryPieces::returnable_piece(std::size_t bytes) {
  const std::shared_ptr<float> of = piece(bytes);
  return {of.get(), [of, bytes](float* memory) { give_pages_back(memory, bytes); }};
}

}  // namespace whycam::core
