#include "graph/layout.h"

#include <algorithm>

#include "graph/operators.h"

namespace whycam::graph {
namespace {

using Kind = AxisPart::Kind;

/// A product of space and other parts: no axis of channels.
bool is_tokens(const Axis& axis) { return axis.known() && !axis.is(Kind::other); }

/// A reshape may leave of one example no more than an axis of extent 1.
bool counts_examples(const Axis& axis) {
  return axis.is(Kind::batch) || (axis.is(Kind::other) && axis.parts.size() == 1 && axis.parts[0].extent == 1);
}

}  // namespace

bool Layout::is_channels_first() const {
  return grid.empty() && before + behind == 0 && std::is_sorted(permutation.begin(), permutation.end());
}

Layout channels_first(std::size_t dimensions) {
  Layout layout;
  for (std::size_t d = 0; d < dimensions; ++d) layout.permutation.push_back(static_cast<std::int64_t>(d));
  return layout;
}

Layout channels_last(std::size_t dimensions) {
  Layout layout = channels_first(dimensions);
  std::rotate(layout.permutation.begin() + 1, layout.permutation.end() - 1, layout.permutation.end());
  return layout;
}

std::size_t channel_axis(const Layout& layout) {
  const auto axis = static_cast<std::size_t>(layout.permutation.at(1));
  const std::size_t split = layout.grid.empty() ? 1 : layout.grid.size();
  return axis > layout.grid_axis ? axis - (split - 1) : axis;
}

std::optional<Layout> layout_of(const Axes& axes) {
  if (axes.size() < 2 || !counts_examples(axes[0])) return std::nullopt;
  std::vector<std::pair<int, std::int64_t>> space;  // dimension, axis once the grid is split
  std::int64_t channel = -1, next = 1;
  Layout layout;
  for (std::size_t d = 1; d < axes.size(); ++d) {
    const Axis& axis = axes[d];
    if (axis.is(Kind::channel)) {
      if (channel >= 0) return std::nullopt;
      channel = next++;
      continue;
    }
    if (!axis.known() || !Axis{axis.parts}.is(Kind::space)) return std::nullopt;
    if (axis.parts.size() > 1 || axis.before + axis.behind > 0) {
      if (!layout.grid.empty()) return std::nullopt;
      layout.grid_axis = d;
      layout.before = axis.before;
      layout.behind = axis.behind;
      for (const AxisPart& part : axis.parts) layout.grid.push_back(part.extent);
    }
    for (const AxisPart& part : axis.parts) {
      if (part.stride != 1) return std::nullopt;  // a part of windows
      space.emplace_back(part.dimension, next++);
    }
  }
  if (channel < 0) return std::nullopt;
  std::sort(space.begin(), space.end());
  layout.permutation = {0, channel};
  for (std::size_t i = 0; i < space.size(); ++i) {
    if (space[i].first != static_cast<int>(i)) return std::nullopt;
    layout.permutation.push_back(space[i].second);
  }
  return layout;
}

std::optional<Layout> layout_of_input(Axes axes) {
  Axis* unknown = nullptr;
  for (std::size_t d = 1; d < axes.size(); ++d) {
    if (axes[d].is(Kind::channel)) return layout_of(axes);
    if (axes[d].is(Kind::space)) continue;
    if (unknown) return std::nullopt;
    unknown = &axes[d];
  }
  if (unknown && axes.size() > 2 && !is_tokens(*unknown)) *unknown = {{{Kind::channel}}};
  return layout_of(axes);
}

namespace {

/// The shape once the grid is cut out and split.
Shape split(Shape shape, const Layout& layout) {
  if (layout.grid.empty()) return shape;
  require(layout.grid_axis < shape.size() &&
              shape[layout.grid_axis] == element_count(layout.grid) + layout.before + layout.behind,
          "a tensor of ", shape, " has no ", layout.grid, " and ", layout.before + layout.behind,
          " further elements along axis ", layout.grid_axis);
  const auto at = shape.erase(shape.begin() + static_cast<std::ptrdiff_t>(layout.grid_axis));
  shape.insert(at, layout.grid.begin(), layout.grid.end());
  return shape;
}

}  // namespace

Shape to_channels_first(const Shape& shape, const Layout& layout) {
  const Shape apart = split(shape, layout);
  require(apart.size() == layout.permutation.size(), "a tensor of ", shape, " has not the ", layout.permutation.size(),
          " dimensions of its layout");
  Shape result;
  for (const std::int64_t axis : layout.permutation) result.push_back(apart[static_cast<std::size_t>(axis)]);
  return result;
}

bool has_space(const Shape& shape, const Layout& layout) {
  if (shape.size() < 3) return false;
  const Shape first = to_channels_first(shape, layout);
  return element_count({first.begin() + 2, first.end()}) > 1;
}

Value to_channels_first(Graph& graph, Value x, const Layout& layout) {
  if (layout.is_channels_first()) return x;
  const Shape shape = graph.shape(x);
  if (!layout.grid.empty()) {
    const Shape apart = split(shape, layout);
    if (layout.before + layout.behind > 0)
      x = graph.slice(x, layout.grid_axis, layout.before, element_count(layout.grid));
    x = graph.reshape(x, apart);
  }
  return graph.transpose(x, layout.permutation);
}

Value from_channels_first(Graph& graph, Value x, const Layout& layout) {
  return layout.is_channels_first() ? x : graph.transpose_back(x, layout.permutation);
}

std::string to_string(const Layout& layout) {
  const std::size_t dimensions = layout.permutation.size();
  const bool tokens = !layout.grid.empty();
  if (!tokens && layout == channels_first(dimensions)) return "nchw";
  if (!tokens && layout == channels_last(dimensions)) return "nhwc";
  std::string grid;
  for (const std::int64_t extent : layout.grid) grid += (grid.empty() ? "" : "x") + std::to_string(extent);
  if (layout.before > 0) grid += "+" + std::to_string(layout.before);
  if (tokens && layout.behind == 0 && layout.grid_axis == 1 &&
      layout.permutation == channels_last(dimensions).permutation)
    return grid;
  std::vector<std::string> axes(dimensions);
  for (std::size_t i = 0; i < dimensions; ++i)
    axes[static_cast<std::size_t>(layout.permutation[i])] = i == 0 ? "n" : i == 1 ? "c" : "s" + std::to_string(i - 2);
  std::string text;
  for (const std::string& axis : axes) text += (text.empty() ? "" : ",") + axis;
  return tokens ? text + " of " + grid : text;
}

}  // namespace whycam::graph
