// A graph of the compiler's becomes an ONNX network of standard operators. Nothing of ONNX's own types is seen here.
#pragma once

#include <string>
#include <utility>
#include <vector>

#include "formats/onnx/network.h"
#include "graph/graph.h"

namespace whycam::onnx {

/// What a graph does not say of the file to be.
struct Writing {
  using Names = std::vector<std::pair<std::string, std::string>>;
  Names inputs;   ///< the graph's name of each input, and the file's
  Names outputs;  ///< the same of the outputs; others are left out
  /// An input of the graph that is computed in the file: 1 at one element of each example, 0 elsewhere. Which element
  /// says a further input of the file, of one int64 an example.
  std::string one_hot = "output_gradient", chosen = "target";
  Names metadata;
  std::string name = "network", version;  ///< of the network, and of whycam
};

/// The operator set that is written.
constexpr std::int64_t written_operator_set = 17;

/// The file's content, checked by the ONNX library. `other` is the same network's graph for another number of examples:
/// what differs between the two grows with the batch, and stays open in the file; without it, the batch is fixed. The
/// graphs are not fused (graph::share and graph::drop_dead alone). Throws Error, with the operator's name and place,
/// for what ONNX cannot say.
std::string to_onnx(const graph::Graph& graph, const graph::Graph* other, const Writing& writing);

}  // namespace whycam::onnx
