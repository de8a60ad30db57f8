// Weights of an exported program: the records of its archive, and tensors in them.
#pragma once

#include <map>
#include <memory>
#include <string>
#include <utility>

#include "core/large_memory.h"
#include "formats/archive/archive.h"
#include "formats/pt2/program.h"

namespace whycam::pt2 {

/// A tensor that the file brings along, in row-major order.
struct Weight {
  aten::Type type = aten::Type::other;
  graph::Shape shape;
  graph::Constant floats;        ///< of floating-point numbers, whatever type they have in the file
  std::vector<double> integers;  ///< of all others
};

/// Reads the tensors of one file; those that share a record share its memory where they can.
class WeightReader {
 public:
  explicit WeightReader(const archive::Archive& file) : file_(file) {}

  /// `name` is for messages. Throws Error where the record is missing or too small for the tensor.
  Weight read(const std::string& name, const std::string& record, const TensorMeta& meta);

 private:
  struct Bytes {
    std::shared_ptr<const char> begin;
    std::uint64_t size = 0;
  };
  const Bytes& bytes(const std::string& record);
  graph::Constant constant(const Bytes& held, std::int64_t offset, std::int64_t count);

  const archive::Archive& file_;
  std::map<std::string, Bytes> records_;
  std::map<std::pair<const float*, std::int64_t>, std::shared_ptr<const graph::Weights>> weights_;  ///< large ones
  core::MemoryPieces pieces_;
};

}  // namespace whycam::pt2
