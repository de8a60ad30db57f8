// How a run shares the computer among the pictures that it explains at once.
#pragma once

#include <cstddef>
#include <cstdint>

namespace whycam::cli {

struct Sharing {
  std::size_t workers = 1;  ///< batches that are explained at once
  std::size_t threads = 1;  ///< of each
};

/// So many workers, each of which has its share of the threads, and at least one.
Sharing among(std::size_t workers, std::size_t threads);

/// One thread a worker takes less time than all threads on one batch, since none waits for another; so there are as
/// many workers as threads, and fewer only where there are fewer batches. The shares depend on the whole run, not on a
/// shard of it: with other threads, sums are added in another order.
Sharing shared_out(std::size_t threads, std::size_t batches);

/// No more workers than half of the memory holds, each of which takes so many bytes; with 0, which is unknown, one.
Sharing within_memory(const Sharing& sharing, std::size_t threads, std::uint64_t bytes_each, std::uint64_t memory);

}  // namespace whycam::cli
