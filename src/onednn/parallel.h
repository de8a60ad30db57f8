// Splitting loops over threads, and compiling them for several instruction sets.
#pragma once

#include <algorithm>
#include <cstdint>

// The hot loops are compiled for several instruction sets, and the best that the machine has is taken when the program starts.
#if defined(__x86_64__) && defined(__GNUC__) && !defined(__clang__) && !defined(__SANITIZE_ADDRESS__)
#define WHYCAM_HOT __attribute__((target_clones("avx512f", "avx2", "default")))
#else
#define WHYCAM_HOT
#endif

namespace whycam::onednn::kernels {

/// Below this many elements a loop is done on one thread.
constexpr std::int64_t grain = 1 << 14;

/// Calls `work(begin, end)` for parts of 0 to count whose borders are multiples of `unit`.
template <class Work>
void in_parts(std::int64_t count, std::int64_t unit, const Work& work) {
  const std::int64_t units = (count + unit - 1) / unit;
  const std::int64_t per_part = std::max<std::int64_t>(1, grain / unit);
  const std::int64_t parts = (units + per_part - 1) / per_part;
  if (parts <= 1) return work(0, count);
#pragma omp parallel for schedule(static)
  for (std::int64_t part = 0; part < parts; ++part)
    work(part * per_part * unit, std::min(count, (part + 1) * per_part * unit));
}

/// Calls `work(i)` for i from 0 to count, each of which handles `elements` elements.
template <class Work>
void for_each(std::int64_t count, std::int64_t elements, const Work& work) {
  if (count * elements < grain) {
    for (std::int64_t i = 0; i < count; ++i) work(i);
    return;
  }
#pragma omp parallel for schedule(static)
  for (std::int64_t i = 0; i < count; ++i) work(i);
}

}  // namespace whycam::onednn::kernels
