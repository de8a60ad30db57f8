// How a tensor's axes become N x C x space.
#pragma once

#include <optional>
#include <string>

#include "graph/axes.h"
#include "graph/graph.h"

namespace whycam::graph {

/// How a tensor's axes become N x C x space: elements before and behind the grid are cut off `grid_axis`, that axis is
/// split into `grid` where one is given, and what results is transposed by `permutation`.
struct Layout {
  Integers permutation;
  std::size_t grid_axis = 0;
  std::int64_t before = 0, behind = 0;
  Shape grid;  ///< empty: the axes are apart already

  bool is_channels_first() const;
  bool operator==(const Layout& also) const {
    return permutation == also.permutation && grid_axis == also.grid_axis && before == also.before &&
           behind == also.behind && grid == also.grid;
  }
};

/// For N x C x space of so many dimensions, and for N x space x C.
Layout channels_first(std::size_t dimensions);
Layout channels_last(std::size_t dimensions);

/// The tensor's own axis that holds the channels.
std::size_t channel_axis(const Layout& layout);

/// Nothing where it is not proven.
std::optional<Layout> layout_of(const Axes& axes);

/// The same for an input: where all axes but one are known to be examples and space, that one holds the channels,
/// however the network takes them apart.
std::optional<Layout> layout_of_input(Axes axes);

/// "nchw", "nhwc" (of any number of dimensions), "14x14+1" (N x tokens x C, with so many tokens before the grid), or
/// all axes in order: "n,w,h,c".
std::string to_string(const Layout& layout);

/// The shape as N x C x space. Throws std::invalid_argument where the layout does not fit it.
Shape to_channels_first(const Shape& shape, const Layout& layout);
/// Whether a tensor of three or more dimensions has more than one place. Throws as to_channels_first does.
bool has_space(const Shape& shape, const Layout& layout);
Value to_channels_first(Graph& graph, Value x, const Layout& layout);
/// Back again, for a layout without a grid. Axes of extent 1 may be broadcast.
Value from_channels_first(Graph& graph, Value x, const Layout& layout);

}  // namespace whycam::graph
