// Layers by their names.
#include <set>

#include "onnx/contents.h"

namespace whycam::onnx {
namespace {

bool begins(const std::string& text, const std::string& with) { return text.compare(0, with.size(), with) == 0; }

/// The module of a node's name, and all around it, outermost first: PyTorch calls the convolution of features.12.squeeze
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

}  // namespace

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
    if (contents.nodes.emplace(name_of(node), number).second) contents.layers.push_back({name_of(node), node.op_type()});
  }
}

bool Network::has_layer(const std::string& name) const {
  return contents_->nodes.count(name) || contents_->modules.count(name) || contents_->producers.count(name);
}

}  // namespace whycam::onnx
