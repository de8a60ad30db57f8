// How libtorch's operators on tensors that depend on the inputs become nodes of the graph.
#pragma once

#include <functional>
#include <map>
#include <string>
#include <vector>

#include "formats/torchscript/symbols.h"
#include "whycam/torch_tensor.h"

namespace whycam::torchscript {

/// One call of an operator.
class Call {
 public:
  Call(Symbols& symbols, std::vector<c10::IValue> arguments, bool in_place)
      : graph(symbols.graph), arguments_(std::move(arguments)), in_place_(in_place), symbols_(symbols) {
    for (const c10::IValue& argument : arguments_)
      if (name.empty() && argument.isTensor() && argument.toTensor().defined())
        name = symbols_.name_of(argument.toTensor());
  }

  graph::Graph& graph;
  std::string name;  ///< of the module whose weight is among the arguments

  std::size_t count() const { return arguments_.size(); }
  const c10::IValue& operator[](std::size_t i) const { return arguments_[i]; }
  bool given(std::size_t i) const {
    return i < count() && !arguments_[i].isNone() && !(arguments_[i].isTensor() && !arguments_[i].toTensor().defined());
  }

  /// A tensor, or a number as one of no dimensions.
  graph::Value tensor(std::size_t i = 0);
  std::vector<graph::Value> tensors(std::size_t i = 0);
  graph::Shape shape(std::size_t i = 0) const { return arguments_[i].toTensor().sizes().vec(); }
  std::int64_t dimensions(std::size_t i = 0) const { return arguments_[i].toTensor().dim(); }
  double number(std::size_t i, double otherwise = 0) const;
  /// A size, place or axis. Throws std::invalid_argument where it is beyond graph::largest_extent.
  std::int64_t integer(std::size_t i, std::int64_t otherwise = 0) const;
  /// A slice's bound or step: what is beyond that is cut off.
  std::int64_t bound(std::size_t i, std::int64_t otherwise) const;
  bool boolean(std::size_t i, bool otherwise = false) const;
  /// A list of integers, one repeated to `count` where only one is given.
  graph::Integers integers(std::size_t i, std::size_t count = 0) const;
  std::string text(std::size_t i) const { return given(i) ? arguments_[i].toStringRef() : std::string(); }
  /// A dimension counted from the end where it is negative.
  std::int64_t axis(std::int64_t given, std::int64_t dimensions) const {
    return given < 0 ? given + dimensions : given;
  }

  /// What the call gives.
  void give(graph::Value value);
  /// The same, as a view of argument 0, which operations in place on either must not separate.
  void give_view(graph::Value value);
  void give_views(const std::vector<graph::Value>& values);
  /// An activation's value, by the name that a report calls it.
  void give_activation(graph::Value value, const std::string& report_name);
  /// Argument 0 itself.
  void give_unchanged();
  /// What contiguous() gives: argument 0 itself or a copy.
  void give_contiguous();
  /// How the result's elements lie, where the call changes it.
  void reorders(Symbols::Order becomes) { becomes_ = becomes; }

  [[noreturn]] void refuse(const std::string& why) const { throw CannotCompile(why); }

  c10::IValue result() const { return result_; }

 private:
  torch::Tensor in_order(torch::Tensor result, bool view) const;

  std::vector<c10::IValue> arguments_;
  bool in_place_;
  Symbols::Order becomes_ = Symbols::Order::row_major;
  c10::IValue result_;
  Symbols& symbols_;
};

using Rule = std::function<void(Call&)>;
using Rules = std::map<std::string, Rule>;

/// The rules by the operators' names without "aten::".
const Rules& rules();

void add_window_rules(Rules& rules);
void add_arithmetic_rules(Rules& rules);
void add_shaping_rules(Rules& rules);
void add_normalisation_rules(Rules& rules);
void add_resizing_rules(Rules& rules);
void add_attention_rules(Rules& rules);

}  // namespace whycam::torchscript
