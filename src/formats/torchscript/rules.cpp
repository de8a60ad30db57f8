#include "formats/torchscript/rules.h"

#include <algorithm>

namespace whycam::torchscript {

graph::Value Call::tensor(std::size_t i) {
  const c10::IValue& argument = arguments_[i];
  if (argument.isTensor()) return symbols_.value_of(argument.toTensor());
  if (argument.isScalar() || argument.isBool()) return graph.scalar(number(i));
  refuse("an argument of the type " + argument.tagKind());
}

std::vector<graph::Value> Call::tensors(std::size_t i) {
  std::vector<graph::Value> values;
  for (const c10::IValue& element : arguments_[i].toListRef()) values.push_back(symbols_.value_of(element.toTensor()));
  return values;
}

double Call::number(std::size_t i, double otherwise) const {
  if (!given(i)) return otherwise;
  const c10::IValue& argument = arguments_[i];
  if (argument.isBool()) return argument.toBool() ? 1 : 0;
  if (argument.isTensor()) {
    if (symbols_.is_symbol(argument.toTensor())) refuse("a number that depends on the inputs");
    return argument.toTensor().item<double>();
  }
  if (!argument.isScalar() || argument.isComplexDouble()) refuse("an argument of the type " + argument.tagKind());
  return argument.toScalar().to<double>();
}

std::int64_t Call::integer(std::size_t i, std::int64_t otherwise) const {
  if (!given(i)) return otherwise;
  graph::require_moderate({arguments_[i].toInt()});
  return arguments_[i].toInt();
}

std::int64_t Call::bound(std::size_t i, std::int64_t otherwise) const {
  return given(i) ? std::clamp(arguments_[i].toInt(), -graph::largest_extent, graph::largest_extent) : otherwise;
}

bool Call::boolean(std::size_t i, bool otherwise) const {
  if (!given(i)) return otherwise;
  return arguments_[i].isInt() ? arguments_[i].toInt() != 0 : arguments_[i].toBool();
}

graph::Integers Call::integers(std::size_t i, std::size_t count) const {
  graph::Integers result;
  if (!given(i)) return result;
  if (arguments_[i].isInt())
    result = {arguments_[i].toInt()};
  else
    for (const c10::IValue& element : arguments_[i].toListRef()) result.push_back(element.toInt());
  graph::require_moderate(result);
  if (result.size() == 1 && count > 1) result.assign(count, result[0]);
  return result;
}

void Call::give(graph::Value value) {
  if (in_place_) {
    if (graph.shape(value) != shape()) refuse("an operation in place that changes the shape");
    symbols_.write(arguments_[0].toTensor(), value);
    result_ = arguments_[0];
  } else {
    result_ = in_order(symbols_.stand_in(value), false);
  }
}

/// Most operators keep the order of what they read.
torch::Tensor Call::in_order(torch::Tensor result, bool view) const {
  using Order = Symbols::Order;
  bool gaps = false, lost = false;
  const auto meet = [&](const torch::Tensor& tensor) {
    if (!symbols_.is_symbol(tensor)) return;
    const Order order = symbols_.order(tensor);
    gaps = gaps || order == Order::gaps;
    lost = lost || order == Order::other || order == Order::unknown;
  };
  for (const c10::IValue& argument : arguments_) {
    if (argument.isTensor()) meet(argument.toTensor());
    if (argument.isTensorList())
      for (const c10::IValue& element : argument.toListRef()) meet(element.toTensor());
  }
  if (lost)
    symbols_.set_order(result, Order::unknown);
  else if (becomes_ != Order::row_major)
    symbols_.set_order(result, becomes_);
  else if (gaps && view)
    symbols_.set_order(result, Order::gaps);
  return result;
}

void Call::give_contiguous() {
  switch (symbols_.order(arguments_[0].toTensor())) {
    case Symbols::Order::row_major:
      return give_unchanged();
    case Symbols::Order::gaps:
    case Symbols::Order::unknown:
      refuse("a tensor that may or may not be copied");
    case Symbols::Order::other:
      break;
  }
  result_ = symbols_.stand_in(graph.add(graph::Operator::reshape, {tensor()}, graph::ShapeAttributes{shape()}));
}

void Call::give_view(graph::Value value) {
  if (in_place_) refuse("a change of shape in place");
  const torch::Tensor& base = arguments_[0].toTensor();
  result_ = in_order(symbols_.stand_in(value, symbols_.is_symbol(base) ? base : torch::Tensor()), true);
}

void Call::give_views(const std::vector<graph::Value>& values) {
  c10::List<torch::Tensor> list;
  for (const graph::Value value : values) {
    give_view(value);
    list.push_back(result_.toTensor());
  }
  result_ = list;
}

void Call::give_activation(graph::Value value, const std::string& report_name) {
  graph.set_activation(value, report_name);
  give(value);
}

void Call::give_unchanged() { result_ = arguments_[0]; }

const Rules& rules() {
  static const Rules all = [] {
    Rules made;
    add_window_rules(made);
    add_arithmetic_rules(made);
    add_shaping_rules(made);
    add_normalisation_rules(made);
    add_resizing_rules(made);
    add_attention_rules(made);
    return made;
  }();
  return all;
}

}  // namespace whycam::torchscript
