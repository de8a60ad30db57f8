// What explaining asks of a network's file, whatever the format. Each format is a folder beside this file, and a line
// of the table in formats.cpp.
#pragma once

#include <filesystem>
#include <memory>
#include <stdexcept>
#include <string>
#include <vector>

#include "graph/graph.h"

namespace whycam::formats {

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

/// An input as it is given: how the graph is to call it.
struct Given {
  std::string name;
  graph::Shape shape;
  bool integers = false;  ///< whole numbers, for an input of such; the graph takes them as floats
};

/// The forward pass as a graph.
struct Lowered {
  graph::Graph graph;
  std::vector<graph::Value> inputs;
  std::vector<graph::Value> outputs;  ///< one for each of the network's; no_value where it depends on no input
  std::vector<std::vector<graph::Value>> layers;  ///< [layer][tensor]
};

/// A network that was read from a file, which has been checked. Immutable and thread-safe.
class NetworkFile {
 public:
  virtual ~NetworkFile() = default;

  /// The format's name, for messages.
  virtual const char* format() const = 0;

  /// Those without a value in the file.
  virtual const std::vector<Port>& inputs() const = 0;
  virtual const std::vector<Port>& outputs() const = 0;

  /// In the order in which they run, each module in front of its first node.
  virtual const std::vector<Layer>& layers() const = 0;
  /// Whether lower() finds a layer of this name, in layers() or beside them.
  virtual bool has_layer(const std::string& name) const = 0;
  /// For a name that is none because it may stand for several calls of a module, where the file does not tell whether
  /// it is one module: the name of the last. Empty for others.
  virtual std::string last_call_of(const std::string& name) const = 0;
  /// What a careful reader should know of explanations at this layer, one sentence each.
  virtual std::vector<std::string> warnings(const std::string& layer) const = 0;

  /// The graph for inputs of these shapes. What is observed are the tensors that leave the layers, or with
  /// `layer_inputs` those that enter them. Operators that no output and no layer needs are left out. Throws Error, with
  /// the node, for what is not known or does not fit.
  virtual Lowered lower(const std::vector<Given>& inputs, const std::vector<std::string>& layers,
                        bool layer_inputs) const = 0;
};

/// A format that networks are read from without libtorch.
struct Format {
  const char* name;
  /// Whether a file may be of this format, by its first bytes.
  bool (*recognises)(const std::filesystem::path& path);
  /// Reads and checks a file, with the weights that it keeps in files beside it. Throws Error.
  std::shared_ptr<const NetworkFile> (*read)(const std::filesystem::path& path);
  /// The files beside a network that hold weights of its, in the order of their paths.
  std::vector<std::filesystem::path> (*weight_files)(const std::filesystem::path& network);
};

/// The format of a file; null where it is of none.
const Format* format_of(const std::filesystem::path& path);

}  // namespace whycam::formats
