// How the graph's operators are written: a function for each.
#pragma once

#include <string>
#include <vector>

#include "formats/onnx/terms.h"

namespace whycam::onnx {

/// A node of the graph that is being written.
struct NodeWriter {
  NodeWriter(Emitter& emitter, graph::Value of) : to(emitter), value(of), node(emitter.graph()[of]) {}

  Term in(std::size_t i = 0) const { return {to, to.tensor(node.inputs.at(i))}; }
  const graph::Shape& shape_in(std::size_t i = 0) const { return to.graph().shape(node.inputs.at(i)); }
  std::vector<Extent> extents_in(std::size_t i = 0) const { return to.extents(node.inputs.at(i)); }
  std::vector<Extent> extents() const { return to.extents(value); }
  Term emit(const std::string& op, const Tensors& inputs, const std::vector<Setting>& settings = {}) const {
    return {to, to.node(op, inputs, settings)};
  }
  Term reshape(const std::string& tensor, const std::vector<Extent>& extents) const {
    return {to, to.reshape(tensor, extents)};
  }

  Emitter& to;
  const graph::Value value;
  const graph::Node& node;
};

/// The tensor that holds the node's value, before what is fused to it.
#define OPERATOR(name, attributes, fewest, most) std::string write_##name(const NodeWriter& w);
#include "graph/operators.def"
#undef OPERATOR

}  // namespace whycam::onnx
