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
    if (!wanted[at] || gives_weights(contents_, network.node(i))) continue;
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
  } catch (const std::bad_alloc&) {
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

Value Follower::value_of(const std::string& tensor) try {
  const Item found = item(tensor);
  const auto* value = std::get_if<Value>(&found);
  return value && !constants_.hold(*value) ? *value : graph::no_value;
} catch (const std::invalid_argument& reason) {
  throw Error("the tensor \"" + tensor + "\": " + reason.what());
}

Item Follower::item_of(const Tensor& tensor, const std::string& name) {
  if (tensor.integers) return tensor.array;
  if (graph::element_count(tensor.shape) == 0) return Array{false, tensor.shape, {}};
  return graph_.add_constant(tensor.constant, tensor.shape, name);
}

namespace {

/// Of operators that are not ONNX's own.
void check_domain(const proto::NodeProto& node) {
  const std::string& domain = node.domain();
  if (domain == "com.microsoft.nchwc")
    throw Error(
        "ONNX Runtime laid this network's weights out for one kind of processor; save the optimised network at the "
        "level ORT_ENABLE_EXTENDED, or explain the network that it was made from");
  if (domain == "ai.onnx.ml" && !rules().count(domain + "." + node.op_type()))
    throw Error("an operator of the domain \"ai.onnx.ml\" for trees, labels and text, which is not known");
  if (domain != "com.microsoft" && domain != "ai.onnx.ml")
    throw Error("the domain \"" + domain + "\" is not known; only ONNX's own operators and some of ONNX Runtime's are");
}

}  // namespace

void Follower::step(const proto::NodeProto& node) {
  const bool is_own = node.domain().empty() || node.domain() == "ai.onnx";
  if (!is_own) check_domain(node);
  std::vector<Item> inputs;
  for (const std::string& input : node.input()) inputs.push_back(item(input));
  Call call(graph_, node, std::move(inputs), contents_, constants_);
  call.operator_set = operator_set_;
  if (node.op_type() == "If") return branch(node, call);
  if (node.op_type() == "Loop") return loop(node, call);
  if (node.op_type() == "Scan") return scan(node, call);
  if (!is_own || !fold_into(call)) {
    const auto rule = rules().find((is_own ? "" : node.domain() + ".") + node.op_type());
    if (rule == rules().end()) throw Error("an operator that is not known");
    rule->second(call);
    if (is_own) check_attributes(call);
  }
  keep(node, call);
}

/// An operator set that is younger than the rules may have given an operator another meaning, by an attribute.
void Follower::check_attributes(const Call& call) const {
  constexpr std::int64_t newest = 24;
  if (operator_set_ <= newest) return;
  if (const auto attribute = call.overlooked_attribute())
    throw Error("the attribute " + *attribute + " is not known; operator sets up to " + std::to_string(newest) +
                " are, and this one is " + std::to_string(operator_set_));
}

void Follower::keep(const proto::NodeProto& node, const Call& call) {
  for (std::size_t i = 0; i < call.outputs().size(); ++i) known_[node.output(static_cast<int>(i))] = call.outputs()[i];
}

/// What is said to fold() of a node.
FoldAttributes Follower::fold_attributes(const Call& call) {
  FoldAttributes attributes;
  attributes.axis = call.integer("axis", 0);
  attributes.permutation = call.integers("perm");
  attributes.axes = call.integers("axes");
  attributes.keeps_dimensions = call.integer("keepdims", 1) != 0;
  attributes.exclusive = call.integer("exclusive", 0) != 0;
  attributes.reverse = call.integer("reverse", 0) != 0;
  attributes.upper = call.integer("upper", 1) != 0;
  attributes.batch_dimensions = call.integer("batch_dims", 0);
  attributes.reduction = call.text("reduction", "none");
  const std::int64_t to = call.integer("to", proto::TensorProto::INT64);
  attributes.to_integers = to != proto::TensorProto::FLOAT && to != proto::TensorProto::DOUBLE &&
                           to != proto::TensorProto::FLOAT16 && to != proto::TensorProto::BFLOAT16;
  attributes.to_booleans = to == proto::TensorProto::BOOL;
  return attributes;
}

/// What computes with sizes, indices and other known numbers alone is computed now. Of floating-point numbers that is
/// what has no rule, or is small; the others become constant nodes of the graph, which may share their memory.
bool Follower::fold_into(Call& call) {
  if (!folds(call.op()) || call.output_count() != 1 || call.count() == 0 || !call.given(0)) return false;
  constexpr std::int64_t most_without_rule = std::int64_t{1} << 20, most_with_rule = 4096;
  const bool has_rule = rules().count(call.op()) > 0;
  bool any = false;
  std::vector<std::optional<Array>> arrays;
  for (std::size_t i = 0; i < call.count(); ++i) {
    arrays.push_back(call.known(i, has_rule ? most_with_rule : most_without_rule));
    if (call.given(i) && !arrays.back()) return false;
    any = any || std::holds_alternative<Array>(call.item(i));
    if (arrays.back()) count_folded(arrays.back()->numbers.size());
  }
  if (!any && has_rule && call.op() == "Identity") return false;
  if (call.op() == "Slice" && call.operator_set < 10) return any && fold_old_slice(call, *arrays[0]);
  std::vector<const Array*> inputs;
  for (const auto& array : arrays) inputs.push_back(array ? &*array : nullptr);
  Array result = fold(call.op(), inputs, fold_attributes(call));
  count_folded(result.numbers.size());
  if (any || result.integers || result.numbers.empty()) {
    call.give(std::move(result));
  } else {
    const std::vector<float> floats(result.numbers.begin(), result.numbers.end());
    call.give(graph_.add_constant(graph::constant_of(floats), result.shape, call.name));
  }
  return true;
}

/// A file of some bytes must not ask for hours.
void Follower::count_folded(std::size_t numbers) {
  constexpr std::size_t most = std::size_t{1} << 28;
  folded_ += numbers;
  if (folded_ > most) throw Error("the network computes more than 2^28 constants");
}

bool Follower::fold_old_slice(Call& call, const Array& x) {
  const Array begins = integer_array(call.raw_integers("starts")), ends = integer_array(call.raw_integers("ends")),
              axes = integer_array(call.integers("axes"));
  call.give(fold("Slice", {&x, &begins, &ends, call.has("axes") ? &axes : nullptr}, {}));
  return true;
}

}  // namespace whycam::onnx
