// An ONNX network followed node by node, for inputs of known shapes.
#include <algorithm>
#include <cmath>
#include <set>
#include <unordered_map>
#include <unordered_set>

#include "formats/onnx/rules.h"
#include "graph/evaluate.h"
#include "graph/operators.h"

namespace whycam::onnx {
namespace {

using graph::Shape;
using graph::Value;

std::string placed(const proto::NodeProto& node, const std::string& reason) {
  return "the node \"" + name_of(node) + "\" (" + node.op_type() + "): " + reason;
}

/// Which nodes these tensors need.
std::vector<bool> needed(const Network::Contents& contents, std::unordered_set<std::string> tensors) {
  const proto::GraphProto& graph = contents.model->graph();
  std::vector<bool> result(static_cast<std::size_t>(graph.node_size()), false);
  for (int i = graph.node_size() - 1; i >= 0; --i) {
    const proto::NodeProto& node = graph.node(i);
    const bool wanted = std::any_of(node.output().begin(), node.output().end(), [&](const std::string& output) {
      return !output.empty() && tensors.count(output);
    });
    if (!wanted) continue;
    result[static_cast<std::size_t>(i)] = true;
    add_reads(node, tensors);
  }
  return result;
}

class Follower {
 public:
  Follower(const Network::Contents& contents, Lowered& lowered) : contents_(contents), graph_(lowered.graph) {}

  void add_inputs(const std::vector<Given>& inputs, Lowered& lowered) {
    for (std::size_t i = 0; i < inputs.size(); ++i) {
      lowered.inputs.push_back(graph_.add_input(inputs[i].name, inputs[i].shape));
      known_[contents_.inputs[i].name] = lowered.inputs.back();
    }
  }

  void follow(const proto::GraphProto& graph, const std::vector<bool>* wanted) {
    for (int i = 0; i < graph.node_size(); ++i) {
      if (wanted && !(*wanted)[static_cast<std::size_t>(i)]) continue;
      const proto::NodeProto& node = graph.node(i);
      try {
        step(node);
      } catch (const Placed&) {
        throw;
      } catch (const std::exception& reason) {
        throw Placed(placed(node, reason.what()));
      }
    }
  }

  Item item(const std::string& name) {
    if (name.empty()) return {};
    const auto known = known_.find(name);
    if (known != known_.end()) return known->second;
    const auto initializer = contents_.initializers.find(name);
    if (initializer == contents_.initializers.end()) throw Error("the tensor \"" + name + "\" is not there");
    return known_[name] = item_of(initializer->second, name);
  }

  /// A layer's or the network's tensor as a value, where it depends on the inputs.
  Value value_of(const std::string& tensor) {
    const Item found = item(tensor);
    const auto* value = std::get_if<Value>(&found);
    return value && !graph::constant_values(graph_)[static_cast<std::size_t>(*value)] ? *value : graph::no_value;
  }

 private:
  /// A reason that says where already.
  class Placed : public Error {
   public:
    using Error::Error;
  };

  Item item_of(const Tensor& tensor, const std::string& name) {
    if (tensor.integers) return tensor.array;
    if (graph::element_count(tensor.shape) == 0) return Array{false, tensor.shape, {}};
    return graph_.add_constant(tensor.constant, tensor.shape, name);
  }

  void step(const proto::NodeProto& node) {
    if (!node.domain().empty() && node.domain() != "ai.onnx")
      throw Error("the domain \"" + node.domain() + "\" is not known; only ONNX's own operators are");
    std::vector<Item> inputs;
    for (const std::string& input : node.input()) inputs.push_back(item(input));
    Call call(graph_, node, std::move(inputs), contents_);
    if (node.op_type() == "If") return branch(node, call);
    if (!fold_into(call)) {
      const auto rule = rules().find(node.op_type());
      if (rule == rules().end()) throw Error("an operator that is not known");
      rule->second(call);
    }
    keep(node, call);
  }

  void keep(const proto::NodeProto& node, const Call& call) {
    for (std::size_t i = 0; i < call.outputs().size(); ++i)
      known_[node.output(static_cast<int>(i))] = call.outputs()[i];
  }

  /// What computes with sizes and indices alone is computed now.
  bool fold_into(Call& call) {
    if (!folds(call.op()) || call.output_count() != 1 || call.count() == 0) return false;
    bool any = false;
    std::vector<std::optional<Array>> arrays;
    for (std::size_t i = 0; i < call.count(); ++i) {
      arrays.push_back(call.known(i));
      if (call.given(i) && !arrays.back()) return false;
      any = any || std::holds_alternative<Array>(call.item(i));
    }
    FoldAttributes attributes;
    attributes.axis = call.integer("axis", 0);
    attributes.permutation = call.integers("perm");
    const std::int64_t to = call.integer("to", proto::TensorProto::INT64);
    attributes.to_integers = to != proto::TensorProto::FLOAT && to != proto::TensorProto::DOUBLE &&
                             to != proto::TensorProto::FLOAT16 && to != proto::TensorProto::BFLOAT16;
    if (!any && !(call.op() == "Cast" && attributes.to_integers) && call.op() != "Range") return false;
    std::vector<const Array*> inputs;
    if (call.op() == "Slice" && call.operator_set < 10) return fold_old_slice(call, *arrays[0]);
    for (const auto& array : arrays) inputs.push_back(array ? &*array : nullptr);
    if (!inputs[0]) return false;
    call.give(fold(call.op(), inputs, attributes));
    return true;
  }

  bool fold_old_slice(Call& call, const Array& x) {
    const Array begins = integer_array(call.raw_integers("starts")), ends = integer_array(call.raw_integers("ends")),
                axes = integer_array(call.integers("axes"));
    call.give(fold("Slice", {&x, &begins, &ends, call.has("axes") ? &axes : nullptr}, {}));
    return true;
  }

  /// A condition that is known chooses a branch.
  void branch(const proto::NodeProto& node, const Call& call) {
    const auto condition = call.known(0);
    if (!condition || condition->numbers.size() != 1) throw Error("a condition that depends on the inputs");
    const auto* taken = call.find(condition->numbers[0] != 0 ? "then_branch" : "else_branch");
    if (!taken || !taken->has_g() || taken->g().output_size() != node.output_size())
      throw Error("a branch without results");
    for (const auto& initializer : taken->g().initializer())
      known_[initializer.name()] =
          item_of(read_tensor(initializer, contents_.model, contents_.folder), initializer.name());
    follow(taken->g(), nullptr);
    for (int i = 0; i < node.output_size(); ++i) known_[node.output(i)] = item(taken->g().output(i).name());
  }

  const Network::Contents& contents_;
  graph::Graph& graph_;
  std::unordered_map<std::string, Item> known_;
};

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
      throw Error("the input \"" + input.name + "\" is to be of " + text(input.shape) + ", not of " + text(shape));
  }
}

/// The graph tells the places of maxima by their number in the window, ONNX by that in the tensor: nothing may compute
/// with them.
void check_places(const graph::Graph& graph, const std::vector<Value>& outputs) {
  std::vector<bool> places(static_cast<std::size_t>(graph.size()), false);
  const auto refuse = [] {
    throw Error("the places of a MaxPool's maxima are used for something else than carrying sums back to them");
  };
  for (Value value = 0; value < graph.size(); ++value) {
    const graph::Node& node = graph[value];
    const auto at = static_cast<std::size_t>(value);
    places[at] = node.op == graph::Operator::max_pool_positions;
    for (std::size_t i = 0; i < node.inputs.size(); ++i) {
      if (!places[static_cast<std::size_t>(node.inputs[i])]) continue;
      if (node.op == graph::Operator::reshape)
        places[at] = true;
      else if (node.op != graph::Operator::max_pool_gradient || i != 1)
        refuse();
    }
  }
  for (const Value output : outputs)
    if (output != graph::no_value && places[static_cast<std::size_t>(output)]) refuse();
}

/// oneDNN's ReLUs make NaN to 0: weights that are no numbers would be explained as if they were. A single infinity is a
/// bound.
void check_numbers(const graph::Graph& graph) {
  for (Value value = 0; value < graph.size(); ++value) {
    const graph::Node& node = graph[value];
    if (node.op != graph::Operator::constant || !node.constant.floats) continue;
    const std::int64_t count = graph::element_count(node.shape);
    for (std::int64_t i = 0; i < count; ++i)
      if (std::isnan(node.constant.floats[i]) || (count > 1 && std::isinf(node.constant.floats[i])))
        throw Error("the tensor \"" + node.name + "\" holds NaN or infinity");
  }
}

}  // namespace

Lowered Network::lower(const std::vector<Given>& inputs, const std::vector<std::string>& layers,
                       bool layer_inputs) const {
  check_shapes(*contents_, inputs);
  Lowered lowered;
  std::unordered_set<std::string> wanted;
  for (const Port& output : contents_->outputs) wanted.insert(output.name);
  std::vector<std::vector<std::string>> tensors;
  for (const std::string& layer : layers) {
    tensors.push_back(tensors_of_layer(*contents_, layer, layer_inputs));
    wanted.insert(tensors.back().begin(), tensors.back().end());
  }
  Follower follower(*contents_, lowered);
  follower.add_inputs(inputs, lowered);
  const std::vector<bool> nodes = needed(*contents_, std::move(wanted));
  follower.follow(contents_->model->graph(), &nodes);
  check_numbers(lowered.graph);
  for (const Port& output : contents_->outputs) lowered.outputs.push_back(follower.value_of(output.name));
  for (const auto& of_layer : tensors) {
    auto& values = lowered.layers.emplace_back();
    for (const std::string& tensor : of_layer)
      if (const Value value = follower.value_of(tensor); value != graph::no_value) values.push_back(value);
  }
  check_places(lowered.graph, lowered.outputs);
  return lowered;
}

}  // namespace whycam::onnx
