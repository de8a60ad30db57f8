// Which gradients are mostly 0, as their way back says before there are any numbers.
#include "backends/onednn/builder.h"
#include "backends/onednn/convolutions.h"
#include "backends/onednn/kernels.h"

namespace whycam::onednn {

using graph::ConvolutionAttributes;
using graph::Operator;

namespace {

/// How much of a gradient may be other than 0, as a maximum pooling gives it to one place of each window.
double largest_share(const graph::Graph& graph, Value gradient) {
  const Node& node = graph[gradient];
  switch (node.op) {
    case Operator::max_pool_gradient: {
      const graph::Integers& strides = node.as<graph::PoolingAttributes>().strides;
      return 1.0 / static_cast<double>(graph::element_count(strides));
    }
    case Operator::gate: {
      double share = 0;
      for (std::size_t i = 1; i < node.inputs.size() && share < 1; ++i) share += largest_share(graph, node.inputs[i]);
      return share;
    }
    case Operator::slice:
      return largest_share(graph, node.inputs[0]);
    default:
      return 1;
  }
}

/// Whether a gradient comes from a guided ReLU, which leaves half of what there is.
bool is_guided(const graph::Graph& graph, Value gradient) {
  const Node& node = graph[gradient];
  return node.op == Operator::slice ? is_guided(graph, node.inputs[0]) : node.op == Operator::gate && node.fused.relu;
}

}  // namespace

bool is_sparse(const graph::Graph& graph, Value convolution) {
  // Measured: half of a fourth takes a third of a direct convolution's time, and half of Winograd's algorithm.
  constexpr double worth_it = 1.0 / 4;
  const Node& node = graph[convolution];
  return node.op == Operator::convolution_transpose && node.inputs.size() == 2 && !node.fused.relu &&
         kernels::SparseConvolution::fits(graph.shape(node.inputs[1]), node.as<ConvolutionAttributes>()) &&
         Builder::preferred_block(node.shape) == node.shape[1] && is_guided(graph, node.inputs[0]) &&
         largest_share(graph, node.inputs[0]) <= worth_it;
}

}  // namespace whycam::onednn
