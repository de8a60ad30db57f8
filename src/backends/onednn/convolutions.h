// What convolutions are to oneDNN: forward, and turned round where they carry a gradient back.
#pragma once

#include <map>

#include "backends/onednn/api.h"
#include "graph/graph.h"

namespace whycam::onednn {

/// What is fused into a convolution.
After after(const graph::Node& convolution);

/// With a stride of 1, what carries the gradient back is itself a convolution: its weights are turned round in space,
/// and lead from outputs to inputs. oneDNN's convolutions are faster forward than backward.
bool is_a_convolution(const graph::Shape& weights, const graph::ConvolutionAttributes& transposed);
graph::ConvolutionAttributes turned(const graph::Shape& weights, graph::ConvolutionAttributes transposed);
graph::Shape turned_shape(graph::Shape weights, std::int64_t groups);

/// Whether a convolution carries back a gradient most of which is certain to be 0, and gains when that is left out.
bool is_sparse(const graph::Graph& graph, graph::Value convolution);

/// The size of the tiles, 2 or 4, by which convolutions are to be done by Winograd's algorithm: tiles of 2 x 2 want
/// weights of 16/9 the size, tiles of 4 x 4 of four times. Those that gain most, as many as keep all packed weights
/// within twice the network's own. (Weights that direct convolutions want in several orders, because they are shared,
/// are counted once, and channels that are filled up not at all.)
std::map<graph::Value, std::int64_t> choose_winograd(const graph::Graph& graph);

}  // namespace whycam::onednn
