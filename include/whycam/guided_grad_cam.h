// Guided Grad-CAM.
#pragma once

#include <functional>
#include <memory>
#include <vector>

#include "whycam/api.h"
#include "whycam/explanation.h"
#include "whycam/layer.h"
#include "whycam/model.h"
#include "whycam/options.h"
#include "whycam/target.h"
#include "whycam/torch_tensor.h"

namespace whycam {

/// Guided Grad-CAM: the element-wise product of guided backpropagation and non-negative Grad-CAM upsampled to the
/// input (Selvaraju et al. 2017; captum.attr.GuidedGradCam). Immutable and thread-safe: one explainer may be used from
/// many threads at once, with the results of one.
///
/// Errors, for all functions: InputError, TargetError, LayerError, ModelError; nothing of the caller's is changed then
/// either.
class WHYCAM_API GuidedGradCam {
 public:
  /// Captum: GuidedGradCam(model, layer, device_ids). The layer is looked for when an explanation is asked for. Given
  /// several devices, the network is copied to each, every batch is split over them, and the results are joined in
  /// order on the inputs' device. (Several times the CPU makes as many replicas there.) Additional arguments: every
  /// tensor with as many rows as there are examples is split with them, as DataParallel does; give one that is meant
  /// for all examples another first dimension (1, say).
  GuidedGradCam(Model model, Layer layer, const std::vector<torch::Device>& device_ids = {})
      : GuidedGradCam(std::move(model), std::vector<Layer>{std::move(layer)}, device_ids) {}
  /// Several layers, explained from the same forward pass; for explain().
  GuidedGradCam(Model model, std::vector<Layer> layers, const std::vector<torch::Device>& device_ids = {});

  /// The attribution of one input: of its shape, or of size 0 where the layer's attribution cannot be resized to it.
  torch::Tensor attribute(const torch::Tensor& input, const Target& target = {},
                          const AttributeOptions& options = {}) const;
  /// One attribution an input. Examples stand in dimension 0 of each input.
  std::vector<torch::Tensor> attribute(const std::vector<torch::Tensor>& inputs, const Target& target = {},
                                       const AttributeOptions& options = {}) const;

  /// Everything for several targets, from one forward pass.
  Explanation explain(const std::vector<torch::Tensor>& inputs, const std::vector<Target>& targets,
                      const AttributeOptions& options = {}) const;
  Explanation explain(const torch::Tensor& input, const std::vector<Target>& targets,
                      const AttributeOptions& options = {}) const {
    return explain(std::vector<torch::Tensor>{input}, targets, options);
  }

  /// The same with targets that are chosen when the output is known: the best classes, say.
  using ChooseTargets = std::function<std::vector<Target>(const torch::Tensor& output)>;
  Explanation explain(const std::vector<torch::Tensor>& inputs, const ChooseTargets& choose_targets,
                      const AttributeOptions& options = {}) const;

 private:
  struct State;
  std::shared_ptr<const State> state_;
};

}  // namespace whycam
