#include "backends/onednn/arena.h"

#include <algorithm>
#include <numeric>

namespace whycam::onednn {

Arena::Arena(const std::vector<Lifetime>& buffers) : offsets(buffers.size(), 0) {
  constexpr std::size_t alignment = 64;
  const auto rounded = [](std::size_t size) { return (size + alignment - 1) / alignment * alignment; };
  std::vector<std::size_t> order(buffers.size());
  std::iota(order.begin(), order.end(), std::size_t{0});
  std::stable_sort(order.begin(), order.end(),
                   [&](std::size_t a, std::size_t b) { return buffers[a].bytes > buffers[b].bytes; });
  std::vector<std::size_t> placed;  // by offset
  for (const std::size_t own : order) {
    std::size_t offset = 0;
    for (const std::size_t other : placed) {
      if (buffers[other].last < buffers[own].first || buffers[own].last < buffers[other].first) continue;
      if (offset + buffers[own].bytes <= offsets[other]) break;
      offset = std::max(offset, offsets[other] + rounded(buffers[other].bytes));
    }
    offsets[own] = offset;
    bytes = std::max(bytes, offset + rounded(buffers[own].bytes));
    placed.insert(std::upper_bound(placed.begin(), placed.end(), own,
                                   [&](std::size_t a, std::size_t b) { return offsets[a] < offsets[b]; }),
                  own);
  }
}

}  // namespace whycam::onednn
