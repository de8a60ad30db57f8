// torch.no_grad() and torch.autocast() in an exported program: regions with nodes of their own.
#include <set>

#include "formats/pt2/program.h"

namespace whycam::pt2 {
namespace {

using Names = std::map<std::string, std::string>;
using Region = std::shared_ptr<const Subprogram>;

void rename(std::string& name, const Names& names) {
  if (const auto found = names.find(name); found != names.end()) name = found->second;
}

void rename(Argument& argument, const Names& names) {
  if (auto* tensor = std::get_if<TensorName>(&argument.value)) rename(tensor->name, names);
  if (auto* number = std::get_if<NumberName>(&argument.value)) rename(number->name, names);
  if (auto* list = std::get_if<std::vector<Argument>>(&argument.value))
    for (Argument& element : *list) rename(element, names);
}

/// Of the arguments of a node that is given one region, where that one stands; their number where there is none.
std::size_t place_of_region(const Node& node) {
  std::size_t place = 0;
  while (place < node.inputs.size() && !std::holds_alternative<Region>(node.inputs[place].second.value)) ++place;
  return place;
}

bool truth(const Node& node, std::size_t argument, bool otherwise) {
  const auto* value = argument < node.inputs.size() ? std::get_if<bool>(&node.inputs[argument].second.value) : nullptr;
  return value ? *value : otherwise;
}

class Inliner {
 public:
  explicit Inliner(Program& program) : program_(program) {
    for (const auto& entry : program.tensors) taken_.insert(entry.first);
    for (const Node& node : program.nodes)
      for (const std::string& name : names_of(node.outputs)) taken_.insert(name);
  }

  std::vector<Node> flat(const std::vector<Node>& nodes, bool without_gradient) {
    std::vector<Node> result;
    for (const Node& node : nodes) {
      const bool sets_gradient = node.op == "wrap_with_set_grad_enabled";
      const bool only_says_how = node.domain == "higher_order" && place_of_region(node) < node.inputs.size() &&
                                 (sets_gradient || (node.op == "wrap_with_autocast" && !truth(node, 2, true)));
      if (only_says_how) {
        const bool off = sets_gradient ? !truth(node, 0, true) : without_gradient;
        for (Node& inner : flat(opened(node), off)) result.push_back(std::move(inner));
      } else {
        result.push_back(node);
        result.back().without_gradient = without_gradient;
      }
    }
    return result;
  }

 private:
  /// A region's nodes, with the names that its tensors have outside.
  std::vector<Node> opened(const Node& call) {
    const std::size_t place = place_of_region(call);
    const Subprogram& region = *std::get<Region>(call.inputs[place].second.value);
    Names names;
    std::vector<Argument> operands;
    for (std::size_t i = place + 1; i < call.inputs.size(); ++i) operands.push_back(call.inputs[i].second);
    const std::vector<std::string> given = names_of(operands), inputs = names_of(region.inputs),
                                   results = names_of(call.outputs), outputs = names_of(region.outputs);
    if (given.size() != inputs.size() || results.size() != outputs.size())
      throw Error("gives \"" + call.name + "\" another number of tensors than it takes");
    for (std::size_t i = 0; i < inputs.size(); ++i) names[inputs[i]] = given[i];
    std::vector<Node> nodes = region.nodes;
    std::vector<Node> copies;  // of what the region gives on as it came
    for (std::size_t i = 0; i < outputs.size(); ++i)
      if (!names.emplace(outputs[i], results[i]).second) copies.push_back(same(call, names[outputs[i]], results[i]));
    for (const Node& node : nodes)
      for (const std::string& name : names_of(node.outputs))
        if (!names.count(name)) names[name] = free_name(call.name, name);
    for (Node& node : nodes) {
      for (auto& input : node.inputs) rename(input.second, names);
      for (Argument& output : node.outputs) rename(output, names);
    }
    for (const auto& [name, meta] : region.tensors)
      if (names.count(name)) program_.tensors.emplace(names[name], meta);
    nodes.insert(nodes.end(), copies.begin(), copies.end());
    return nodes;
  }

  static Node same(const Node& call, const std::string& from, const std::string& to) {
    Node node;
    node.name = to;
    node.op = "alias";
    node.overload = "default";
    node.domain = "aten";
    node.inputs = {{"self", {TensorName{from}}}};
    node.outputs = {{TensorName{to}}};
    node.modules = call.modules;
    return node;
  }

  std::string free_name(const std::string& region, const std::string& name) {
    std::string free = name;
    while (!taken_.insert(free).second) free = region + "." + free;
    return free;
  }

  Program& program_;
  std::set<std::string> taken_;
};

}  // namespace

void inline_regions(Program& program) { program.nodes = Inliner(program).flat(program.nodes, false); }

}  // namespace whycam::pt2
