// Which files beside a network hold its weights.
#include <set>

#include "formats/onnx/contents.h"

namespace whycam::onnx {
namespace {

/// The locations of external data that a network names, in its graph, its functions and the graphs within its nodes.
struct Locations {
  void add(const proto::TensorProto& tensor) {
    for (const auto& entry : tensor.external_data())
      if (entry.key() == "location") found.insert(entry.value());
  }

  void add(const proto::GraphProto& graph) {
    for (const auto& tensor : graph.initializer()) add(tensor);
    for (const auto& node : graph.node()) add(node);
  }

  void add(const proto::NodeProto& node) {
    for (const auto& attribute : node.attribute()) {
      if (attribute.has_t()) add(attribute.t());
      if (attribute.has_g()) add(attribute.g());
      for (const auto& tensor : attribute.tensors()) add(tensor);
      for (const auto& graph : attribute.graphs()) add(graph);
    }
  }

  std::set<std::string> found;
};

}  // namespace

std::filesystem::path within(const std::filesystem::path& folder, const std::string& location) {
  std::error_code failure;
  const auto home = std::filesystem::weakly_canonical(folder.empty() ? "." : folder, failure);
  const auto path = std::filesystem::weakly_canonical(home / location, failure);
  const auto [left, right] = std::mismatch(home.begin(), home.end(), path.begin(), path.end());
  return location.empty() || failure || left != home.end() ? std::filesystem::path() : path;
}

std::vector<std::filesystem::path> weight_files(const std::filesystem::path& network) try {
  const auto model = read_model(network);
  Locations locations;
  locations.add(model->graph());
  for (const auto& function : model->functions())
    for (const auto& node : function.node()) locations.add(node);
  std::set<std::filesystem::path> files;
  std::error_code failure;
  for (const std::string& location : locations.found)
    if (const auto path = within(network.parent_path(), location); std::filesystem::is_regular_file(path, failure))
      files.insert(path);
  return {files.begin(), files.end()};
} catch (const Error&) {
  return {};  // a damaged file: whoever loads it learns what is wrong
}

}  // namespace whycam::onnx
