#include "formats/onnx/module_paths.h"

#include <algorithm>
#include <optional>

#include "formats/onnx/calls.h"
#include "formats/onnx/metadata.h"

namespace whycam::onnx {
namespace {

using Path = std::vector<ModulePath>;

/// The module of a node's name, and all around it, outermost first: PyTorch calls the convolution of
/// features.12.squeeze
/// "/features/12/squeeze/Conv", or, in other versions, "/features/features.12/squeeze/Conv".
std::vector<std::string> modules_of(const std::string& node) {
  constexpr std::ptrdiff_t most_levels = 64;
  std::vector<std::string> modules;
  if (node.empty() || node[0] != '/' || std::count(node.begin(), node.end(), '/') > most_levels) return modules;
  std::string path, before;
  std::size_t from = 1;
  for (std::size_t to = node.find('/', from); to != std::string::npos; to = node.find('/', from)) {
    const std::string part = node.substr(from, to - from);
    const bool repeats = !before.empty() && part.compare(0, before.size() + 1, before + ".") == 0;
    path += path.empty() ? part : repeats ? part.substr(before.size()) : "." + part;
    if (!part.empty()) modules.push_back(path);
    before = part;
    from = to + 1;
  }
  return modules;
}

/// The modules that a node belongs to, and the calls of functions.
Path path_of(const proto::NodeProto& node, const Origin* origin) {
  Path paths;
  std::vector<std::string> modules = modules_in_metadata(node);
  if (modules.empty() && origin) modules = origin->modules;
  for (const std::string& module : modules) paths.push_back(module_path(module));
  if (paths.empty())
    for (const std::string& module : modules_of(node.name())) paths.push_back({module, {}});
  if (origin)
    for (const std::string& call : origin->calls) paths.push_back({call, {}});
  return paths;
}

/// What two nodes' paths have in common; nothing is known of a node without one.
void keep_common(std::optional<Path>& path, const std::optional<Path>& other) {
  if (!path || !other) {
    if (!path) path = other;
    return;
  }
  std::size_t common = 0;
  while (common < path->size() && common < other->size() && (*path)[common].path == (*other)[common].path &&
         (*path)[common].tags == (*other)[common].tags)
    ++common;
  path->resize(common);
}

/// Nodes that the exporter added without a word, as the Split of an attention's projections is one, belong to the
/// modules that hold both what they read and what reads them.
void lend_paths(Network::Contents& contents, const std::vector<bool>& said) {
  const proto::GraphProto& graph = contents.model->graph();
  const auto count = static_cast<std::size_t>(graph.node_size());
  std::vector<std::optional<Path>> before(count), after(count);
  std::unordered_map<std::string, std::size_t> producers;
  for (std::size_t i = 0; i < count; ++i) {
    const proto::NodeProto& node = graph.node(static_cast<int>(i));
    if (said[i]) before[i] = after[i] = contents.paths[i];
    for (const std::string& input : node.input())
      if (const auto producer = producers.find(input); !said[i] && producer != producers.end())
        keep_common(before[i], before[producer->second]);
    for (const std::string& output : node.output()) producers.emplace(output, i);
  }
  for (std::size_t i = count; i-- > 0;) {
    if (said[i]) continue;
    for (const std::string& output : graph.node(static_cast<int>(i)).output()) {
      if (contents.output_names.count(output)) keep_common(after[i], Path());
      if (const auto readers = contents.readers.find(output); readers != contents.readers.end())
        for (const std::size_t reader : readers->second) keep_common(after[i], after[reader]);
    }
    if (!before[i] || !after[i]) continue;
    keep_common(before[i], after[i]);
    contents.paths[i] = *before[i];
  }
}

}  // namespace

void find_paths(Network::Contents& contents) {
  bool has_metadata = false;
  std::vector<bool> said;  ///< of each node, whether the file says where it belongs, be it to no module
  for (int i = 0; i < contents.model->graph().node_size(); ++i) {
    const proto::NodeProto& node = contents.model->graph().node(i);
    const auto* origin = contents.origins.empty() ? nullptr : contents.origins[static_cast<std::size_t>(i)].get();
    contents.paths.push_back(path_of(node, origin));
    const bool has_scopes = !metadata_of(node, name_scopes).empty();
    said.push_back(has_scopes || !contents.paths.back().empty());
    has_metadata = has_metadata || has_scopes;
  }
  if (has_metadata) lend_paths(contents, said);
}

}  // namespace whycam::onnx
