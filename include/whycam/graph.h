// Looking at what the compiled engine makes of a network.
#pragma once

#include <torch/types.h>

#include <string>
#include <vector>

#include "whycam/layer.h"
#include "whycam/model.h"
#include "whycam/options.h"

namespace whycam {

/// The graph behind one pass of the compiler, one line a node: its operator, what it reads, its parameters, the shape of its
/// result, and the place in the network that it comes from.
struct GraphStage {
  std::string pass;  ///< "lower" comes first
  std::size_t nodes = 0;
  std::string text;
};

/// The graph of an explanation of such inputs, after each pass in order. Throws ModelError, with the operator and its place, where the
/// network cannot be compiled.
std::vector<GraphStage> graph_stages(const Model& model, const std::vector<torch::Tensor>& inputs, const Layer& layer,
                                     const AttributeOptions& options = {});

}  // namespace whycam
