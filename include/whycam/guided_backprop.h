// Guided backpropagation and deconvolution: gradients of the inputs with another rule at each ReLU.
#pragma once

#include <utility>
#include <vector>

#include "whycam/input_attribution.h"

namespace whycam {

/// Guided backpropagation (Springenberg et al. 2014; captum.attr.GuidedBackprop): negative gradients are set to 0 at
/// each ReLU, beside the ReLU's own mask.
class WHYCAM_API GuidedBackprop : public InputAttribution {
 public:
  /// device_ids: as for GuidedGradCam.
  explicit GuidedBackprop(Model model, const std::vector<torch::Device>& device_ids = {})
      : InputAttribution(Method::guided_backprop, std::move(model), device_ids) {}
};

/// Deconvolution (Zeiler and Fergus 2014; captum.attr.Deconvolution): at each ReLU the gradient is itself passed
/// through a ReLU, in place of the ReLU's mask.
class WHYCAM_API Deconvolution : public InputAttribution {
 public:
  /// device_ids: as for GuidedGradCam.
  explicit Deconvolution(Model model, const std::vector<torch::Device>& device_ids = {})
      : InputAttribution(Method::deconvolution, std::move(model), device_ids) {}
};

}  // namespace whycam
