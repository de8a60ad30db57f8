#include "sharing.h"

#include <algorithm>

namespace whycam::cli {

Sharing among(std::size_t workers, std::size_t threads) {
  return {workers, std::max<std::size_t>(1, threads / workers)};
}

Sharing shared_out(std::size_t threads, std::size_t batches) {
  return among(std::max<std::size_t>(1, std::min(threads, batches)), threads);
}

Sharing within_memory(const Sharing& sharing, std::size_t threads, std::uint64_t bytes_each, std::uint64_t memory) {
  const std::uint64_t fit = bytes_each == 0 ? 1 : memory / 2 / bytes_each;
  if (fit >= sharing.workers) return sharing;
  return shared_out(threads, static_cast<std::size_t>(fit));
}

}  // namespace whycam::cli
