// Which layers of a network can be explained, and which one is taken where none is named.
#pragma once

#include <string>
#include <vector>

#include "formats/format.h"
#include "graph/axes.h"
#include "graph/graph.h"
#include "whycam/layer_info.h"
#include "whycam/layout.h"

namespace whycam::explain {

/// A forward pass with all layers observed.
struct Observed {
  const graph::Graph& graph;
  const std::vector<graph::Value>& inputs;
  const std::vector<graph::Value>& outputs;              ///< the one that is usually explained comes first
  const std::vector<std::vector<graph::Value>>& layers;  ///< [layer][tensor]
};

/// Says of each layer what its tensors are: shapes, layout, whether it is fit for Grad-CAM, and which is the default.
/// `layers` has a path and a type for each of the pass's.
void describe_layers(const Observed& pass, std::vector<LayerInfo>& layers);

/// What is known of these inputs of a graph: automatic where that is nothing, or an order that Layout does not have.
std::vector<Layout> input_layouts(const graph::Graph& graph, const std::vector<graph::Value>& inputs);

/// What is known of one value.
Layout known_layout(const graph::Shape& shape, const graph::Axes& axes);

/// The one that is_default. Throws LayerError where there is none.
std::string default_layer_of(const std::vector<LayerInfo>& layers);

}  // namespace whycam::explain
