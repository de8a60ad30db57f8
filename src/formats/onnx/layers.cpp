// Layers by their names.
#include <algorithm>
#include <set>
#include <unordered_set>

#include "core/warning_texts.h"
#include "formats/onnx/contents.h"

namespace whycam::onnx {
namespace {

bool begins(const std::string& text, const std::string& with) { return text.compare(0, with.size(), with) == 0; }

/// The module of a node's name, and all around it, outermost first: PyTorch calls the convolution of
/// features.12.squeeze
/// "/features/12/squeeze/Conv", or, in other versions, "/features/features.12/squeeze/Conv".
std::vector<std::string> modules_of(const std::string& node) {
  std::vector<std::string> modules;
  if (node.empty() || node[0] != '/') return modules;
  std::string path, before;
  std::size_t from = 1;
  for (std::size_t to = node.find('/', from); to != std::string::npos; to = node.find('/', from)) {
    const std::string part = node.substr(from, to - from);
    const bool repeats = !before.empty() && begins(part, before + ".");
    path += path.empty() ? part : repeats ? part.substr(before.size()) : "." + part;
    if (!part.empty()) modules.push_back(path);
    before = part;
    from = to + 1;
  }
  return modules;
}

std::vector<std::string> operators_of(const Network::Contents& contents, const Module& module) {
  std::vector<std::string> operators;
  for (const std::size_t node : module.nodes)
    operators.push_back(contents.model->graph().node(static_cast<int>(node)).op_type());
  return operators;
}

std::set<std::string> weights_of(const Network::Contents& contents, const Module& module) {
  std::set<std::string> weights;
  for (const std::size_t node : module.nodes)
    for (const std::string& input : contents.model->graph().node(static_cast<int>(node)).input())
      if (contents.initializers.count(input)) weights.insert(input);
  return weights;
}

/// Whether PyTorch made up a weight's name, as for weights that it computed while exporting; else it has the
/// parameter's.
bool is_computed(const std::string& weight) { return begins(weight, "onnx::"); }

/// The last of the nodes that may be later calls of a module: PyTorch calls those of "relu" "relu_1", "relu_2" and so
/// on. Empty where there are none.
std::string last_call(const Network::Contents& contents, const std::string& module) {
  const std::vector<std::string> operators = operators_of(contents, contents.modules.at(module));
  std::string last;
  for (int i = 1;; ++i) {
    const std::string next = module + "_" + std::to_string(i);
    const auto found = contents.modules.find(next);
    if (found == contents.modules.end() || operators_of(contents, found->second) != operators) return last;
    last = next;
  }
}

/// What the names of a module that is called several times, and of those within it, stand for: the last call, as in
/// PyTorch, where common weights tell that it is one module. Modules with weights of their own are several. Without
/// either, nothing tells, and the name is none.
void settle_repeated_calls(Network::Contents& contents) {
  std::vector<std::string> names;
  for (const auto& [name, module] : contents.modules) names.push_back(name);
  std::map<std::string, Module> of_last_calls;
  for (const std::string& name : names) {
    const std::string last = last_call(contents, name);
    if (last.empty()) continue;
    const std::set<std::string> first_weights = weights_of(contents, contents.modules.at(name)),
                                weights = weights_of(contents, contents.modules.at(last));
    const bool one_module = !weights.empty() && weights == first_weights;
    if (!one_module && !weights.empty() && std::none_of(weights.begin(), weights.end(), is_computed)) continue;
    for (const std::string& inner : names) {
      if (inner != name && !begins(inner, name + ".")) continue;
      const auto call = contents.modules.find(last + inner.substr(name.size()));
      if (call == contents.modules.end()) continue;
      if (one_module)
        of_last_calls[inner] = call->second;
      else
        contents.undecided[inner] = call->first;
    }
  }
  for (auto& [name, module] : of_last_calls) contents.modules[name] = std::move(module);
  for (const auto& [name, last] : contents.undecided) contents.modules.erase(name);
  contents.layers.erase(std::remove_if(contents.layers.begin(), contents.layers.end(),
                                       [&](const Layer& layer) {
                                         return layer.type == "module" && contents.undecided.count(layer.name);
                                       }),
                        contents.layers.end());
}

/// The tensors that leave or enter a set of nodes, in the order in which they are met.
std::vector<std::string> border(const Network::Contents& contents, const std::vector<std::size_t>& nodes, bool inputs) {
  const proto::GraphProto& graph = contents.model->graph();
  const std::set<std::size_t> own(nodes.begin(), nodes.end());
  std::vector<std::string> tensors;
  const auto add = [&](const std::string& tensor) {
    if (!tensor.empty() && std::find(tensors.begin(), tensors.end(), tensor) == tensors.end())
      tensors.push_back(tensor);
  };
  if (inputs) {
    for (const std::size_t i : own)
      for (const std::string& input : graph.node(static_cast<int>(i)).input()) {
        const auto producer = contents.producers.find(input);
        if (!contents.initializers.count(input) &&
            (producer == contents.producers.end() || !own.count(producer->second)))
          add(input);
      }
    return tensors;
  }
  std::unordered_set<std::string> outside;
  for (const auto& output : graph.output()) outside.insert(output.name());
  for (int i = 0; i < graph.node_size(); ++i)
    if (!own.count(static_cast<std::size_t>(i))) add_reads(graph.node(i), outside);
  for (const std::size_t i : own)
    for (const std::string& output : graph.node(static_cast<int>(i)).output())
      if (outside.count(output)) add(output);
  return tensors;
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
  const auto node = contents.nodes.find(name);
  const auto module = contents.modules.find(name);
  const auto producer = contents.producers.find(name);
  if (node != contents.nodes.end()) {
    const proto::NodeProto& found = contents.model->graph().node(static_cast<int>(node->second));
    if (inputs) return border(contents, {node->second}, true);
    std::vector<std::string> outputs;
    for (const std::string& output : found.output())
      if (!output.empty()) outputs.push_back(output);
    return outputs;
  }
  if (module != contents.modules.end()) return border(contents, module->second.nodes, inputs);
  if (producer != contents.producers.end())
    return inputs ? border(contents, {producer->second}, true) : std::vector<std::string>{name};
  throw Error("the network has no node, module or tensor \"" + name + "\"");
}

std::string name_of(const proto::NodeProto& node) {
  return !node.name().empty() ? node.name() : node.output_size() > 0 ? node.output(0) : node.op_type();
}

void find_layers(Network::Contents& contents) {
  const proto::GraphProto& graph = contents.model->graph();
  for (int i = 0; i < graph.node_size(); ++i) {
    const proto::NodeProto& node = graph.node(i);
    const auto number = static_cast<std::size_t>(i);
    for (const std::string& module : modules_of(node.name())) {
      if (!contents.modules.count(module)) contents.layers.push_back({module, "module"});
      contents.modules[module].nodes.push_back(number);
    }
    for (const std::string& output : node.output())
      if (!output.empty()) contents.producers.emplace(output, number);
    if (node.op_type() == "Constant") continue;
    if (contents.nodes.emplace(name_of(node), number).second)
      contents.layers.push_back({name_of(node), node.op_type()});
  }
  settle_repeated_calls(contents);
}

bool Network::has_layer(const std::string& name) const {
  return contents_->nodes.count(name) || contents_->modules.count(name) || contents_->producers.count(name);
}

std::string Network::last_call_of(const std::string& name) const {
  const auto found = contents_->undecided.find(name);
  return found == contents_->undecided.end() ? "" : found->second;
}

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
