// Memory for many numbers.
#pragma once

#include <cstddef>
#include <memory>

namespace whycam::core {

/// New memory, not initialised, aligned to 64 bytes. Of large ones the operating system is asked for huge pages: a
/// plan's weights and values are hundreds of megabytes, and to touch those first in pages of 4 KiB takes longer than to
/// fill them. Throws MemoryError.
std::shared_ptr<float> large_memory(std::size_t bytes);

/// Hands out pieces of larger memory, so that many small ones share their huge pages. A piece keeps alive what it is
/// of.
class MemoryPieces {
 public:
  /// Aligned to 64 bytes, not initialised.
  std::shared_ptr<float> piece(std::size_t bytes);
  /// The same, but its memory goes back to the operating system as soon as nobody holds it any more, not with all of
  /// the larger memory.
  std::shared_ptr<float> returnable_piece(std::size_t bytes);

 private:
  std::shared_ptr<float> block_;
  std::size_t left_ = 0, used_ = 0;  ///< bytes of the block
};

}  // namespace whycam::core
