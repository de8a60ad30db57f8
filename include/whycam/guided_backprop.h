// Guided backpropagation and deconvolution: gradients of the inputs with another rule at each ReLU.
#pragma once

#include <memory>
#include <vector>

#include "whycam/api.h"
#include "whycam/model.h"
#include "whycam/options.h"
#include "whycam/target.h"
#include "whycam/torch_tensor.h"

namespace whycam {

/// Guided backpropagation (Springenberg et al. 2014; captum.attr.GuidedBackprop): negative gradients are set to 0 at
/// each ReLU, beside the ReLU's own mask. Immutable and thread-safe. Errors as for GuidedGradCam.
class WHYCAM_API GuidedBackprop {
 public:
  /// device_ids: as for GuidedGradCam.
  explicit GuidedBackprop(Model model, const std::vector<torch::Device>& device_ids = {});

  /// One attribution an input, of its shape.
  std::vector<torch::Tensor> attribute(const std::vector<torch::Tensor>& inputs, const Target& target = {},
                                       const AttributeOptions& options = {}) const;
  torch::Tensor attribute(const torch::Tensor& input, const Target& target = {},
                          const AttributeOptions& options = {}) const {
    return attribute(std::vector<torch::Tensor>{input}, target, options)[0];
  }

 private:
  struct State;
  std::shared_ptr<const State> state_;
};

/// Deconvolution (Zeiler and Fergus 2014; captum.attr.Deconvolution): at each ReLU the gradient is itself passed
/// through a ReLU, in place of the ReLU's mask. Immutable and thread-safe. Errors as for GuidedGradCam.
class WHYCAM_API Deconvolution {
 public:
  /// device_ids: as for GuidedGradCam.
  explicit Deconvolution(Model model, const std::vector<torch::Device>& device_ids = {});

  /// One attribution an input, of its shape.
  std::vector<torch::Tensor> attribute(const std::vector<torch::Tensor>& inputs, const Target& target = {},
                                       const AttributeOptions& options = {}) const;
  torch::Tensor attribute(const torch::Tensor& input, const Target& target = {},
                          const AttributeOptions& options = {}) const {
    return attribute(std::vector<torch::Tensor>{input}, target, options)[0];
  }

 private:
  struct State;
  std::shared_ptr<const State> state_;
};

}  // namespace whycam
