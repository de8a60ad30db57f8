// An ONNX network followed node by node, for inputs of known shapes.
#include <cmath>
#include <deque>

#include "formats/onnx/follower.h"
#include "graph/finite.h"

namespace whycam::onnx {
namespace {

using graph::Shape;
using graph::Value;

void check_shapes(const Network::Contents& contents, const std::vector<Given>& given) {
  const auto text = [](const Shape& shape) {
    std::string result;
    for (const std::int64_t extent : shape)
      result += (result.empty() ? "" : " x ") + (extent < 0 ? std::string("any") : std::to_string(extent));
    return result;
  };
  for (const Given& one : given)
    if (!graph::is_sound(one.shape)) throw Error("an input of the shape " + graph::to_string(one.shape));
  if (given.size() != contents.inputs.size()) {
    std::string names;
    for (const Port& input : contents.inputs) names += (names.empty() ? "\"" : ", \"") + input.name + "\"";
    throw Error("the network takes " + std::to_string(contents.inputs.size()) + " inputs (" + names + "), not " +
                std::to_string(given.size()));
  }
  for (std::size_t i = 0; i < given.size(); ++i) {
    const Port& input = contents.inputs[i];
    const Shape& shape = given[i].shape;
    if (input.is_float && given[i].integers)
      throw Error("the input \"" + input.name + "\" takes floating-point numbers");
    if (!input.is_float && !given[i].integers)
      throw Error("the input \"" + input.name + "\" takes no floating-point numbers; only those have gradients");
    bool fits = !input.has_shape || input.shape.size() == shape.size();
    for (std::size_t d = 0; fits && d < input.shape.size(); ++d)
      fits = input.shape[d] < 0 || input.shape[d] == shape[d];
    if (!fits)
      throw Error("the input \"" + input.name + "\" is to be of " +
                  (input.shape.empty() ? "a single number" : text(input.shape)) + ", not of " +
                  (shape.empty() ? "a single number" : text(shape)));
  }
}

/// What is wrong with a value: nothing may be explained that depends on one such.
class Faults {
 public:
  explicit Faults(const graph::Graph& graph) : places_(static_cast<std::size_t>(graph.size()), false) {
    for (Value value = 0; value < graph.size(); ++value) {
      std::string own = fault_of_places(graph, value);
      if (own.empty()) own = fault_of_numbers(graph[value]);
      const std::string* fault = nullptr;
      if (!own.empty()) fault = &texts_.emplace_back(std::move(own));
      for (const Value input : graph[value].inputs)
        if (!fault) fault = of_[static_cast<std::size_t>(input)];
      of_.push_back(fault);
    }
  }

  void require_none(Value value) const {
    if (const std::string* fault = of_[static_cast<std::size_t>(value)]) throw Error(*fault);
  }
  /// Of what the network gives, too.
  void require_none_of_output(Value value) const {
    require_none(value);
    if (places_[static_cast<std::size_t>(value)]) throw Error(places_text());
  }

 private:
  static std::string places_text() {
    return "the places of a MaxPool's maxima are used for something else than carrying sums back to them";
  }

  /// The graph tells the places of maxima by their number in the window, ONNX by that in the tensor: nothing may
  /// compute with them.
  std::string fault_of_places(const graph::Graph& graph, Value value) {
    const graph::Node& node = graph[value];
    const auto at = static_cast<std::size_t>(value);
    places_[at] = node.op == graph::Operator::max_pool_positions;
    for (std::size_t i = 0; i < node.inputs.size(); ++i) {
      if (!places_[static_cast<std::size_t>(node.inputs[i])]) continue;
      if (node.op == graph::Operator::reshape)
        places_[at] = true;
      else if (node.op != graph::Operator::max_pool_gradient || i != 1)
        return places_text();
    }
    return {};
  }

  /// oneDNN's ReLUs make NaN to 0: weights that are no numbers would be explained as if they were. A single infinity is
  /// a bound.
  static std::string fault_of_numbers(const graph::Node& node) {
    if (node.op != graph::Operator::constant || !node.constant.holds_floats()) return {};
    const std::int64_t count = graph::element_count(node.shape);
    const bool sound = count == 1 ? !std::isnan(*node.constant.numbers()) : graph::all_finite(node.constant, count);
    return sound ? "" : "the tensor \"" + node.name + "\" holds NaN or infinity";
  }

  std::vector<bool> places_;
  std::deque<std::string> texts_;
  std::vector<const std::string*> of_;
};

using Names = std::vector<std::string>;

/// Of each output; which are left out is said.
void take_outputs(const Network::Contents& contents, Follower& follower, const Faults& faults, Lowered& lowered) {
  for (const Port& output : contents.outputs) {
    lowered.outputs.push_back(graph::no_value);
    lowered.faults.emplace_back();
    try {
      const Value value = follower.value_of(output.name);
      if (value != graph::no_value) faults.require_none_of_output(value);
      lowered.outputs.back() = value;
    } catch (const Error& reason) {
      lowered.faults.back() = reason.what();
    }
  }
}

void take_layers(const std::vector<Names>& layers, bool all, Follower& follower, const Faults& faults,
                 Lowered& lowered) {
  for (const Names& tensors : layers) {
    std::vector<Value> values;
    try {
      for (const std::string& tensor : tensors) {
        const Value value = follower.value_of(tensor);
        if (value == graph::no_value) continue;
        faults.require_none(value);
        values.push_back(value);
      }
    } catch (const Error&) {
      if (all) throw;
      values.clear();
    }
    lowered.layers.push_back(std::move(values));
  }
}

}  // namespace

Lowered Network::lower(const std::vector<Given>& inputs, const Wanted& wanted) const {
  check_shapes(*contents_, inputs);
  Lowered lowered;
  std::unordered_set<std::string> tensors;
  for (const Port& output : contents_->outputs) tensors.insert(output.name);
  std::vector<Names> layers;
  for (const std::string& layer : wanted.layers) {
    layers.push_back(tensors_of_layer(*contents_, layer, wanted.layer_inputs));
    tensors.insert(layers.back().begin(), layers.back().end());
  }
  Follower follower(*contents_, lowered);
  follower.add_inputs(inputs, lowered);
  follower.follow_network(needed(contents_->model->graph(), std::move(tensors)));
  const Faults faults(lowered.graph);
  take_outputs(*contents_, follower, faults, lowered);
  formats::require_outputs(lowered, wanted.output);
  take_layers(layers, wanted.output.has_value(), follower, faults, lowered);
  return lowered;
}

}  // namespace whycam::onnx
