#include "batches.h"

#include <algorithm>

namespace whycam::cli {

BatchReader::BatchReader(std::vector<InputFile> files, std::vector<bool> finished, InputReader& reader, int batch_size)
    : files_(std::move(files)),
      finished_(std::move(finished)),
      reader_(reader),
      batch_size_(static_cast<std::size_t>(batch_size)) {}

std::optional<BatchPlace> BatchReader::next() {
  while (next_ < files_.size()) {
    const std::size_t first = next_++;
    while (!is_array(files_[first].path) && next_ < files_.size() && next_ - first < batch_size_ &&
           !is_array(files_[next_].path))
      ++next_;
    if (std::all_of(finished_.begin() + static_cast<std::ptrdiff_t>(first),
                    finished_.begin() + static_cast<std::ptrdiff_t>(next_), [](bool finished) { return finished; }))
      continue;
    return BatchPlace{first, next_};
  }
  return std::nullopt;
}

Batch BatchReader::read(const BatchPlace& place) const {
  Batch batch;
  for (std::size_t number = place.first; number < place.end; ++number) batch.items.push_back(read(number));
  batch.tensor = joined(batch.items);
  return batch;
}

Item BatchReader::read(std::size_t number) const {
  Item item{number, files_[number], {}, {}};
  try {
    item.input = reader_.read(item.file);
  } catch (...) {
    item.failure = current_failure();
    if (item.failure->code() != ExitCode::input) throw;
  }
  return item;
}

std::optional<Tensor> BatchReader::joined(const std::vector<Item>& items) {
  const auto some = std::find_if(items.begin(), items.end(), [](const Item& item) { return item.input.has_value(); });
  if (some == items.end()) return std::nullopt;
  if (is_array(items[0].file.path)) return items[0].input->tensor;
  const Tensor& one = some->input->tensor;  // pictures all have its shape
  std::vector<float> numbers;
  numbers.reserve(items.size() * one.values.size());
  const Tensor* row = &one;
  for (const Item& item : items) {
    if (item.input) row = &item.input->tensor;
    numbers.insert(numbers.end(), row->values.begin(), row->values.end());
  }
  Tensor joined{one.shape, std::move(numbers)};
  joined.shape[0] = static_cast<std::int64_t>(items.size());
  return joined;
}

}  // namespace whycam::cli
