#include "formats/known/constants.h"

namespace whycam::known {
namespace {

constexpr std::int64_t most_of_one = std::int64_t{1} << 22, most_of_all = std::int64_t{1} << 24;

}  // namespace

using graph::Value;

void Constants::look_at_new_values() {
  for (auto value = static_cast<Value>(constant_.size()); value < graph_.size(); ++value) {
    const graph::Node& node = graph_[value];
    bool constant = node.op != graph::Operator::input, moderate = graph::element_count(node.shape) <= most_of_one;
    for (const Value input : node.inputs) {
      constant = constant && constant_[static_cast<std::size_t>(input)];
      moderate = moderate && moderate_[static_cast<std::size_t>(input)];
    }
    constant_.push_back(constant);
    moderate_.push_back(moderate);
  }
}

bool Constants::hold(Value value) {
  look_at_new_values();
  return constant_[static_cast<std::size_t>(value)];
}

std::optional<Array> Constants::numbers(Value value, std::int64_t at_most) {
  if (graph::element_count(graph_.shape(value)) > at_most || !hold(value) ||
      !moderate_[static_cast<std::size_t>(value)])
    return std::nullopt;
  Array array{false, graph_.shape(value), tensor(value).values};
  if (elements_ > most_of_all) {  // what is asked for again is computed again
    computed_.clear();
    elements_ = 0;
  }
  return array;
}

const graph::Tensor& Constants::tensor(Value wanted) {
  std::vector<Value> path{wanted};  // not by recursion: graphs may be deep
  while (!path.empty()) {
    const Value value = path.back();
    const graph::Node& node = graph_[value];
    bool ready = true;
    if (computed_.count(value) == 0)
      for (const Value input : node.inputs) {
        if (computed_.count(input)) continue;
        path.push_back(input);
        ready = false;
      }
    if (!ready) continue;
    path.pop_back();
    if (computed_.count(value)) continue;
    graph::Tensors inputs;
    for (const Value input : node.inputs) inputs.push_back(&computed_.at(input));
    graph::Tensor result = graph::record(node.op).evaluate(node, inputs);
    elements_ += graph::element_count(node.shape);
    computed_.emplace(value, std::move(result));
  }
  return computed_.at(wanted);
}

}  // namespace whycam::known
