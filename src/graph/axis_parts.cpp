#include "graph/axis_parts.h"

#include <algorithm>
#include <optional>

namespace whycam::graph {
namespace {

using Kind = AxisPart::Kind;

/// Joins neighbours that are one whole, and lets what only repeats a part of space be more of that space.
void join(std::vector<AxisPart>& parts) {
  std::vector<AxisPart> joined;
  for (const AxisPart& part : parts) {
    if (part.extent == 1 && parts.size() > 1 && part.kind == Kind::other) continue;
    if (!joined.empty()) {
      AxisPart& last = joined.back();
      const bool one_whole = last.kind == part.kind && last.dimension == part.dimension &&
                             (last.stride == part.stride * part.extent || part.kind == Kind::other);
      if (one_whole || (last.kind == Kind::space && part.kind == Kind::other)) {
        last = {last.kind, last.dimension, one_whole ? part.stride : last.stride, last.extent * part.extent};
        continue;
      }
    }
    joined.push_back(part);
  }
  parts = std::move(joined);
}

/// Gives the parts of some neighbouring axes to others with the same product; nothing where they do not divide so.
std::optional<std::vector<Axis>> dealt(std::vector<AxisPart> parts, const Shape& extents) {
  std::vector<Axis> result;
  std::reverse(parts.begin(), parts.end());
  for (const std::int64_t extent : extents) {
    Axis& axis = result.emplace_back();
    std::int64_t left = extent;
    while (left > 1) {
      if (parts.empty()) return std::nullopt;
      AxisPart& next = parts.back();
      if (left % next.extent == 0) {
        axis.parts.push_back(next);
        left /= next.extent;
        parts.pop_back();
      } else if (next.extent % left == 0) {
        const std::int64_t rest = next.extent / left;
        axis.parts.push_back({next.kind, next.dimension, next.stride * rest, left});
        next.extent = rest;
        left = 1;
      } else {
        return std::nullopt;
      }
    }
    if (extent == 1) axis.parts.push_back({});
    join(axis.parts);
  }
  return result;
}

}  // namespace

bool Axis::is(AxisPart::Kind kind) const {
  return known() && before + behind == 0 &&
         std::all_of(parts.begin(), parts.end(), [&](const AxisPart& part) { return part.kind == kind; });
}

Axis axis_of(Kind kind, std::int64_t extent, int dimension) { return {{{kind, dimension, 1, extent}}}; }

Axes reshaped(const Axes& axes, const Shape& from, const Shape& to) {
  Axes result(to.size());
  std::size_t i = 0, j = 0;
  while (i < from.size() && j < to.size()) {
    const std::size_t first = i, start = j;
    std::int64_t one = from[i++], other = to[j++];
    while (one != other) {
      if (one < other ? i == from.size() : j == to.size()) return result;
      if (one < other)
        one *= from[i++];
      else
        other *= to[j++];
    }
    if (i == first + 1 && j == start + 1) {
      result[start] = axes[first];
      continue;
    }
    std::vector<AxisPart> parts;
    bool known = true;
    for (std::size_t k = first; k < i; ++k) {
      known = known && (from[k] == 1 || (axes[k].known() && axes[k].before == 0 && axes[k].behind == 0));
      if (from[k] > 1) parts.insert(parts.end(), axes[k].parts.begin(), axes[k].parts.end());
    }
    if (!known) continue;
    if (auto given = dealt(std::move(parts), Shape(to.begin() + static_cast<std::ptrdiff_t>(start),
                                                   to.begin() + static_cast<std::ptrdiff_t>(j))))
      std::move(given->begin(), given->end(), result.begin() + static_cast<std::ptrdiff_t>(start));
  }
  return result;
}

const Axis& better(const Axis& one, const Axis& other) {
  const auto rank = [](const Axis& axis) { return !axis.known() ? 0 : axis.is(Kind::other) ? 1 : 2; };
  return rank(other) > rank(one) ? other : one;
}

Axis without_inner_space(Axis axis, const Axis& summed) {
  for (AxisPart& part : axis.parts)
    for (const AxisPart& inner : summed.parts)
      if (part.kind == Kind::space && inner.kind == Kind::space && part.dimension == inner.dimension &&
          inner.stride == 1 && part.stride == inner.extent)
        part.stride = 1;
  return axis;
}

}  // namespace whycam::graph
