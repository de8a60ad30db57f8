// What is left once all steps are put down: primitives and packs of weights, which take most of the time.
#include <algorithm>
#include <exception>
#include <functional>
#include <vector>

#include "backends/onednn/builder.h"

namespace whycam::onednn {

/// oneDNN writes code for each primitive, which is most of what a small network's plan takes; a large one's weights
/// take longer. By all threads, and all packs of some rows at once: they are read from
/// memory once.
void Builder::make_primitives_and_packs() {
  constants_.clear();  // what is packed or kept has its owners
  std::vector<std::function<void()>> tasks;
  for (const Unmade& one : unmade_)
    tasks.emplace_back([this, &one] { program_->sections[one.section][one.step].primitive = one.make(); });
  for (auto& [value, packings] : packings_) {
    std::int64_t parts = 0;
    for (const Packing& packing : packings.all) parts = std::max(parts, packing.parts.count);
    packings.parts_left = parts;
    for (std::int64_t part = 0; part < parts; ++part)
      tasks.emplace_back([this, value = value, part, &packings = packings] { pack(value, packings, part); });
  }
  for (const auto& [value, pack] : whole_packs_)
    if (packings_.count(value) == 0) give_up_weights(value);
  std::vector<std::exception_ptr> failures(tasks.size());
#pragma omp parallel for schedule(dynamic)
  for (std::size_t i = 0; i < tasks.size(); ++i) {
    try {
      tasks[i]();
    } catch (...) {
      failures[i] = std::current_exception();
    }
  }
  for (const std::exception_ptr& failure : failures)
    if (failure) std::rethrow_exception(failure);
}

void Builder::pack(Value value, Packings& packings, std::int64_t part) const {
  for (const Packing& packing : packings.all)
    if (part < packing.parts.count) packing.parts.work(part);
  if (--packings.parts_left > 0) return;
  for (const Packing& packing : packings.all) packing.keep();
  packings.numbers = nullptr;
  give_up_weights(value);
}

}  // namespace whycam::onednn
