// What convolutions are to oneDNN: forward, and turned round where they carry a gradient back.
#pragma once

#include <cstdint>
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

/// Weights as oneDNN has them: with the groups in front.
graph::Shape grouped(graph::Shape weights, std::int64_t groups);

/// Whether a convolution carries back a gradient most of which is certain to be 0, and gains when that is left out.
bool is_sparse(const graph::Graph& graph, graph::Value convolution);

/// How many numbers packed weights may have together.
struct Room {
  double networks;       ///< times those of the network's own weights
  std::int64_t numbers;  ///< and so many more
};
/// Small networks get as much as they like, large ones no more than keeps whycam near the memory of other runtimes.
constexpr Room room_for_packs{2.3, 1 << 20};

/// The size of the tiles, 2 or 4, by which convolutions are to be done by Winograd's algorithm: tiles of 2 x 2 want
/// weights of 16/9 the size, tiles of 4 x 4 of four times. Those that gain most, as many as there is room for. (Weights
/// that direct convolutions want in several orders, because they are shared, are counted once, and channels that are
/// filled up not at all.) The same in every precision, so that the forward pass is the same.
std::map<graph::Value, std::int64_t> choose_winograd(const graph::Graph& graph, Room room = room_for_packs);

}  // namespace whycam::onednn
