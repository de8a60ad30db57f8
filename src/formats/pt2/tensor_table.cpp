#include "formats/pt2/tensor_table.h"

#include "graph/finite.h"
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

namespace {

constexpr const char* outdated =
    "an operation in place on a view of a tensor that is used elsewhere, too; run_decompositions() of the exported "
    "program takes such operations apart";

/// The part of a tensor that lies between two corners.
struct Box {
  graph::Integers begin;
  graph::Shape size;
};

/// Whether these are the places of a box, in order, in a tensor of these strides.
bool are_of(const Box& box, const std::vector<double>& places, const graph::Integers& strides) {
  for (std::size_t i = 0; i < places.size(); ++i) {
    std::int64_t place = 0, outer = static_cast<std::int64_t>(i);
    for (std::size_t d = strides.size(); d-- > 0; outer /= box.size[d])
      place += (box.begin[d] + outer % box.size[d]) * strides[d];
    if (static_cast<double>(place) != places[i]) return false;
  }
  return true;
}

/// The box that is made of these places of a row-major tensor, or nothing.
std::optional<Box> box_of(const std::vector<double>& places, const graph::Shape& shape) {
  if (places.empty()) return std::nullopt;
  Box box;
  std::int64_t count = 1;
  const graph::Integers strides = graph::strides_of(shape);
  for (std::size_t d = 0; d < shape.size(); ++d) {
    const auto coordinate = [&](double place) { return static_cast<std::int64_t>(place) / strides[d] % shape[d]; };
    box.begin.push_back(coordinate(places.front()));
    box.size.push_back(coordinate(places.back()) - box.begin.back() + 1);
    if (box.size.back() < 1) return std::nullopt;
    count *= box.size.back();
  }
  if (count != static_cast<std::int64_t>(places.size())) return std::nullopt;
  return are_of(box, places, strides) ? std::optional(box) : std::nullopt;
}

/// The first axis from `axis` on along which the box is a part of the tensor.
std::size_t next_axis(const Box& box, const graph::Shape& shape, std::size_t axis) {
  while (axis < shape.size() && box.size[axis] == shape[axis]) ++axis;
  return axis;
}

/// A tensor with other numbers in a box of it.
Value put_box(graph::Graph& graph, Value whole, const Box& box, Value part, std::size_t from = 0) {
  const std::size_t axis = next_axis(box, graph.shape(whole), from);
  if (axis == box.size.size()) return part;
  const Value slice = graph.slice(whole, axis, box.begin[axis], box.size[axis]);
  return graph.put(whole, axis, box.begin[axis], put_box(graph, slice, box, part, axis + 1));
}

/// The box as an operator's part, where it is one along a single axis, which the shape of the view may lack.
std::optional<aten::Part> part_of(const Box& box, const graph::Shape& whole, const graph::Shape& view) {
  const std::size_t axis = next_axis(box, whole, 0);
  if (axis == whole.size() || next_axis(box, whole, axis + 1) != whole.size()) return std::nullopt;
  graph::Shape without = box.size;
  without.erase(without.begin() + static_cast<std::ptrdiff_t>(axis));
  if (view != box.size && !(box.size[axis] == 1 && view == without)) return std::nullopt;
  return aten::Part{axis, box.begin[axis]};
}

}  // namespace

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

TensorTable::Id TensorTable::add_view(Known known, aten::Type type, Id of) {
  const Id id = add(std::move(known), type);
  entries_[id].memory = entries_[of].memory;
  return id;
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
  require_sound(tensor);
  if (entry.value == graph::no_value) return write_to_known(tensor, value);
  entry.value = value;
  std::set<Id> current{tensor};
  for (Id at = tensor; entries_[at].part; at = entries_[at].whole) {
    const Id whole = entries_[at].whole;
    const Value old = this->value(this->tensor(whole));  // throws where it is outdated
    entries_[whole].value = graph.put(old, entries_[at].part->axis, entries_[at].part->begin, entries_[at].value);
    current.insert(whole);
  }
  outdate_others(entry.memory, current);
}

/// Into what was known so far, such as zeros that a network fills part by part: it is a value of the graph from now on.
void TensorTable::write_to_known(Id tensor, Value value) {
  if (is_of_weight(tensor)) throw CannotCompile("an operation in place on a weight");
  const Id whole = entries_[tensor].memory;
  Entry &part = entries_[tensor], &all = entries_[whole];
  if (part.is_outdated || !part.known || !all.known || all.known->places.numbers.size() != all.known->memory->size())
    throw CannotCompile(outdated);
  const std::optional<Box> box = box_of(part.known->places.numbers, all.shape);
  if (!box) throw CannotCompile("an operation in place on such a part of a tensor that does not depend on the inputs");
  all.value = put_box(graph, this->value(this->tensor(whole)), *box, graph.reshape(value, box->size));
  part.value = value;
  if (tensor != whole) {
    part.part = part_of(*box, all.shape, part.shape);
    part.whole = whole;
  }
  part.known.reset();
  all.known.reset();
  outdate_others(whole, {tensor, whole});
}

void TensorTable::outdate_others(Id memory, const std::set<Id>& current) {
  for (Id id = 0; id < entries_.size(); ++id)
    if (current.count(id) == 0 && entries_[id].memory == memory) entries_[id].is_outdated = true;
}

void TensorTable::spoil(Id tensor, const std::string& reason) { spoiled_.emplace(entries_[tensor].memory, reason); }

void TensorTable::require_sound(Id id) const {
  if (const auto spoiled = spoiled_.find(entries_[id].memory); spoiled != spoiled_.end())
    throw CannotCompile("a tensor that was changed in place: " + spoiled->second);
}

const std::optional<Known>& TensorTable::known(Id id) const {
  require_sound(id);
  if (entries_[id].known && entries_[id].is_outdated) throw CannotCompile(outdated);
  return entries_[id].known;
}

bool TensorTable::is_few(Id id, std::int64_t most) const {
  return graph::element_count(entries_[id].shape) <= most && !depends_on_inputs(tensor(id));
}

bool TensorTable::depends_on_inputs(const aten::Tensor& tensor) const {
  const Entry& entry = entries_[tensor.id];
  return entry.value != graph::no_value && !constants_.hold(entry.value);
}

Value TensorTable::value_of_inputs(Id id) {
  require_sound(id);
  return depends_on_inputs(tensor(id)) ? value(tensor(id)) : graph::no_value;
}

Value TensorTable::value(const aten::Tensor& tensor) {
  Entry& entry = entries_[tensor.id];
  require_sound(tensor.id);
  if (entry.is_outdated) throw CannotCompile(outdated);
  if (entry.value != graph::no_value) return entry.value;
  if (entry.weight) return entry.value = graph.add_constant(entry.weight->floats, entry.shape, entry.name);
  std::vector<float> floats;
  for (const double number : entry.known->numbers()) floats.push_back(static_cast<float>(number));
  if (!graph::all_finite(floats.data(), static_cast<std::int64_t>(floats.size())))
    throw CannotCompile("constants that hold NaN or infinity");
  graph::require(!floats.empty(), "a tensor without elements");
  return graph.add_constant(graph::constant_of(std::move(floats)), entry.shape);
}

std::vector<double> TensorTable::numbers(const aten::Tensor& tensor) {
  constexpr std::int64_t most = std::int64_t{1} << 22;
  const Entry& entry = entries_[tensor.id];
  if (known(tensor.id)) return entry.known->numbers();
  const std::int64_t count = graph::element_count(entry.shape);
  if (count > most) throw CannotCompile("known numbers of the shape " + graph::to_string(entry.shape));
  if (entry.is_outdated) throw CannotCompile(outdated);
  const bool as_in_file = entry.weight && entry.weight->floats.holds_floats() &&
                          (entry.value == graph::no_value || graph[entry.value].constant == entry.weight->floats);
  if (as_in_file) {
    const auto floats = entry.weight->floats.numbers();
    return {floats.get(), floats.get() + count};
  }
  const auto array = constants_.numbers(value(tensor), most);
  if (!array) throw CannotCompile("numbers that depend on the inputs, or on very large constants");
  return array->numbers;
}

}  // namespace whycam::pt2
