// The tensors of an exported program while it is followed.
#pragma once

#include <memory>
#include <optional>
#include <set>
#include <string>
#include <unordered_map>
#include <vector>

#include "formats/aten/call.h"
#include "formats/known/constants.h"
#include "formats/pt2/weights.h"

namespace whycam::pt2 {

/// Numbers that do not depend on the inputs: places in a memory that views share.
struct Known {
  std::shared_ptr<std::vector<double>> memory;
  known::Array places;

  static Known of(known::Array array);
  std::vector<double> numbers() const;
  /// Throws std::invalid_argument where there are not as many.
  void write(const std::vector<double>& numbers) const;
};

class TensorTable : public aten::Tensors {
 public:
  explicit TensorTable(graph::Graph& of) : Tensors(of), constants_(of) {}

  /// What the table keeps of a tensor; its number is its place in the table.
  using Id = std::size_t;
  Id add(graph::Value value, aten::Type type);
  /// `part`: which part of the tensor that is, where an operation in place on the view may be one on the tensor.
  Id add_view(graph::Value value, aten::Type type, Id of, std::optional<aten::Part> part);
  Id add(Known known, aten::Type type);
  Id add_view(Known known, aten::Type type, Id of);
  Id add(const Weight& weight, const std::string& name);

  /// An operation in place: from now on the tensor stands for another value, and so does that of which it is a part.
  void write(Id tensor, graph::Value value);
  /// An operation in place that could not be followed: what lies in the tensor's memory is not known from now on.
  void spoil(Id tensor, const std::string& reason);

  /// What contiguous() gave where it is not known whether that is a copy.
  std::vector<graph::Value> perhaps_copies;

  aten::Tensor tensor(Id id) const { return {id, entries_[id].shape, entries_[id].type}; }
  /// Throws CannotCompile where they are not known any more, as value and numbers do.
  const std::optional<Known>& known(Id id) const;
  /// Whether it is a weight or a part of one.
  bool is_of_weight(Id id) const { return entries_[entries_[id].memory].weight != nullptr; }
  /// Whether its numbers are known and few enough to compute with.
  bool is_few(Id id, std::int64_t most) const;
  void set_order(Id id, aten::Order order) { entries_[id].order = order; }
  /// Its value where it depends on the inputs, else no_value.
  graph::Value value_of_inputs(Id id);

  graph::Value value(const aten::Tensor& tensor) override;
  bool depends_on_inputs(const aten::Tensor& tensor) const override;
  std::vector<double> numbers(const aten::Tensor& tensor) override;
  std::string module_of(const aten::Tensor& tensor) const override { return entries_[tensor.id].module; }
  bool floats_are_one_type() const override { return true; }
  aten::Order order(const aten::Tensor& tensor) const override { return entries_[tensor.id].order; }

 private:
  struct Entry {
    graph::Shape shape;
    aten::Type type = aten::Type::other;
    graph::Value value = graph::no_value;
    std::optional<Known> known;
    const Weight* weight = nullptr;
    std::string name, module;  ///< of a weight
    Id memory = 0;             ///< the first tensor that it shares memory with
    std::optional<aten::Part> part;
    Id whole = 0;              ///< the tensor that it is a part of
    bool is_outdated = false;  ///< was written over through another view of its memory
    aten::Order order = aten::Order::row_major;
  };

  Id append(Entry entry);
  void write_to_known(Id tensor, graph::Value value);
  /// All but these tensors of the same memory.
  void outdate_others(Id memory, const std::set<Id>& current);
  void require_sound(Id id) const;

  std::vector<Entry> entries_;
  std::unordered_map<Id, std::string> spoiled_;  ///< memories, and why
  mutable known::Constants constants_;
};

}  // namespace whycam::pt2
