#include "formats/onnx/functions.h"

#include <algorithm>
#include <set>
#include <tuple>

#include "formats/onnx/metadata.h"

namespace whycam::onnx {
namespace {

constexpr int most_levels = 32;
constexpr std::size_t most_nodes = std::size_t{1} << 17, most_bytes = std::size_t{1} << 28;

using Nodes = google::protobuf::RepeatedPtrField<proto::NodeProto>;
using Key = std::tuple<std::string, std::string, std::string>;

std::string domain_of(const std::string& domain) { return domain == "ai.onnx" ? "" : domain; }

/// What the names within a function's body mean where it is called.
struct Scope {
  std::string prefix;
  std::unordered_map<std::string, std::string> ports;  ///< its inputs and outputs
  std::unordered_map<std::string, proto::AttributeProto> attributes;
  std::shared_ptr<const Origin> origin;
  int level = 0;

  std::string name(const std::string& of_body) const {
    const auto port = ports.find(of_body);
    return of_body.empty() ? "" : port != ports.end() ? port->second : prefix + of_body;
  }
};

class Inliner {
 public:
  explicit Inliner(proto::ModelProto& model) : model_(model) {
    for (const auto& function : model.functions())
      functions_[{domain_of(function.domain()), function.name(), overload_of(function)}] = &function;
    take_names(model.graph());
  }

  std::vector<std::shared_ptr<const Origin>> run() {
    Nodes nodes;
    origins_ = &of_nodes_;
    for (const auto& node : model_.graph().node()) put(node, {}, nodes);
    model_.mutable_graph()->mutable_node()->Swap(&nodes);
    model_.clear_functions();
    return std::move(of_nodes_);
  }

 private:
  void take_names(const proto::GraphProto& graph) {
    for (const auto& node : graph.node()) {
      taken_.insert(node.name());
      for (const std::string& output : node.output()) taken_.insert(output);
    }
    for (const auto& tensor : graph.initializer()) taken_.insert(tensor.name());
    for (const auto& input : graph.input()) taken_.insert(input.name());
  }

  /// A prefix that no name of the file begins with.
  std::string unique_prefix(const std::string& call) {
    const auto is_free = [&](const std::string& prefix) {
      const auto next = taken_.lower_bound(prefix);
      return next == taken_.end() || next->compare(0, prefix.size(), prefix) != 0;
    };
    std::string prefix;
    do {
      prefix = unique_name(call + "/");
    } while (!is_free(prefix));
    return prefix;
  }

  void count(const proto::NodeProto& node) {
    bytes_ += node.ByteSizeLong();
    if (++count_ > most_nodes || bytes_ > most_bytes)
      throw Error("the file's functions become more than 2^17 nodes or 256 MiB where they are called");
  }

  /// A node as it is within a scope; a call becomes the function's nodes.
  void put(const proto::NodeProto& node, const Scope& scope, Nodes& to) {
    proto::NodeProto copy = node;
    if (scope.level > 0) {
      for (std::string& input : *copy.mutable_input()) input = scope.name(input);
      for (std::string& output : *copy.mutable_output()) output = scope.name(output);
      resolve_attributes(copy, scope);
    }
    for (auto& attribute : *copy.mutable_attribute())
      if (attribute.has_g()) put_graph(*attribute.mutable_g(), scope);
    const auto function = functions_.find({domain_of(copy.domain()), copy.op_type(), overload_of(copy)});
    if (function != functions_.end()) return call(copy, *function->second, scope, to);
    if (scope.level > 0) {
      copy.set_name(unique_name(scope.prefix + (copy.name().empty() ? copy.op_type() : copy.name())));
      count(copy);
    }
    to.Add()->Swap(&copy);
    if (origins_) origins_->push_back(scope.origin);
  }

  /// With a number where it was asked for before; a "/" at the end stays there.
  std::string unique_name(const std::string& wanted) {
    int& uses = names_[wanted];
    if (uses++ == 0) return wanted;
    const std::string number = "_" + std::to_string(uses - 1);
    return wanted.back() == '/' ? wanted.substr(0, wanted.size() - 1) + number + "/" : wanted + number;
  }

  /// Attributes that a body takes from its call.
  static void resolve_attributes(proto::NodeProto& node, const Scope& scope) {
    google::protobuf::RepeatedPtrField<proto::AttributeProto> resolved;
    for (const auto& attribute : node.attribute()) {
      if (attribute.ref_attr_name().empty()) {
        *resolved.Add() = attribute;
        continue;
      }
      const auto given = scope.attributes.find(attribute.ref_attr_name());
      if (given == scope.attributes.end()) continue;
      proto::AttributeProto& own = *resolved.Add();
      own = given->second;
      own.set_name(attribute.name());
    }
    node.mutable_attribute()->Swap(&resolved);
  }

  void put_graph(proto::GraphProto& graph, const Scope& scope) {
    std::vector<std::shared_ptr<const Origin>>* const outside = origins_;
    origins_ = nullptr;
    Nodes nodes;
    for (const auto& node : graph.node()) put(node, scope, nodes);
    graph.mutable_node()->Swap(&nodes);
    origins_ = outside;
    if (scope.level == 0) return;
    for (auto& tensor : *graph.mutable_initializer()) tensor.set_name(scope.name(tensor.name()));
    for (auto& port : *graph.mutable_input()) port.set_name(scope.name(port.name()));
    for (auto& port : *graph.mutable_output()) port.set_name(scope.name(port.name()));
    graph.clear_value_info();
  }

  void call(const proto::NodeProto& node, const proto::FunctionProto& function, const Scope& around, Nodes& to) {
    if (around.level == most_levels)
      throw Error("the functions of the file are nested more than " + std::to_string(most_levels) + " deep: \"" +
                  function.name() + "\"");
    Scope scope = scope_of(node, function, around);
    const std::vector<proto::NodeProto> copies = add_outputs(node, function, scope);
    for (const auto& inner : function.node()) put(inner, scope, to);
    for (const proto::NodeProto& one : copies) {
      count(one);
      *to.Add() = one;
      if (origins_) origins_->push_back(scope.origin);
    }
  }

  /// Names a function's outputs; nodes for those that are an input or another output.
  std::vector<proto::NodeProto> add_outputs(const proto::NodeProto& node, const proto::FunctionProto& function,
                                            Scope& scope) {
    std::vector<proto::NodeProto> copies;
    for (int i = 0; i < std::min(function.output_size(), node.output_size()); ++i) {
      if (node.output(i).empty()) continue;
      const auto [port, is_new] = scope.ports.emplace(function.output(i), node.output(i));
      if (is_new) continue;
      proto::NodeProto& copy = copies.emplace_back();
      copy.set_op_type("Identity");
      copy.set_name(unique_name(scope.prefix + "Identity"));
      copy.add_input(port->second);
      copy.add_output(node.output(i));
    }
    return copies;
  }

  Scope scope_of(const proto::NodeProto& node, const proto::FunctionProto& function, const Scope& around) {
    Scope scope;
    scope.level = around.level + 1;
    scope.prefix = unique_prefix((around.level > 0 ? around.prefix : std::string()) +
                                 (node.name().empty() ? node.op_type() : node.name()));
    auto origin = around.origin ? std::make_shared<Origin>(*around.origin) : std::make_shared<Origin>();
    if (origin->modules.empty()) origin->modules = modules_in_metadata(node);
    for (const auto& set : function.opset_import())
      if (domain_of(set.domain()).empty()) origin->operator_set = set.version();
    origin->calls.push_back(scope.prefix.substr(0, scope.prefix.size() - 1));
    scope.origin = std::move(origin);
    for (int i = 0; i < function.input_size(); ++i)
      scope.ports[function.input(i)] = i < node.input_size() ? node.input(i) : std::string();
    for (const auto& attribute : defaults_of(function)) scope.attributes[attribute.name()] = attribute;
    for (const auto& attribute : node.attribute()) scope.attributes[attribute.name()] = attribute;
    return scope;
  }

  proto::ModelProto& model_;
  std::map<Key, const proto::FunctionProto*> functions_;
  std::set<std::string> taken_;
  std::unordered_map<std::string, int> names_;
  std::vector<std::shared_ptr<const Origin>> of_nodes_;
  std::vector<std::shared_ptr<const Origin>>* origins_ = nullptr;  ///< null within graphs of nodes
  std::size_t count_ = 0, bytes_ = 0;
};

}  // namespace

std::vector<std::shared_ptr<const Origin>> inline_functions(proto::ModelProto& model) {
  if (model.functions_size() == 0) return {};
  return Inliner(model).run();
}

}  // namespace whycam::onnx
