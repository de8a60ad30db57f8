// What convolutions are to oneDNN: forward, and turned round where they carry a gradient back.
#pragma once

#include <map>
#include <optional>

#include "graph/graph.h"
#include "onednn/api.h"

namespace whycam::onednn {

/// What is fused into a convolution.
After after(const graph::Node& convolution);

/// With a stride of 1, what carries the gradient back is itself a convolution: its weights are turned round in space,
/// and lead from outputs to inputs. oneDNN's convolutions are faster forward than backward.
bool is_a_convolution(const graph::Shape& weights, const graph::Attributes& transposed);
graph::Attributes turned(const graph::Shape& weights, graph::Attributes transposed);
graph::Shape turned_shape(graph::Shape weights, std::int64_t groups);

/// Winograd's algorithm by tiles of 2 x 2, which oneDNN has for single examples, with weights of 16/9 the size; or by
/// tiles of 4 x 4, of all examples at once, with weights of four times the size.
enum class Winograd { example_by_example, all_examples };

/// A convolution that choose_winograd chose, forward or turned.
Operation winograd_operation(const graph::Graph& graph, graph::Value value, Winograd kind);

/// Which convolutions are to be done so: those that gain most, as many as keep all packed weights within twice the
/// network's own. (Weights that direct convolutions want in several orders, because they are shared, are counted once,
/// and channels that are filled up not at all.)
std::map<graph::Value, Winograd> choose_winograd(const graph::Graph& graph);

}  // namespace whycam::onednn
