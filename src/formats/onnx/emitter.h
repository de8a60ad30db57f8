// Puts nodes into the ONNX network that is written: for the inside of this folder.
#pragma once

#include <map>
#include <string>
#include <variant>
#include <vector>

#include "formats/onnx/contents.h"
#include "formats/onnx/writer.h"

namespace whycam::onnx {

/// An attribute of a node.
struct Setting {
  std::string name;
  std::variant<std::int64_t, double, graph::Integers, std::string> value;
};

using Tensors = std::vector<std::string>;  ///< by their names

/// An extent: a number, or a multiple of the number of examples.
struct Extent {
  std::int64_t size = 0;    ///< in the graph at hand
  std::int64_t factor = 0;  ///< of the number of examples; 0: it does not grow
};

class Emitter {
 public:
  Emitter(const graph::Graph& graph, const graph::Graph* other, const Writing& writing);

  /// The file, when all is said.
  std::string finish();

  const graph::Graph& graph() const { return graph_; }
  /// The tensor of a value that was put down.
  const std::string& tensor(graph::Value value) const;
  void put(graph::Value value, const std::string& tensor) { tensors_[value] = tensor; }

  /// Adds a node, or finds an equal one; the names of what it gives.
  Tensors nodes(const std::string& op, const Tensors& inputs, const std::vector<Setting>& settings, int outputs);
  std::string node(const std::string& op, const Tensors& inputs, const std::vector<Setting>& settings = {}) {
    return nodes(op, inputs, settings, 1)[0];
  }

  std::string number(double number);
  std::string integers(const graph::Integers& integers);
  std::string floats(const graph::Shape& shape, const std::vector<float>& numbers);

  std::vector<Extent> extents(graph::Value value) const;
  /// Extents as a tensor of int64, computed where they grow with the batch.
  std::string shape(const std::vector<Extent>& extents);
  /// A tensor in another shape of as many elements.
  std::string reshape(const std::string& tensor, const std::vector<Extent>& extents);

  /// Where nodes that follow come from.
  void set_place(const std::string& place) { place_ = place; }
  [[noreturn]] void refuse(const std::string& why) const { throw Error(why); }

  std::string add_input(graph::Value value);
  std::string add_constant(graph::Value value);

 private:
  std::string unique(const std::string& name);
  void declare(proto::ValueInfoProto& port, const std::string& name, std::int32_t type,
               const std::vector<Extent>& extents);
  std::string add_one_hot(graph::Value value);
  std::string examples();
  void check_alike() const;

  const graph::Graph& graph_;
  const graph::Graph* other_;
  const Writing& writing_;
  std::int64_t examples_, other_examples_;
  proto::ModelProto model_;
  proto::GraphProto& to_;
  std::map<graph::Value, std::string> tensors_;
  std::map<std::string, Tensors> known_;  ///< what nodes and small constants give, by all that makes them
  std::map<std::string, int> taken_;
  std::string place_;
};

/// Writes one node of the graph.
void write_node(Emitter& emitter, graph::Value value);

}  // namespace whycam::onnx
