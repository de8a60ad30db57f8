// Which files beside a network hold its weights.
#include <algorithm>
#include <set>

#include "formats/onnx/contents.h"

namespace whycam::onnx {
namespace {

/// The locations of external data that a network names, in its graph, its functions and the graphs within its nodes.
struct Locations {
  void add(const proto::TensorProto& tensor) {
    for (const auto& entry : tensor.external_data())
      if (entry.key() == "location" && entry.value() != in_the_network) found.insert(entry.value());
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

bool lies_in(const std::filesystem::path& path, const std::filesystem::path& folder) {
  const auto [left, right] = std::mismatch(folder.begin(), folder.end(), path.begin(), path.end());
  return left == folder.end();
}

/// Whether a location is below the folder as it is written.
bool is_below(const std::filesystem::path& location) {
  const std::filesystem::path normal = location.lexically_normal();
  return normal.is_relative() && !normal.empty() && *normal.begin() != "..";
}

}  // namespace

WeightFolder WeightFolder::of(const std::filesystem::path& network) {
  WeightFolder folder(network.parent_path());
  std::error_code failure;
  if (std::filesystem::is_symlink(network, failure))
    folder.linked = std::filesystem::weakly_canonical(network, failure).parent_path();
  if (!folder.linked.has_relative_path()) folder.linked.clear();  // all of the machine is no folder of weights
  return folder;
}

std::filesystem::path within(const WeightFolder& folder, const std::string& location) {
  std::error_code failure;
  const auto home = std::filesystem::weakly_canonical(folder.named.empty() ? "." : folder.named, failure);
  const auto path = std::filesystem::weakly_canonical(home / location, failure);
  if (location.empty() || failure) return {};
  const bool by_links = !folder.linked.empty() && is_below(location) && lies_in(path, folder.linked);
  return lies_in(path, home) || by_links ? path : std::filesystem::path();
}

std::vector<std::filesystem::path> weight_files(const std::filesystem::path& network) try {
  const auto model = read_message(network).model;
  Locations locations;
  locations.add(model->graph());
  for (const auto& function : model->functions())
    for (const auto& node : function.node()) locations.add(node);
  std::set<std::filesystem::path> files;
  std::error_code failure;
  for (const std::string& location : locations.found)
    if (const auto path = within(WeightFolder::of(network), location); std::filesystem::is_regular_file(path, failure))
      files.insert(path);
  return {files.begin(), files.end()};
} catch (const Error&) {
  return {};  // a damaged file: whoever loads it learns what is wrong
}

}  // namespace whycam::onnx
