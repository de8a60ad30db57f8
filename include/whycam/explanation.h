// What explain() returns.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "whycam/activation_report.h"
#include "whycam/attributions.h"
#include "whycam/target.h"
#include "whycam/torch_tensor.h"

namespace whycam {

/// One target's explanation at one layer, by method, and under the names of Grad-CAM and Guided Grad-CAM. Those vectors
/// are empty where their method was not asked for.
struct LayerExplanation : LayerAttributions<torch::Tensor> {
  /// Grad-CAM before upsampling, negative values set to 0: N x 1 x (the layer's spatial extent); one per tensor of
  /// the layer.
  std::vector<torch::Tensor> layer_attributions;
  /// Grad-CAM resized to each input: N x 1 x (the input's spatial extent); size 0 where it cannot be resized.
  std::vector<torch::Tensor> upsampled;
  /// Guided Grad-CAM for each input, of its shape; size 0 where Grad-CAM cannot be resized to it.
  std::vector<torch::Tensor> guided_grad_cam;
};

/// One target's explanation.
struct TargetExplanation : TargetAttributions<torch::Tensor, LayerExplanation> {
  Target target;
  torch::Tensor scores;  ///< N: the explained number of the output, per example
  /// N, of integrated_gradients: by how much their sum misses the difference of the scores at the input and at the
  /// baseline.
  torch::Tensor completeness_error;
  std::vector<torch::Tensor> guided_backprop;  ///< one per input, of its shape
  std::vector<torch::Tensor> deconvolution;    ///< one per input, of its shape
};

/// All that one forward pass and its backward passes tell. Tensors are on the inputs' device, raw and signed.
struct Explanation {
  torch::Tensor output;                    ///< the network's output (the chosen element), without gradients
  std::vector<TargetExplanation> targets;  ///< one per target, in their order
  ActivationReport activations;
  std::string engine;                 ///< which engine ran: "compiled" or "autograd"
  std::string why_not_compiled;       ///< the operator and its place, where the compiled engine was tried and could not
  std::vector<std::string> warnings;  ///< what a careful reader should know, one sentence each
  /// Memory that it took beside the weights, which are there once for all: so much, in bytes, each of several
  /// explanations takes that run at once. 0 where the engine was not "compiled", which alone knows it.
  std::uint64_t working_bytes = 0;
};

}  // namespace whycam
