#include "graph/weights.h"

#include <algorithm>
#include <cstddef>

#include "graph/finite.h"

namespace whycam::graph {

Weights::Weights(std::shared_ptr<const float> numbers, std::int64_t count)
    : count_(count), finite_(all_finite(numbers.get(), count)), numbers_(std::move(numbers)) {}

std::shared_ptr<const float> Weights::numbers() const {
  const std::lock_guard lock(mutex_);
  if (numbers_) return numbers_;
  if (auto written = written_.lock()) return written;
  const std::shared_ptr<float> numbers(new float[static_cast<std::size_t>(count_)], std::default_delete<float[]>());
  write_(numbers.get());
  written_ = numbers;
  return numbers;
}

void Weights::give_up(std::function<void(float* numbers)> write) const {
  const std::lock_guard lock(mutex_);
  write_ = std::move(write);
  numbers_ = nullptr;
}

std::shared_ptr<const float> Weights::packed(const Key& key) const {
  const std::lock_guard lock(mutex_);
  const auto found = std::find_if(packed_.begin(), packed_.end(), [&](const auto& one) { return one.first == key; });
  return found == packed_.end() ? nullptr : found->second.lock();
}

void Weights::keep(const Key& key, const std::shared_ptr<const float>& packed) const {
  const std::lock_guard lock(mutex_);
  packed_.erase(std::remove_if(packed_.begin(), packed_.end(),
                               [&](const auto& one) { return one.second.expired() || one.first == key; }),
                packed_.end());
  packed_.emplace_back(key, packed);
}

}  // namespace whycam::graph
