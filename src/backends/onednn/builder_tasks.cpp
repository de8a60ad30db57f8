// What is left once all steps are put down, which takes most of the time: the last primitives, and packs of weights.
#include <algorithm>

#include "backends/onednn/builder.h"

namespace whycam::onednn {

/// A large network's weights take most of a plan's time; a small one's primitives do. By all threads, and all packs of
/// some rows at once: they are read from memory once.
void Builder::make_primitives_and_packs() {
  constants_.clear();  // what is packed or kept has its owners
  Tasks tasks = primitives_.left();
  for (auto& [value, packings] : packings_) {
    std::int64_t parts = 0;
    for (const Packing& packing : packings.all) parts = std::max(parts, packing.parts.count);
    packings.parts_left = parts;
    for (std::int64_t part = 0; part < parts; ++part)
      tasks.emplace_back([this, value = value, part, &packings = packings] { pack(value, packings, part); });
  }
  for (const auto& [value, pack] : whole_packs_)
    if (packings_.count(value) == 0) give_up_weights(value);
  do_in_parallel(tasks);
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
