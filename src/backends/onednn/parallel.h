// Splitting loops over threads, and compiling them for several instruction sets.
#pragma once

#include <omp.h>

#include <algorithm>
#include <cstdint>

#include "backends/onednn/layout.h"
#include "graph/graph.h"

// The hot loops are compiled for several instruction sets, and the best that the machine has is taken when the program
// starts.
#if defined(__x86_64__) && defined(__GNUC__) && !defined(__clang__) && !defined(__SANITIZE_ADDRESS__)
#define WHYCAM_HOT __attribute__((target_clones("avx512f", "avx2", "default")))
#else
#define WHYCAM_HOT
#endif

// Before a loop whose iterations do not depend on each other, which the compiler cannot know of pointers.
#if defined(__clang__)
#define WHYCAM_INDEPENDENT _Pragma("clang loop vectorize(assume_safety)")
#else
#define WHYCAM_INDEPENDENT _Pragma("GCC ivdep")
#endif

namespace whycam::onednn::kernels {

/// count / by, rounded up.
inline std::int64_t quotient_up(std::int64_t count, std::int64_t by) { return (count + by - 1) / by; }

/// Below this many elements a loop is done on one thread.
constexpr std::int64_t grain = 1 << 14;

/// Calls `work(begin, end)` for parts of 0 to count whose borders are multiples of `unit`, where that is 1 of 16: at
/// most one for each thread, in the mean of half a grain or more.
template <class Work>
void in_parts(std::int64_t count, std::int64_t unit, const Work& work) {
  if (unit == 1) unit = 16;  // no two threads write to one line of the caches
  const std::int64_t units = quotient_up(count, unit);
  const std::int64_t parts = std::min<std::int64_t>({2 * count / grain, units, omp_get_max_threads()});
  if (parts <= 1) return work(0, count);
#pragma omp parallel for schedule(static)
  for (std::int64_t part = 0; part < parts; ++part)
    work(units * part / parts * unit, std::min(count, units * (part + 1) / parts * unit));
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

/// Calls `work(plane, begin, count)` for runs of places of each plane, which is an example's block of channels: several
/// threads have work also where all channels lie side by side.
template <class Work>
void for_each_run(const Extents& e, const Work& work) {
  const std::int64_t at_once = std::max<std::int64_t>(1, grain / e.block);
  const std::int64_t parts = quotient_up(e.area, at_once);
  for_each(e.batch * e.blocks * parts, std::min(e.area, at_once) * e.block, [&](std::int64_t i) {
    const std::int64_t begin = i % parts * at_once;
    work(i / parts, begin, std::min(at_once, e.area - begin));
  });
}

/// A row-major tensor row by row, a row being its last dimension.
struct RowByRow {
  explicit RowByRow(const graph::Shape& of)
      : shape(of), size(of.empty() ? 1 : of.back()), count(graph::element_count(of) / size) {}
  /// Where a row begins in memory with these steps.
  std::int64_t place(std::int64_t row, const graph::Integers& steps) const {
    std::int64_t place = 0;
    for (std::size_t d = shape.size() - (shape.empty() ? 0 : 1); d-- > 0;) {
      place += row % shape[d] * steps[d];
      row /= shape[d];
    }
    return place;
  }
  static std::int64_t step(const graph::Integers& steps) { return steps.empty() ? 0 : steps.back(); }

  const graph::Shape& shape;
  std::int64_t size, count;
};

}  // namespace whycam::onednn::kernels
