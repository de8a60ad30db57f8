#include "formats/onnx/follower.h"

#include <algorithm>

#include "graph/operators.h"

namespace whycam::onnx {

using graph::Value;

std::vector<bool> needed(const proto::GraphProto& graph, std::unordered_set<std::string> tensors) {
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

void Follower::add_inputs(const std::vector<Given>& inputs, Lowered& lowered) {
  for (std::size_t i = 0; i < inputs.size(); ++i) {
    lowered.inputs.push_back(graph_.add_input(inputs[i].name, inputs[i].shape));
    known_[contents_.inputs[i].name] = lowered.inputs.back();
  }
}

void Follower::follow_network(const std::vector<bool>& wanted) {
  const proto::GraphProto& network = contents_.model->graph();
  for (int i = 0; i < network.node_size(); ++i) {
    const auto at = static_cast<std::size_t>(i);
    if (!wanted[at]) continue;
    const auto origin = contents_.origins.empty() ? nullptr : contents_.origins[at];
    operator_set_ = origin && origin->operator_set > 0 ? origin->operator_set : contents_.operator_set;
    try {
      follow(network.node(i));
    } catch (const Placed& reason) {
      for (const std::string& output : network.node(i).output()) faults_[output] = reason.what();
    }
  }
}

void Follower::follow(const proto::NodeProto& node) {
  try {
    step(node);
  } catch (const Placed&) {
    throw;
  } catch (const std::exception& reason) {
    throw Placed("the node \"" + name_of(node) + "\" (" + node.op_type() + "): " + reason.what());
  }
}

Item Follower::item(const std::string& name) {
  if (name.empty()) return {};
  const auto known = known_.find(name);
  if (known != known_.end()) return known->second;
  if (const auto fault = faults_.find(name); fault != faults_.end()) throw Placed(fault->second);
  const auto initializer = contents_.initializers.find(name);
  if (initializer == contents_.initializers.end()) throw Error("the tensor \"" + name + "\" is not there");
  return known_[name] = item_of(initializer->second, name);
}

Value Follower::value_of(const std::string& tensor) {
  const Item found = item(tensor);
  const auto* value = std::get_if<Value>(&found);
  return value && !constants_.hold(*value) ? *value : graph::no_value;
}

Item Follower::item_of(const Tensor& tensor, const std::string& name) {
  if (tensor.integers) return tensor.array;
  if (graph::element_count(tensor.shape) == 0) return Array{false, tensor.shape, {}};
  return graph_.add_constant(tensor.constant, tensor.shape, name);
}

void Follower::step(const proto::NodeProto& node) {
  if (!node.domain().empty() && node.domain() != "ai.onnx")
    throw Error("the domain \"" + node.domain() + "\" is not known; only ONNX's own operators are");
  std::vector<Item> inputs;
  for (const std::string& input : node.input()) inputs.push_back(item(input));
  Call call(graph_, node, std::move(inputs), contents_, constants_);
  call.operator_set = operator_set_;
  if (node.op_type() == "If") return branch(node, call);
  if (!fold_into(call)) {
    const auto rule = rules().find(node.op_type());
    if (rule == rules().end()) throw Error("an operator that is not known");
    rule->second(call);
  }
  keep(node, call);
}

void Follower::keep(const proto::NodeProto& node, const Call& call) {
  for (std::size_t i = 0; i < call.outputs().size(); ++i)
    known_[node.output(static_cast<int>(i))] = call.outputs()[i];
}

/// What computes with sizes and indices alone is computed now.
bool Follower::fold_into(Call& call) {
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

bool Follower::fold_old_slice(Call& call, const Array& x) {
  const Array begins = integer_array(call.raw_integers("starts")), ends = integer_array(call.raw_integers("ends")),
              axes = integer_array(call.integers("axes"));
  call.give(fold("Slice", {&x, &begins, &ends, call.has("axes") ? &axes : nullptr}, {}));
  return true;
}

}  // namespace whycam::onnx
