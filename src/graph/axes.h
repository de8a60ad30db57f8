// What lies along the axes of a network's tensors: examples, channels, space. Known from the operators that fix it
// (convolutions and pooling work on N x C x space) and followed from there, in both directions, through everything that
// moves axes.
#pragma once

#include <vector>

#include "graph/graph.h"

namespace whycam::graph {

/// A factor of what lies along an axis. Of a whole it is every `stride`-th element, `extent` of them, so that what a
/// reshape splits can be joined again.
struct AxisPart {
  enum Kind { batch, channel, space, other };
  Kind kind = other;
  int dimension = 0;  ///< of space: 0 is a picture's height
  std::int64_t stride = 1, extent = 1;

  bool operator==(const AxisPart& also) const {
    return kind == also.kind && dimension == also.dimension && stride == also.stride && extent == also.extent;
  }
};

/// One axis: the parts whose product it is, the one that changes slowest first. Nothing is known where there are none.
struct Axis {
  std::vector<AxisPart> parts;
  std::int64_t before = 0, behind = 0;  ///< elements that are no part of the product: a class token

  bool known() const { return !parts.empty(); }
  bool is(AxisPart::Kind kind) const;  ///< all of it, and nothing else
  bool operator==(const Axis& also) const {
    return parts == also.parts && before == also.before && behind == also.behind;
  }
};
using Axes = std::vector<Axis>;

/// What is known of each value. Axis 0 of `inputs` counts examples; where the graph has no operator that fixes axes,
/// they are N x C x space. Takes a few passes over the graph.
std::vector<Axes> find_axes(const Graph& graph, const std::vector<Value>& inputs);

/// Whether the graph has an operator that fixes which axes are channels and space.
bool fixes_axes(const Graph& graph);

}  // namespace whycam::graph
