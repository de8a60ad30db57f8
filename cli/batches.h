// The inputs of a run in the batches that go through the network together.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "exit_code.h"
#include "input_reader.h"

namespace whycam::cli {

/// One input of a run, read; or why it cannot be.
struct Item {
  std::size_t number;  ///< in the list of inputs
  InputFile file;
  std::optional<Input> input;
  std::optional<Failure> failure;
};

struct Batch {
  std::vector<Item> items;
  std::optional<Tensor> tensor;  ///< nothing where no item could be read
};

/// The inputs of one batch: from the number `first` in the list to the one before `end`.
struct BatchPlace {
  std::size_t first, end;
};

/// Reads the inputs in order: pictures `batch_size` at a time, each .npy tensor by itself. What a batch holds
/// follows from the list alone, not from what is finished or unreadable: the place of an unreadable picture is filled
/// with a picture of the batch once more (not with zeros, of which a network may make NaN). So each picture meets the
/// same arithmetic in every run. The last batch is as long as what is left, and never filled up.
class BatchReader {
 public:
  /// `finished`: one entry an input. Batches whose inputs are all finished are passed over. The reader
  /// must stay.
  BatchReader(std::vector<InputFile> files, std::vector<bool> finished, InputReader& reader, int batch_size);

  /// Which batch is to be read next; nothing behind the last one.
  std::optional<BatchPlace> next();
  /// Thread-safe. Throws what is no fault of one input.
  Batch read(const BatchPlace& place) const;

 private:
  Item read(std::size_t number) const;
  static std::optional<Tensor> joined(const std::vector<Item>& items);

  std::vector<InputFile> files_;
  std::vector<bool> finished_;
  InputReader& reader_;
  std::size_t batch_size_, next_ = 0;
};

}  // namespace whycam::cli
