// Explainers of the inputs, which need no layer: Captum's Saliency, InputXGradient, IntegratedGradients and their like.
#pragma once

#include <memory>
#include <utility>
#include <vector>

#include "whycam/api.h"
#include "whycam/method.h"
#include "whycam/model.h"
#include "whycam/options.h"
#include "whycam/target.h"
#include "whycam/torch_tensor.h"

namespace whycam {

/// What these have in common. Immutable and thread-safe. Errors as for GuidedGradCam.
class WHYCAM_API InputAttribution {
 public:
  /// One attribution per input, of its shape.
  std::vector<torch::Tensor> attribute(const std::vector<torch::Tensor>& inputs, const Target& target = {},
                                       const AttributeOptions& options = {}) const;
  torch::Tensor attribute(const torch::Tensor& input, const Target& target = {},
                          const AttributeOptions& options = {}) const {
    return attribute(std::vector<torch::Tensor>{input}, target, options)[0];
  }

 protected:
  InputAttribution(Method method, Model model, const std::vector<torch::Device>& device_ids);

  struct State;
  Method method_;
  std::shared_ptr<const State> state_;
};

/// The absolute gradient at the inputs (Simonyan et al. 2013; captum.attr.Saliency).
class WHYCAM_API Saliency : public InputAttribution {
 public:
  /// device_ids: as for GuidedGradCam.
  explicit Saliency(Model model, const std::vector<torch::Device>& device_ids = {})
      : InputAttribution(Method::saliency, std::move(model), device_ids) {}
};

/// The inputs times the gradient there (Shrikumar et al. 2016; captum.attr.InputXGradient).
class WHYCAM_API InputXGradient : public InputAttribution {
 public:
  /// device_ids: as for GuidedGradCam.
  explicit InputXGradient(Model model, const std::vector<torch::Device>& device_ids = {})
      : InputAttribution(Method::input_x_gradient, std::move(model), device_ids) {}
};

/// The gradient, integrated from a baseline to the inputs, times their difference (Sundararajan et al. 2017;
/// captum.attr.IntegratedGradients). AttributeOptions::integration has the steps and the baseline.
class WHYCAM_API IntegratedGradients : public InputAttribution {
 public:
  /// device_ids: as for GuidedGradCam.
  explicit IntegratedGradients(Model model, const std::vector<torch::Device>& device_ids = {})
      : InputAttribution(Method::integrated_gradients, std::move(model), device_ids) {}

  using InputAttribution::attribute;
  /// The attributions, and by how much the sum of each example's misses the difference of the scores at the inputs and
  /// at the baseline (N): Captum's return_convergence_delta.
  std::pair<std::vector<torch::Tensor>, torch::Tensor> attribute_with_error(const std::vector<torch::Tensor>& inputs,
                                                                            const Target& target = {},
                                                                            const AttributeOptions& options = {}) const;
};

/// The mean of another explainer's attributions over noisy copies of the inputs (Smilkov et al. 2017;
/// captum.attr.NoiseTunnel with nt_type="smoothgrad"): an explainer with attribute(inputs, target, options), such as
/// those of this header and GuidedGradCam.
template <class Explainer>
class NoiseTunnel {
 public:
  explicit NoiseTunnel(Explainer explainer) : explainer_(std::move(explainer)) {}

  /// nt_samples: the number of copies; stdevs: the noise's standard deviation, in the inputs' units, as in Captum. The
  /// seed is the options'.
  template <class Inputs>
  auto attribute(const Inputs& inputs, const Target& target = {}, std::size_t nt_samples = 5, double stdevs = 1,
                 AttributeOptions options = {}) const {
    return explainer_.attribute(inputs, target,
                                options.smooth(nt_samples, stdevs, options.seed()).absolute_noise(true));
  }

 private:
  Explainer explainer_;
};

}  // namespace whycam
