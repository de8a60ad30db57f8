#include "backends/onednn/arena.h"

#include <algorithm>
#include <map>
#include <numeric>
#include <set>

namespace whycam::onednn {

namespace {

std::size_t rounded(std::size_t size) {
  constexpr std::size_t alignment = 64;
  return (size + alignment - 1) / alignment * alignment;
}

/// Free parts of a block of memory, which grows at its end.
class FreeParts {
 public:
  /// The smallest part that is large enough.
  std::size_t take(std::size_t size) {
    const auto found = by_size_.lower_bound({size, 0});
    if (found == by_size_.end()) {
      const std::size_t offset = end_;
      end_ += size;
      return offset;
    }
    const auto [free, offset] = *found;
    remove(offset, free);
    if (free > size) add(offset + size, free - size);
    return offset;
  }

  void give_back(std::size_t offset, std::size_t size) {
    auto next = by_offset_.lower_bound(offset);
    if (next != by_offset_.end() && next->first == offset + size) {
      size += next->second;
      remove(next->first, next->second);
      next = by_offset_.lower_bound(offset);
    }
    if (next != by_offset_.begin())
      if (const auto [before, length] = *std::prev(next); before + length == offset) {
        remove(before, length);
        offset = before;
        size += length;
      }
    add(offset, size);
  }

  std::size_t end() const { return end_; }

 private:
  void add(std::size_t offset, std::size_t size) {
    by_offset_[offset] = size;
    by_size_.insert({size, offset});
  }
  void remove(std::size_t offset, std::size_t size) {
    by_offset_.erase(offset);
    by_size_.erase({size, offset});
  }

  std::map<std::size_t, std::size_t> by_offset_;
  std::set<std::pair<std::size_t, std::size_t>> by_size_;
  std::size_t end_ = 0;
};

}  // namespace

/// In the order of time, which takes little more memory and no time that grows with the square.
void Arena::place_by_time(const std::vector<Lifetime>& buffers) {
  std::vector<std::size_t> order(buffers.size());
  std::iota(order.begin(), order.end(), std::size_t{0});
  std::stable_sort(order.begin(), order.end(),
                   [&](std::size_t a, std::size_t b) { return buffers[a].first < buffers[b].first; });
  FreeParts free;
  std::multimap<int, std::size_t> alive;  // by the last step
  for (const std::size_t own : order) {
    while (!alive.empty() && alive.begin()->first < buffers[own].first) {
      const std::size_t other = alive.begin()->second;
      free.give_back(offsets[other], rounded(buffers[other].bytes));
      alive.erase(alive.begin());
    }
    if (buffers[own].bytes == 0) continue;
    offsets[own] = free.take(rounded(buffers[own].bytes));
    alive.emplace(buffers[own].last, own);
  }
  bytes = free.end();
}

Arena::Arena(const std::vector<Lifetime>& buffers) : offsets(buffers.size(), 0) {
  constexpr std::size_t many = 4096;
  if (buffers.size() > many) {
    place_by_time(buffers);
    return;
  }
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
