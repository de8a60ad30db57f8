// Layers by their names.
#include <algorithm>
#include <set>
#include <unordered_set>

#include "core/layer_name.h"
#include "formats/pt2/contents.h"

namespace whycam::pt2 {
namespace {

using Names = std::vector<std::string>;

void add_names(const Argument& argument, Names& names) {
  if (const auto* tensor = std::get_if<TensorName>(&argument.value)) names.push_back(tensor->name);
  if (const auto* list = std::get_if<std::vector<Argument>>(&argument.value))
    for (const Argument& element : *list) add_names(element, names);
}

Names tensors_given(const Node& node) {
  Names names;
  for (const Argument& output : node.outputs) add_names(output, names);
  return names;
}

Names tensors_read(const Node& node) {
  Names names;
  for (const auto& [name, input] : node.inputs) add_names(input, names);
  return names;
}

/// Whether a node asks for a shape alone: that does not make a tensor one that leaves a layer.
bool reads_numbers(const Node& node) { return node.op.rfind("sym_", 0) != 0 && node.op.rfind("_assert", 0) != 0; }

bool is_output(const Contents& contents, const std::string& tensor) {
  return std::any_of(contents.program.outputs.begin(), contents.program.outputs.end(),
                     [&](const ProgramOutput& output) {
                       const auto* name = std::get_if<TensorName>(&output.argument.value);
                       return name && name->name == tensor;
                     });
}

bool is_read_outside(const Contents& contents, const std::string& tensor, const std::set<std::size_t>& own) {
  if (is_output(contents, tensor)) return true;
  const auto readers = contents.readers.find(tensor);
  return readers != contents.readers.end() && std::any_of(readers->second.begin(), readers->second.end(),
                                                          [&](std::size_t reader) { return own.count(reader) == 0; });
}

/// The tensors that leave or enter some nodes, in the order in which they are met. The network's weights do not count.
Names border(const Contents& contents, const ModuleNodes& nodes, bool inputs) {
  const std::set<std::size_t> own(nodes.begin(), nodes.end());
  Names tensors;
  std::unordered_set<std::string> met;
  const auto add = [&](const std::string& tensor) {
    if (met.insert(tensor).second) tensors.push_back(tensor);
  };
  for (const std::size_t i : own) {
    const Node& node = contents.program.nodes[i];
    if (inputs && reads_numbers(node))
      for (const std::string& tensor : tensors_read(node)) {
        const auto producer = contents.producers.find(tensor);
        const bool is_inside = producer != contents.producers.end() && own.count(producer->second);
        if (!is_inside && !contents.weights.count(tensor)) add(tensor);
      }
    if (!inputs)
      for (const std::string& tensor : tensors_given(node))
        if (is_read_outside(contents, tensor, own)) add(tensor);
  }
  return tensors;
}

FoundLayer find_tensor(const Contents& contents, const std::string& name, bool inputs) {
  const auto producer = contents.producers.find(name);
  if (producer == contents.producers.end()) return {};
  return {true, {}, inputs ? border(contents, {producer->second}, true) : Names{name}};
}

FoundLayer find_module(const Contents& contents, const std::string& path, std::optional<std::int64_t> call,
                       bool inputs) {
  const auto found = contents.calls.find(path);
  if (found == contents.calls.end()) return {};
  const std::size_t count = found->second.size(), chosen = call ? static_cast<std::size_t>(*call) : count - 1;
  if (chosen >= count)
    return {true,
            "\"" + path + "\" runs " + (count == 1 ? "once" : std::to_string(count) + " times") +
                ": there is no call " + std::to_string(chosen) + ", counted from 0",
            {}};
  return {true, {}, border(contents, found->second[chosen], inputs)};
}

/// A module of the network that gives the program no node, such as an nn.Identity.
FoundLayer find_empty_module(const Contents& contents, const std::string& name) {
  const auto& modules = contents.program.modules;
  if (name.empty() || std::find(modules.begin(), modules.end(), name) == modules.end()) return {};
  return {true, "\"" + name + "\" computes nothing in this file; take the layer before it", {}};
}

FoundLayer find_exact(const Contents& contents, const std::string& name, bool inputs) {
  FoundLayer found = find_module(contents, name, {}, inputs);
  if (!found.is_known) found = find_tensor(contents, name, inputs);
  return found.is_known ? found : find_empty_module(contents, name);
}

}  // namespace

FoundLayer find_layer(const Contents& contents, const std::string& name, bool inputs) {
  FoundLayer found = find_exact(contents, name, inputs);
  if (found.is_known) return found;
  const core::LayerName parts = core::parse_layer_name(name);
  if (!parts.call && !parts.tensor) return found;
  found = find_module(contents, parts.path, parts.call, inputs);
  if (!found.is_known && (!parts.call || *parts.call == 0)) found = find_exact(contents, parts.path, inputs);
  if (!found.is_known || !found.fault.empty() || !parts.tensor) return found;
  if (const auto chosen = core::tensor_among(found.tensors, parts)) return {true, {}, {found.tensors[*chosen]}};
  return {true, core::names_no_tensor(name, found.tensors), {}};
}

void find_layers(Contents& contents) {
  std::map<std::string, std::map<std::string, std::size_t>> call_of;  // [path][key]
  const std::vector<Node>& nodes = contents.program.nodes;
  for (std::size_t i = 0; i < nodes.size(); ++i) {
    for (const std::string& tensor : tensors_given(nodes[i])) contents.producers.emplace(tensor, i);
    if (reads_numbers(nodes[i]))
      for (const std::string& tensor : tensors_read(nodes[i])) contents.readers[tensor].push_back(i);
    for (const ModuleCall& module : nodes[i].modules) {
      auto& calls = contents.calls[module.path];
      if (calls.empty()) contents.layers.push_back({module.path, module.type});
      const auto [known, is_new] = call_of[module.path].emplace(module.key, calls.size());
      if (is_new) calls.emplace_back();
      ModuleNodes& own = calls[known->second];
      if (own.empty() || own.back() != i) own.push_back(i);
    }
  }
  if (!contents.layers.empty()) return;
  for (const Node& node : nodes)  // a network without modules: what it computes has names, too
    for (const std::string& tensor : tensors_given(node)) contents.layers.push_back({tensor, node.op});
}

}  // namespace whycam::pt2
