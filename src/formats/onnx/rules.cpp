#include "formats/onnx/rules.h"

namespace whycam::onnx {

using graph::Integers;
using graph::Value;

Value Call::value(std::size_t i) {
  if (!given(i)) refuse("input " + std::to_string(i) + " is missing");
  if (const auto* value = std::get_if<Value>(&inputs_[i])) return *value;
  const Array& array = std::get<Array>(inputs_[i]);
  return graph.add_constant(graph::constant_of(std::vector<float>(array.numbers.begin(), array.numbers.end())),
                            array.shape);
}

std::vector<Value> Call::values() {
  std::vector<Value> all;
  for (std::size_t i = 0; i < count(); ++i) all.push_back(value(i));
  return all;
}

graph::Shape Call::shape(std::size_t i) const {
  if (!given(i)) refuse("input " + std::to_string(i) + " is missing");
  if (const auto* value = std::get_if<Value>(&inputs_[i])) return graph.shape(*value);
  return std::get<Array>(inputs_[i]).shape;
}

std::optional<Array> Call::known(std::size_t i, std::int64_t most) const {
  if (!given(i)) return std::nullopt;
  if (const auto* array = std::get_if<Array>(&inputs_[i])) return *array;
  return constants_.numbers(std::get<Value>(inputs_[i]), most);
}

Array Call::array(std::size_t i) const {
  auto array = known(i);
  if (!array)
    refuse("input " + std::to_string(i) + " depends on the network's inputs; only constants are understood there");
  return *std::move(array);
}

const proto::AttributeProto* Call::find(const std::string& attribute) const {
  asked_for_.insert(attribute);
  for (const auto& one : node_.attribute())
    if (one.name() == attribute) return &one;
  return nullptr;
}

std::optional<std::string> Call::overlooked_attribute() const {
  // They say how exactly something is computed, or what is known otherwise.
  static const std::set<std::string> harmless{
      "stash_type", "precision",         "saturate",  "round_mode", "num_outputs",         "hidden_size",
      "seed",       "softmax_precision", "allowzero", "keepdims",   "noop_with_empty_axes"};
  for (const auto& attribute : node_.attribute())
    if (!asked_for_.count(attribute.name()) && !harmless.count(attribute.name())) return attribute.name();
  return std::nullopt;
}

std::int64_t Call::integer(const std::string& attribute, std::int64_t otherwise) const {
  const auto* found = find(attribute);
  if (!found) return otherwise;
  graph::require_moderate({found->i()});
  return found->i();
}

double Call::number(const std::string& attribute, double otherwise) const {
  const auto* found = find(attribute);
  return found ? static_cast<double>(found->f()) : otherwise;
}

std::string Call::text(const std::string& attribute, const std::string& otherwise) const {
  const auto* found = find(attribute);
  return found ? found->s() : otherwise;
}

Integers Call::raw_integers(const std::string& attribute) const {
  const auto* found = find(attribute);
  return found ? Integers(found->ints().begin(), found->ints().end()) : Integers();
}

Integers Call::integers(const std::string& attribute) const {
  Integers result = raw_integers(attribute);
  graph::require_moderate(result);
  return result;
}

std::optional<Integers> Call::integers(const std::string& attribute, std::size_t i) const {
  if (has(attribute)) return integers(attribute);
  if (given(i)) return array(i).to_integers();
  return std::nullopt;
}

bool Call::reads_alone(std::size_t i) const {
  const std::string& tensor = node_.input(static_cast<int>(i));
  if (contents_.output_names.count(tensor)) return false;
  const auto readers = contents_.readers.find(tensor);
  return readers != contents_.readers.end() && readers->second.size() == 1 &&
         name_of(contents_.model->graph().node(static_cast<int>(readers->second[0]))) == name;
}

Tensor Call::tensor(const std::string& attribute) const {
  const auto* found = find(attribute);
  if (!found || !found->has_t()) refuse("the attribute " + attribute + " is missing");
  return WeightReader(contents_.model, contents_.folder).read(found->t());
}

void Call::give(Value value, std::size_t output) { outputs_.at(output) = value; }

void Call::give(Array array, std::size_t output) {
  require_known(array.shape);
  outputs_.at(output) = std::move(array);
}

void Call::give_activation(Value value, const std::string& report_name) {
  graph.set_activation(value, report_name);
  give(value);
}

void Call::give_as(const proto::NodeProto& node, Value x) {
  const auto rule = rules().find(node.op_type());
  if (rule == rules().end()) refuse("the activation " + node.op_type());
  Call other(graph, node, {x}, contents_, constants_);
  rule->second(other);
  give_item(other.outputs().at(0));
}

const Rules& rules() {
  static const Rules all = [] {
    Rules made;
    add_window_rules(made);
    add_arithmetic_rules(made);
    add_shaping_rules(made);
    add_indexing_rules(made);
    add_constant_rules(made);
    add_normalisation_rules(made);
    add_resizing_rules(made);
    add_quantisation_rules(made);
    add_recurrent_rules(made);
    add_microsoft_rules(made);
    add_attention_rules(made);
    return made;
  }();
  return all;
}

}  // namespace whycam::onnx
