// Which gradients are mostly 0, as their way back says before there are any numbers.
#include "backends/onednn/builder.h"
#include "backends/onednn/convolutions.h"
#include "backends/onednn/kernels.h"

namespace whycam::onednn {

using graph::ConvolutionAttributes;
using graph::Operator;

namespace {

/// How much of a gradient may be other than 0, where it comes through a maximum pooling, which gives it to one place of
/// each window; a guided ReLU leaves half of the rest.
double expected_share(const graph::Graph& graph, Value gradient) {
  const Node& node = graph[gradient];
  switch (node.op) {
    case Operator::max_pool_gradient: {
      const graph::Integers& strides = node.as<graph::PoolingAttributes>().strides;
      return 1.0 / static_cast<double>(graph::element_count(strides));
    }
    case Operator::gate: {
      double share = 0;
      for (std::size_t i = 1; i < node.inputs.size(); ++i) share += expected_share(graph, node.inputs[i]);
      return node.fused.relu ? share / 2 : share;
    }
    case Operator::slice:
      return expected_share(graph, node.inputs[0]);
    default:
      return 1;
  }
}

}  // namespace

bool is_sparse(const graph::Graph& graph, Value convolution) {
  // Measured: a share of 1/8 takes a third of a direct convolution's time, and half of Winograd's algorithm.
  constexpr double largest_share = 1.0 / 8;
  const Node& node = graph[convolution];
  return node.op == Operator::convolution_transpose && node.inputs.size() == 2 && !node.fused.relu &&
         kernels::SparseConvolution::fits(graph.shape(node.inputs[1]), node.as<ConvolutionAttributes>()) &&
         Builder::preferred_block(node.shape) == node.shape[1] &&
         expected_share(graph, node.inputs[0]) <= largest_share;
}

}  // namespace whycam::onednn
