// Where channels and space lie in what methods read.
#pragma once

#include <string>
#include <vector>

#include "core/warnings.h"
#include "graph/layout.h"
#include "graph/program.h"
#include "whycam/layout.h"

namespace whycam::methods {

/// A layout for each input and each tensor of each layer, and sentences on what was assumed.
struct Layouts {
  std::vector<graph::Layout> inputs;
  std::vector<std::vector<graph::Layout>> layers;  ///< [layer][tensor]
  std::optional<std::size_t> class_axis;  ///< the axis of the output that is one of channels, where it is known
  std::vector<core::Warning> warnings;
};

/// What a tensor's axes are: `chosen` where that is not automatic, else `found`, else N x C x space for tensors of
/// fewer than three dimensions, which have no space. Nothing where it is not known. Throws LayerError for a choice that
/// does not fit.
std::optional<graph::Layout> layout_for(const graph::Shape& shape, const Layout& chosen,
                                        const std::optional<graph::Layout>& found);

/// The layouts of what an explanation reads. Throws LayerError where a layer's is neither chosen nor proven. For an
/// input whose is not, N x C x space is assumed.
Layouts find_layouts(const graph::Forward& forward, const Layout& of_layers, const Layout& of_inputs);

/// The tensor that the name of a layer of several stands for: the last with spatial extent, or the last where none has.
std::size_t named_tensor(const std::vector<graph::Shape>& shapes, const std::vector<graph::Layout>& layouts);

}  // namespace whycam::methods
