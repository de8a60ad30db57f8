#include "formats/pt2/tensor_table.h"

#include <algorithm>
#include <cmath>
#include <set>

#include "graph/operators.h"

namespace whycam::pt2 {

using aten::CannotCompile;
using graph::Value;

Known Known::of(known::Array array) {
  Known result{std::make_shared<std::vector<double>>(std::move(array.numbers)), {true, std::move(array.shape), {}}};
  result.places.numbers.resize(result.memory->size());
  for (std::size_t i = 0; i < result.memory->size(); ++i) result.places.numbers[i] = static_cast<double>(i);
  return result;
}

std::vector<double> Known::numbers() const {
  std::vector<double> result;
  result.reserve(places.numbers.size());
  for (const double place : places.numbers) result.push_back((*memory)[static_cast<std::size_t>(place)]);
  return result;
}

void Known::write(const std::vector<double>& numbers) const {
  graph::require(numbers.size() == places.numbers.size(), "an operation in place that changes the shape");
  for (std::size_t i = 0; i < numbers.size(); ++i) (*memory)[static_cast<std::size_t>(places.numbers[i])] = numbers[i];
}

TensorTable::Id TensorTable::append(Entry entry) {
  entries_.push_back(std::move(entry));
  return entries_.size() - 1;
}

TensorTable::Id TensorTable::add(Value value, aten::Type type) {
  Entry entry;
  entry.shape = graph.shape(value);
  entry.type = type;
  entry.value = value;
  entry.memory = entries_.size();
  return append(std::move(entry));
}

TensorTable::Id TensorTable::add_view(Value value, aten::Type type, Id of, std::optional<aten::Part> part) {
  const Id id = add(value, type);
  entries_[id].memory = entries_[of].memory;
  entries_[id].part = part;
  entries_[id].whole = of;
  return id;
}

TensorTable::Id TensorTable::add(Known known, aten::Type type) {
  Entry entry;
  entry.shape = known.places.shape;
  entry.type = type;
  entry.known = std::move(known);
  entry.memory = entries_.size();
  return append(std::move(entry));
}

TensorTable::Id TensorTable::add(const Weight& weight, const std::string& name) {
  if (!aten::is_float(weight.type)) return add(Known::of({true, weight.shape, weight.integers}), weight.type);
  if (graph::element_count(weight.shape) == 0) return add(Known::of({false, weight.shape, {}}), weight.type);
  Entry entry;
  entry.shape = weight.shape;
  entry.type = weight.type;
  entry.weight = &weight;
  entry.name = name;
  entry.module = name.substr(0, name.rfind('.') == std::string::npos ? 0 : name.rfind('.'));
  entry.memory = entries_.size();
  return append(std::move(entry));
}

void TensorTable::write(Id tensor, Value value) {
  Entry& entry = entries_[tensor];
  graph::require(graph.shape(value) == entry.shape, "an operation in place that changes the shape");
  if (entry.value == graph::no_value)
    throw CannotCompile("an operation in place on a tensor that does not depend on the inputs");
  entry.value = value;
  std::set<Id> current{tensor};
  for (Id at = tensor; entries_[at].part; at = entries_[at].whole) {
    const Id whole = entries_[at].whole;
    const Value old = this->value(this->tensor(whole));  // throws where it is outdated
    entries_[whole].value = graph.put(old, entries_[at].part->axis, entries_[at].part->begin, entries_[at].value);
    current.insert(whole);
  }
  for (Id id = 0; id < entries_.size(); ++id)
    if (current.count(id) == 0 && entries_[id].memory == entry.memory) entries_[id].is_outdated = true;
}

bool TensorTable::is_few(Id id, std::int64_t most) const {
  return graph::element_count(entries_[id].shape) <= most && !depends_on_inputs(tensor(id));
}

bool TensorTable::depends_on_inputs(const aten::Tensor& tensor) const {
  const Entry& entry = entries_[tensor.id];
  return entry.value != graph::no_value && !constants_.hold(entry.value);
}

Value TensorTable::value_of_inputs(Id id) {
  return depends_on_inputs(tensor(id)) ? value(tensor(id)) : graph::no_value;
}

Value TensorTable::value(const aten::Tensor& tensor) {
  Entry& entry = entries_[tensor.id];
  if (entry.is_outdated) throw CannotCompile("an operation in place on a view of a tensor that is used elsewhere, too");
  if (entry.value != graph::no_value) return entry.value;
  if (entry.weight) return entry.value = graph.add_constant(entry.weight->floats, entry.shape, entry.name);
  std::vector<float> floats;
  for (const double number : entry.known->numbers()) floats.push_back(static_cast<float>(number));
  if (!std::all_of(floats.begin(), floats.end(), [](float number) { return std::isfinite(number); }))
    throw CannotCompile("constants that hold NaN or infinity");
  graph::require(!floats.empty(), "a tensor without elements");
  return graph.add_constant(graph::constant_of(std::move(floats)), entry.shape);
}

std::vector<double> TensorTable::numbers(const aten::Tensor& tensor) {
  constexpr std::int64_t most = std::int64_t{1} << 22;
  const Entry& entry = entries_[tensor.id];
  if (entry.known) return entry.known->numbers();
  const std::int64_t count = graph::element_count(entry.shape);
  if (count > most) throw CannotCompile("known numbers of the shape " + graph::to_string(entry.shape));
  if (entry.weight && entry.weight->floats.floats)
    return {entry.weight->floats.floats, entry.weight->floats.floats + count};
  const auto array = constants_.numbers(value(tensor), most);
  if (!array) throw CannotCompile("numbers that depend on the inputs, or on very large constants");
  return array->numbers;
}

}  // namespace whycam::pt2
