// A network from an ONNX file, as it becomes a graph of the compiler's. Nothing of ONNX's own types is seen here.
#pragma once

#include <filesystem>
#include <map>
#include <memory>
#include <stdexcept>
#include <string>
#include <vector>

#include "graph/graph.h"

namespace whycam::onnx {

/// What is wrong with a file, or stands in the way: which node, and why.
class Error : public std::runtime_error {
 public:
  using std::runtime_error::runtime_error;
};

/// An input or output as the file declares it. An extent that it leaves open is -1.
struct Port {
  std::string name;
  graph::Shape shape;
  bool has_shape = false;
  bool is_float = true;
};

/// What can be explained: a node, or a module of the network that was exported, with all of its nodes.
struct Layer {
  std::string name;  ///< "/features/12/Concat", or "features.12"
  std::string type;  ///< the operator; "module" for a module
};

/// The forward pass as a graph.
struct Lowered {
  graph::Graph graph;
  std::vector<graph::Value> inputs;
  std::vector<graph::Value> outputs;  ///< one for each of the network's; no_value where it depends on no input
  std::vector<std::vector<graph::Value>> layers;  ///< [layer][tensor]
};

/// An input as it is given: how the graph is to call it.
struct Given {
  std::string name;
  graph::Shape shape;
  bool integers = false;  ///< whole numbers, for an input of such; the graph takes them as floats
};

/// Immutable and thread-safe.
class Network {
 public:
  /// Reads and checks a file, with the weights that it keeps in files beside it. Throws Error.
  static std::shared_ptr<const Network> read(const std::filesystem::path& path);
  /// The same of a file's content, which is called `name`; weights in other files lie in `folder`.
  static std::shared_ptr<const Network> parse(const std::string& content, const std::string& name,
                                              const std::filesystem::path& folder);

  /// Those without a value in the file.
  const std::vector<Port>& inputs() const;
  const std::vector<Port>& outputs() const;

  /// The nodes in the order in which they run, each module in front of its first.
  const std::vector<Layer>& layers() const;
  /// Whether a name is that of a node, a module or a tensor.
  bool has_layer(const std::string& name) const;
  /// For a name that is none because it may stand for several calls of a module, where the file does not tell whether
  /// it is one module: the name of the last. Empty for others.
  std::string last_call_of(const std::string& name) const;
  /// Whether a layer gives what a convolution gives whose weights were computed when the network was exported, as where
  /// a batch normalisation became part of it.
  bool gives_computed_convolution(const std::string& layer) const;

  /// The graph for inputs of these shapes. A layer is named by its node, a tensor or a module path; what is observed
  /// are the tensors that leave it, or with `layer_inputs` those that enter it. Operators that no output and no layer
  /// needs are left out. Throws Error, with the node, for what is not known or does not fit.
  Lowered lower(const std::vector<Given>& inputs, const std::vector<std::string>& layers, bool layer_inputs) const;

  struct Contents;
  explicit Network(std::unique_ptr<const Contents> contents);
  ~Network();

 private:
  std::unique_ptr<const Contents> contents_;
};

/// Whether a file may be ONNX: it begins as one does.
bool looks_like_onnx(const std::filesystem::path& path);

/// The files beside a network that hold weights of its; see whycam/weight_files.h.
std::vector<std::filesystem::path> weight_files(const std::filesystem::path& network);

}  // namespace whycam::onnx
