// What explaining asks of a network's file, whatever the format. Each format is a folder beside this file, and a line
// of the table in formats.cpp.
#pragma once

#include <filesystem>
#include <memory>
#include <optional>
#include <stdexcept>
#include <string>
#include <vector>

#include "core/network_source.h"
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

/// What is asked of a network.
struct Wanted {
  std::vector<std::string> layers = {};
  bool layer_inputs = false;  ///< what enters the layers, not what leaves them
  /// The output that is explained: it and the layers must be followed. Without one, at least one output must be. What
  /// else cannot be followed is left out.
  std::optional<std::size_t> output = {};
};

/// The forward pass as a graph.
struct Lowered {
  graph::Graph graph;
  std::vector<graph::Value> inputs;
  std::vector<graph::Value> outputs;  ///< one for each of the network's; no_value where it depends on no input
  std::vector<std::string> faults;    ///< for each output, why it was left out; empty where it was not
  std::vector<std::vector<graph::Value>> layers;  ///< [layer][tensor]; no tensor where it was left out
};

/// Throws Error where the explained output was left out, or, without one, all of them were.
inline void require_outputs(const Lowered& lowered, std::optional<std::size_t> explained) {
  if (explained && !lowered.faults.at(*explained).empty()) throw Error(lowered.faults[*explained]);
  for (const std::string& fault : lowered.faults)
    if (fault.empty()) return;
  throw Error(lowered.faults.at(0));
}

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
  /// For a name that is none because it says too little, or asks for a call or a tensor that there is not: what is
  /// wrong and what to take. Empty for others.
  virtual std::string fault_of_layer(const std::string& name) const = 0;
  /// What a careful reader should know of explanations at this layer, one sentence each.
  virtual std::vector<std::string> warnings(const std::string& layer) const = 0;

  /// The graph for inputs of these shapes. All outputs are followed that can be, not the explained one alone: a ReLU
  /// that another output reads is a ReLU of the network, and guided at the tensor that enters it. Throws Error, with
  /// the node, for what is not known or does not fit.
  virtual Lowered lower(const std::vector<Given>& inputs, const Wanted& wanted) const = 0;

  /// The same where all outputs and layers must be followed.
  Lowered lower(const std::vector<Given>& inputs, const std::vector<std::string>& layers, bool layer_inputs) const {
    Lowered lowered = lower(inputs, {layers, layer_inputs, 0});
    for (const std::string& fault : lowered.faults)
      if (!fault.empty()) throw Error(fault);
    return lowered;
  }
};

/// A format that networks are read from without libtorch.
struct Format {
  const char* name;
  /// Whether a network may be of this format, by its first bytes.
  bool (*recognises)(const core::NetworkSource& source);
  /// Reads and checks a network, with the weights that a file keeps in files beside it. Throws Error.
  std::shared_ptr<const NetworkFile> (*read)(const core::NetworkSource& source);
  /// The files beside a network that hold weights of its, in the order of their paths.
  std::vector<std::filesystem::path> (*weight_files)(const std::filesystem::path& network);
};

/// The format of a network; null where it is of none.
const Format* format_of(const core::NetworkSource& source);

}  // namespace whycam::formats
