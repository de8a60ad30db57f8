// The public explainers: each asks the one Explainer for its own products.
#include "torch/attribution/explain.h"
#include "whycam/errors.h"
#include "whycam/guided_backprop.h"
#include "whycam/guided_grad_cam.h"
#include "whycam/layer_grad_cam.h"

namespace whycam {

using attribution::always;
using attribution::Explainer;

struct GuidedGradCam::State : Explainer {
  using Explainer::Explainer;
};
struct LayerGradCam::State : Explainer {
  using Explainer::Explainer;
};
struct InputAttribution::State : Explainer {
  using Explainer::Explainer;
};

GuidedGradCam::GuidedGradCam(Model model, std::vector<Layer> layers, const std::vector<torch::Device>& device_ids)
    : state_(std::make_shared<State>(model, std::move(layers), device_ids)) {
  if (state_->layers().empty()) throw LayerError("Guided Grad-CAM needs a layer; none was given");
}

std::vector<torch::Tensor> GuidedGradCam::attribute(const std::vector<torch::Tensor>& inputs, const Target& target,
                                                    const AttributeOptions& options) const {
  if (state_->layers().size() != 1)
    throw LayerError("attribute() explains one layer and this explainer has " +
                     std::to_string(state_->layers().size()) + "; use explain()");
  AttributeOptions product = options;
  product.methods({Method::guided_grad_cam});
  Explanation explanation = state_->explain(inputs, always(target), product);
  LayerExplanation& at_layer = explanation.targets[0].layers[0];
  attribution::single(at_layer.heat_maps.at(options.cam()), state_->layers()[0]);
  return std::move(at_layer.guided_grad_cam);
}

torch::Tensor GuidedGradCam::attribute(const torch::Tensor& input, const Target& target,
                                       const AttributeOptions& options) const {
  return attribute(std::vector<torch::Tensor>{input}, target, options)[0];
}

Explanation GuidedGradCam::explain(const std::vector<torch::Tensor>& inputs, const std::vector<Target>& targets,
                                   const AttributeOptions& options) const {
  return state_->explain(inputs, [&targets](const torch::Tensor&) { return targets; }, options);
}

Explanation GuidedGradCam::explain(const std::vector<torch::Tensor>& inputs, const ChooseTargets& choose_targets,
                                   const AttributeOptions& options) const {
  return state_->explain(inputs, choose_targets, options);
}

LayerGradCam::LayerGradCam(Model model, Layer layer, const std::vector<torch::Device>& device_ids)
    : state_(std::make_shared<State>(model, std::vector<Layer>{std::move(layer)}, device_ids)) {}

std::vector<torch::Tensor> LayerGradCam::attribute_all(const std::vector<torch::Tensor>& inputs, const Target& target,
                                                       const AttributeOptions& options) const {
  AttributeOptions product = options;
  product.methods({Method::grad_cam});
  Explanation explanation = state_->explain(inputs, always(target), product, /*signed_layers=*/true);
  std::vector<torch::Tensor>& attributions = explanation.targets[0].layers[0].layer_attributions;
  if (options.relu_attributions())
    for (torch::Tensor& attribution : attributions) attribution = attribution.clamp_min(0);
  return std::move(attributions);
}

torch::Tensor LayerGradCam::attribute(const std::vector<torch::Tensor>& inputs, const Target& target,
                                      const AttributeOptions& options) const {
  return attribution::single(attribute_all(inputs, target, options), state_->layers()[0]);
}

InputAttribution::InputAttribution(Method method, Model model, const std::vector<torch::Device>& device_ids)
    : method_(method), state_(std::make_shared<State>(model, std::vector<Layer>{}, device_ids)) {}

std::vector<torch::Tensor> InputAttribution::attribute(const std::vector<torch::Tensor>& inputs, const Target& target,
                                                       const AttributeOptions& options) const {
  AttributeOptions product = options;
  product.methods({method_});
  return state_->explain(inputs, always(target), product).targets[0].attributions(method_);
}

std::pair<std::vector<torch::Tensor>, torch::Tensor> IntegratedGradients::attribute_with_error(
    const std::vector<torch::Tensor>& inputs, const Target& target, const AttributeOptions& options) const {
  AttributeOptions product = options;
  product.methods({method_});
  const Explanation explanation = state_->explain(inputs, always(target), product);
  return {explanation.targets[0].attributions(method_), explanation.targets[0].completeness_error};
}

}  // namespace whycam
