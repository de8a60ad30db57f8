// What is done with the parts of axes while they are followed through a graph.
#pragma once

#include "graph/axes.h"

namespace whycam::graph {

Axis axis_of(AxisPart::Kind kind, std::int64_t extent, int dimension = 0);

/// The axes of a tensor after it was given another shape: groups of neighbouring axes with the same product, one by
/// one.
Axes reshaped(const Axes& axes, const Shape& from, const Shape& to);

/// The one of two descriptions of an axis that says more.
const Axis& better(const Axis& one, const Axis& other);

/// What an axis is once the elements of its space that lie along `summed` are summed up by weights, as those of a patch
/// are: each part whose next elements lie there counts whole patches, and so is all of a coarser space.
Axis without_inner_space(Axis axis, const Axis& summed);

}  // namespace whycam::graph
