// Grad-CAM at a layer.
#pragma once

#include <memory>
#include <vector>

#include "whycam/api.h"
#include "whycam/layer.h"
#include "whycam/model.h"
#include "whycam/options.h"
#include "whycam/target.h"
#include "whycam/torch_tensor.h"

namespace whycam {

/// Grad-CAM (Selvaraju et al. 2017, equations 1 and 2; captum.attr.LayerGradCam): the layer's channels, weighted by the
/// mean of their gradients over the spatial dimensions, and summed. Immutable and thread-safe.
class WHYCAM_API LayerGradCam {
 public:
  /// device_ids: as for GuidedGradCam.
  LayerGradCam(Model model, Layer layer, const std::vector<torch::Device>& device_ids = {});

  /// N x 1 x (the layer's spatial extent), raw and signed; options relu_attributions and attr_dim_summation apply. The
  /// layer must have one tensor, or an index. Errors as for GuidedGradCam.
  torch::Tensor attribute(const std::vector<torch::Tensor>& inputs, const Target& target = {},
                          const AttributeOptions& options = {}) const;
  torch::Tensor attribute(const torch::Tensor& input, const Target& target = {},
                          const AttributeOptions& options = {}) const {
    return attribute(std::vector<torch::Tensor>{input}, target, options);
  }

  /// One attribution a tensor of the layer, for layers that give several.
  std::vector<torch::Tensor> attribute_all(const std::vector<torch::Tensor>& inputs, const Target& target = {},
                                           const AttributeOptions& options = {}) const;

 private:
  struct State;
  std::shared_ptr<const State> state_;
};

}  // namespace whycam
