// Numbers of a network that need not stay in memory in their own order.
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <mutex>
#include <utility>
#include <vector>

namespace whycam::graph {

/// From so many bytes on, a tensor of a file is worth it.
constexpr std::size_t large_weight = std::size_t{1} << 16;

/// A tensor's numbers. A plan packs weights in orders of its own; once it has all that it needs, their own order would
/// be one more copy. Any thread may use them.
class Weights {
 public:
  Weights(std::shared_ptr<const float> numbers, std::int64_t count);

  std::int64_t count() const { return count_; }

  /// In row-major order, for as long as somebody holds them. Where they were given up, they are written anew.
  std::shared_ptr<const float> numbers() const;

  /// Whether none of them is NaN or infinite.
  bool are_finite() const { return finite_; }

  /// From now on only those hold the numbers who do so already; `write` writes them for whoever asks.
  void give_up(std::function<void(float* numbers)> write) const;

  /// What was kept last under a key and is held by somebody still; null where there is none. Its meaning is that of
  /// whoever keeps it: plans keep packed weights for each other.
  using Key = std::vector<std::int64_t>;
  std::shared_ptr<const float> packed(const Key& key) const;
  void keep(const Key& key, const std::shared_ptr<const float>& packed) const;

 private:
  const std::int64_t count_;
  const bool finite_;
  mutable std::mutex mutex_;
  mutable std::shared_ptr<const float> numbers_;       ///< null where they were given up
  mutable std::weak_ptr<const float> written_;         ///< those that were written anew
  mutable std::function<void(float* numbers)> write_;  ///< of those that were given up
  mutable std::vector<std::pair<Key, std::weak_ptr<const float>>> packed_;
};

}  // namespace whycam::graph
