// Looking at what the compiled engine makes of a network.
#pragma once

#include <vector>

#include "whycam/api.h"
#include "whycam/graph_stage.h"
#include "whycam/layer.h"
#include "whycam/model.h"
#include "whycam/options.h"
#include "whycam/torch_tensor.h"

namespace whycam {

/// The graph of an explanation of such inputs, after each pass in order. Throws ModelError, with the operator and its
/// place, where the network cannot be compiled.
WHYCAM_API std::vector<GraphStage> graph_stages(const Model& model, const std::vector<torch::Tensor>& inputs,
                                                const Layer& layer, const AttributeOptions& options = {});

}  // namespace whycam
