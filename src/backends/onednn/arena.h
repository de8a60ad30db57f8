// Placing buffers that live at different times in one block of memory.
#pragma once

#include <cstddef>
#include <vector>

namespace whycam::onednn {

/// Used from step `first` to step `last`, both included.
struct Lifetime {
  std::size_t bytes = 0;
  int first = 0, last = 0;
};

/// An offset for each, such that none that live at the same time overlap; and how much they take together. The largest
/// are placed first, each as low as it fits; thousands of them one after the other, each where it fits best.
struct Arena {
  explicit Arena(const std::vector<Lifetime>& buffers);
  std::vector<std::size_t> offsets;
  std::size_t bytes = 0;

 private:
  void place_by_time(const std::vector<Lifetime>& buffers);
};

}  // namespace whycam::onednn
