// Layers by their names.
#include <algorithm>
#include <set>
#include <unordered_set>

#include "core/layer_name.h"
#include "core/warning_texts.h"
#include "formats/onnx/calls.h"
#include "formats/onnx/module_paths.h"

namespace whycam::onnx {
namespace {

using Names = std::vector<std::string>;

bool is_read_outside(const Network::Contents& contents, const std::string& tensor, const std::set<std::size_t>& own) {
  if (contents.output_names.count(tensor)) return true;
  const auto readers = contents.readers.find(tensor);
  return readers != contents.readers.end() && std::any_of(readers->second.begin(), readers->second.end(),
                                                          [&](std::size_t reader) { return own.count(reader) == 0; });
}

/// The tensors that leave or enter a set of nodes, in the order in which they are met.
Names border(const Network::Contents& contents, const std::vector<std::size_t>& nodes, bool inputs) {
  const proto::GraphProto& graph = contents.model->graph();
  const std::set<std::size_t> own(nodes.begin(), nodes.end());
  Names tensors;
  std::unordered_set<std::string> met;
  const auto add = [&](const std::string& tensor) {
    if (!tensor.empty() && met.insert(tensor).second) tensors.push_back(tensor);
  };
  for (const std::size_t i : own) {
    const proto::NodeProto& node = graph.node(static_cast<int>(i));
    if (inputs) {
      for (const std::string& input : node.input()) {
        const auto producer = contents.producers.find(input);
        if (!contents.initializers.count(input) &&
            (producer == contents.producers.end() || !own.count(producer->second)))
          add(input);
      }
      continue;
    }
    for (const std::string& output : node.output())
      if (is_read_outside(contents, output, own)) add(output);
  }
  return tensors;
}

/// What a name stands for.
struct Found {
  bool known = false;  ///< there is something of this name
  std::string fault;   ///< the name says too little, or asks for what there is not
  Names tensors;
};

/// A module without nodes, whose weights another one's node reads.
Found find_folded(const Network::Contents& contents, const std::string& name) {
  const auto readers = contents.readers.find(name + ".weight");
  if (readers == contents.readers.end() || readers->second.size() != 1) return {};
  const std::vector<ModulePath>& holder = contents.paths[readers->second[0]];
  if (holder.empty()) return {};
  return {true,
          "\"" + name + "\" computes nothing of its own in this file: its weights went into \"" + holder.back().path +
              "\", as where the exporter folds a batch normalisation into the convolution before it; take that one",
          {}};
}

/// A node's, a module's or a tensor's own name.
Found find_exact(const Network::Contents& contents, const std::string& name, bool inputs) {
  const auto node = contents.nodes.find(name);
  const auto module = contents.modules.find(name);
  const auto producer = contents.producers.find(name);
  if (node != contents.nodes.end()) {
    if (inputs) return {true, {}, border(contents, {node->second}, true)};
    Found found{true, {}, {}};
    for (const std::string& output : contents.model->graph().node(static_cast<int>(node->second)).output())
      if (!output.empty()) found.tensors.push_back(output);
    return found;
  }
  if (module != contents.modules.end()) return {true, {}, border(contents, module->second.nodes, inputs)};
  if (producer != contents.producers.end())
    return {true, {}, inputs ? border(contents, {producer->second}, true) : Names{name}};
  if (const auto undecided = contents.undecided.find(name); undecided != contents.undecided.end())
    return {true,
            "\"" + name +
                "\" may stand for one of several calls, and the file does not say whether they are of one module: "
                "take \"" +
                undecided->second +
                "\", the last, which PyTorch means if they are, or the first by its node's name, or \"" + name +
                "@0\" and so on for each",
            {}};
  return find_folded(contents, name);
}

Found find_call(const Network::Contents& contents, const std::string& path, std::size_t call, bool inputs) {
  const auto several = contents.calls.find(path);
  const std::size_t count = several == contents.calls.end() ? 1 : several->second.size();
  if (several == contents.calls.end()) {
    Found once = find_exact(contents, path, inputs);
    if (!once.known || !once.fault.empty() || call == 0) return once;
  }
  if (call >= count)
    return {true,
            "\"" + path + "\" runs " + (count == 1 ? "once" : std::to_string(count) + " times") +
                ": there is no call " + std::to_string(call) + ", counted from 0",
            {}};
  return {true, {}, border(contents, several->second[call].nodes, inputs)};
}

Found find_layer(const Network::Contents& contents, const std::string& name, bool inputs) {
  Found found = find_exact(contents, name, inputs);
  if (found.known) return found;
  const core::LayerName parts = core::parse_layer_name(name);
  if (!parts.call && !parts.tensor) return found;
  found = parts.call ? find_call(contents, parts.path, static_cast<std::size_t>(*parts.call), inputs)
                     : find_exact(contents, parts.path, inputs);
  if (!found.known || !found.fault.empty() || !parts.tensor) return found;
  if (const auto chosen = core::tensor_among(found.tensors, parts)) return {true, {}, {found.tensors[*chosen]}};
  return {true, core::names_no_tensor(name, found.tensors), {}};
}

}  // namespace

void add_reads(const proto::NodeProto& node, std::unordered_set<std::string>& reads) {
  for (const std::string& input : node.input()) reads.insert(input);
  for (const auto& attribute : node.attribute())
    if (attribute.has_g()) {
      for (const auto& inner : attribute.g().node()) add_reads(inner, reads);
      for (const auto& output : attribute.g().output()) reads.insert(output.name());
    }
}

std::vector<std::string> tensors_of_layer(const Network::Contents& contents, const std::string& name, bool inputs) {
  const Found found = find_layer(contents, name, inputs);
  if (!found.known) throw Error("the network has no node, module or tensor \"" + name + "\"");
  if (!found.fault.empty()) throw Error(found.fault);
  return found.tensors;
}

bool is_computed(const std::string& weight) { return weight.rfind("onnx::", 0) == 0; }

std::string name_of(const proto::NodeProto& node) {
  return !node.name().empty() ? node.name() : node.output_size() > 0 ? node.output(0) : node.op_type();
}

void find_readers(Network::Contents& contents) {
  const proto::GraphProto& graph = contents.model->graph();
  for (const auto& output : graph.output()) contents.output_names.insert(output.name());
  for (int i = 0; i < graph.node_size(); ++i) {
    std::unordered_set<std::string> reads;
    add_reads(graph.node(i), reads);
    for (const std::string& tensor : reads) contents.readers[tensor].push_back(static_cast<std::size_t>(i));
  }
}

void find_layers(Network::Contents& contents) {
  const proto::GraphProto& graph = contents.model->graph();
  find_paths(contents);
  std::size_t step = 0;
  for (int i = 0; i < graph.node_size(); ++i) {
    const proto::NodeProto& node = graph.node(i);
    const auto number = static_cast<std::size_t>(i);
    if (const auto* origin = contents.origins.empty() ? nullptr : contents.origins[number].get())
      contents.function_calls.insert(origin->calls.begin(), origin->calls.end());
    for (const ModulePath& module : contents.paths[number]) {
      if (!contents.modules.count(module.path)) contents.layers.push_back({module.path, "module"});
      auto& nodes = contents.modules[module.path].nodes;
      if (nodes.empty() || nodes.back() != number) nodes.push_back(number);
    }
    for (const std::string& output : node.output())
      if (!output.empty()) contents.producers.emplace(output, number);
    contents.steps.push_back(step);
    if (node.op_type() == "Constant" || gives_weights(contents, node)) continue;
    ++step;
    if (contents.nodes.emplace(name_of(node), number).second)
      contents.layers.push_back({name_of(node), node.op_type()});
  }
  settle_calls(contents);
}

bool Network::has_layer(const std::string& name) const {
  const Found found = find_layer(*contents_, name, false);
  return found.known && found.fault.empty();
}

std::string Network::fault_of_layer(const std::string& name) const { return find_layer(*contents_, name, false).fault; }

/// A convolution whose weights were computed when the network was exported: a batch normalisation became part of it.
std::vector<std::string> Network::warnings(const std::string& layer) const {
  for (const std::string& tensor : tensors_of_layer(*contents_, layer, false)) {
    const auto producer = contents_->producers.find(tensor);
    if (producer == contents_->producers.end()) continue;
    const proto::NodeProto& node = contents_->model->graph().node(static_cast<int>(producer->second));
    if (node.op_type() == "Conv" && node.input_size() > 1 && is_computed(node.input(1)))
      return {core::computed_convolution(layer)};
  }
  return {};
}

}  // namespace whycam::onnx
