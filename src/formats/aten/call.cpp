#include "formats/aten/call.h"

#include <algorithm>

#include "graph/operators.h"

namespace whycam::aten {

Call::Call(Tensors& tensors, Arguments arguments)
    : graph(tensors.graph), arguments_(std::move(arguments)), tensors_(tensors) {
  for (const Argument& argument : arguments_)
    if (const auto* tensor = std::get_if<Tensor>(&argument.value); tensor && name.empty())
      name = tensors_.module_of(*tensor);
}

const Argument& Call::operator[](std::size_t i) const {
  static const Argument none;
  return i < arguments_.size() ? arguments_[i] : none;
}

const Tensor& Call::tensor_argument(std::size_t i) const {
  const auto* tensor = std::get_if<Tensor>(&(*this)[i].value);
  if (!tensor) refuse("an argument that is no tensor");
  return *tensor;
}

graph::Value Call::tensor(std::size_t i) {
  return is<Tensor>(i) ? tensors_.value(tensor_argument(i)) : graph.scalar(real_number((*this)[i]));
}

std::vector<graph::Value> Call::tensors(std::size_t i) {
  std::vector<graph::Value> values;
  for (const Argument& element : list(i)) {
    const auto* tensor = std::get_if<Tensor>(&element.value);
    if (!tensor) refuse("a list with something else than tensors");
    values.push_back(tensors_.value(*tensor));
  }
  return values;
}

std::vector<double> Call::numbers_of(std::size_t i) const {
  const Tensor& tensor = tensor_argument(i);
  if (tensors_.depends_on_inputs(tensor)) refuse("numbers that depend on the inputs");
  return tensors_.numbers(tensor);
}

double Call::real_number(const Argument& argument) const {
  if (const auto* truth = std::get_if<bool>(&argument.value)) return *truth ? 1 : 0;
  if (const auto* integer = std::get_if<std::int64_t>(&argument.value)) return static_cast<double>(*integer);
  if (const auto* real = std::get_if<double>(&argument.value)) return *real;
  if (const auto* tensor = std::get_if<Tensor>(&argument.value)) {
    if (tensors_.depends_on_inputs(*tensor)) refuse("a number that depends on the inputs");
    const std::vector<double> numbers = tensors_.numbers(*tensor);
    if (numbers.size() == 1) return numbers[0];
  }
  refuse("an argument that is no number");
}

std::int64_t Call::whole_number(const Argument& argument) const {
  if (const auto* integer = std::get_if<std::int64_t>(&argument.value)) return *integer;
  if (const auto* truth = std::get_if<bool>(&argument.value)) return *truth ? 1 : 0;
  refuse("an argument that is no integer");
}

double Call::number(std::size_t i, double otherwise) const { return given(i) ? real_number((*this)[i]) : otherwise; }

std::vector<double> Call::numbers(std::size_t i) const {
  std::vector<double> result;
  for (const Argument& element : list(i)) result.push_back(real_number(element));
  return result;
}

std::int64_t Call::integer(std::size_t i, std::int64_t otherwise) const {
  if (!given(i)) return otherwise;
  const std::int64_t number = whole_number((*this)[i]);
  graph::require_moderate({number});
  return number;
}

std::int64_t Call::bound(std::size_t i, std::int64_t otherwise) const {
  return given(i) ? std::clamp(whole_number((*this)[i]), -graph::largest_extent, graph::largest_extent) : otherwise;
}

bool Call::boolean(std::size_t i, bool otherwise) const { return given(i) ? whole_number((*this)[i]) != 0 : otherwise; }

graph::Integers Call::integers(std::size_t i, std::size_t count) const {
  graph::Integers result;
  if (!given(i)) return result;
  if (is<Arguments>(i))
    for (const Argument& element : list(i)) result.push_back(whole_number(element));
  else
    result = {whole_number((*this)[i])};
  graph::require_moderate(result);
  if (result.size() == 1 && count > 1) result.assign(count, result[0]);
  if (count > 0 && !result.empty() && result.size() != count)
    refuse("a list of " + std::to_string(result.size()) + " numbers, not " + std::to_string(count));
  return result;
}

const Arguments& Call::list(std::size_t i) const {
  const auto* elements = std::get_if<Arguments>(&(*this)[i].value);
  if (!elements) refuse("an argument that is no list");
  return *elements;
}

std::string Call::text(std::size_t i, const std::string& otherwise) const {
  if (!given(i)) return otherwise;
  const auto* text = std::get_if<std::string>(&(*this)[i].value);
  if (!text) refuse("an argument that is no text");
  return *text;
}

std::int64_t Call::axis(std::int64_t given, std::int64_t dimensions) const {
  if (given < -dimensions || given >= dimensions)
    refuse("the axis " + std::to_string(given) + " of " + std::to_string(dimensions) + " dimensions");
  return given < 0 ? given + dimensions : given;
}

void Call::give(graph::Value value) { results_ = {{Result::Kind::computed, value}}; }

void Call::give_view(graph::Value value, std::optional<Part> part) { results_ = {{Result::Kind::view, value, part}}; }

void Call::give_condition(graph::Value value) {
  give(value);
  results_[0].is_condition = true;
}

void Call::give_several(const std::vector<graph::Value>& values) {
  results_.clear();
  for (const graph::Value value : values) results_.push_back({Result::Kind::computed, value});
}

void Call::give_views(const std::vector<graph::Value>& values) {
  results_.clear();
  for (const graph::Value value : values) results_.push_back({Result::Kind::view, value});
  gives_list_ = true;
}

void Call::give_contiguous() {
  const Order order = tensors_.order(tensor_argument(0));
  if (order == Order::row_major) return give_unchanged();
  const graph::Value copy = graph.add(graph::Operator::reshape, {tensor()}, graph::ShapeAttributes{shape()});
  results_ = {{order == Order::other ? Result::Kind::row_major : Result::Kind::perhaps, copy}};
}

void Call::give_activation(graph::Value value, const std::string& report_name) {
  graph.set_activation(value, report_name);
  give(value);
}

}  // namespace whycam::aten
