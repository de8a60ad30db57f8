#include "attribution/explain.h"

#include <ATen/TensorOperators.h>
#include <ATen/core/grad_mode.h>
#include <ATen/ops/empty.h>
#include <ATen/ops/tensor.h>
#include <ATen/ops/zeros.h>

#include <algorithm>

#include "attribution/grad_cam.h"
#include "basics/chosen_places.h"
#include "basics/doubts.h"
#include "basics/work.h"
#include "model/inputs.h"
#include "model/network.h"
#include "model/quiet.h"
#include "whycam/errors.h"

namespace whycam::attribution {
namespace {

using engine::ReluGradient;
using engine::ReluRule;

/// The numbers of the output that a target chooses, and the gradient of their sum with respect to the output.
struct Chosen {
  torch::Tensor scores;
  torch::Tensor output_gradient;
};

Chosen choose(const Target& target, const torch::Tensor& output, std::int64_t examples) {
  const std::vector<std::int64_t> places = basics::chosen_places(target, output.sizes().vec(), examples);
  const torch::Tensor where = at::tensor(places, torch::kLong).to(output.device());
  torch::Tensor gradient = at::zeros(output.numel(), output.options()).index_fill_(0, where, 1);
  return {output.reshape(-1).index_select(0, where), gradient.reshape(output.sizes())};
}

/// Grad-CAM at each tensor of each layer, without negative values unless their sign is asked for.
std::vector<LayerExplanation> grad_cams(engine::Pass& pass, const torch::Tensor& output_gradient,
                                        const AttributeOptions& options, bool with_sign) {
  const auto gradients = pass.layer_gradients(output_gradient);
  std::vector<LayerExplanation> layers;
  for (std::size_t layer = 0; layer < gradients.size(); ++layer) {
    LayerExplanation& at_layer = layers.emplace_back();
    for (std::size_t i = 0; i < gradients[layer].size(); ++i) {
      const torch::Tensor cam = grad_cam(pass.layer_activations()[layer][i], gradients[layer][i],
                                         with_sign ? options.attr_dim_summation() : true);
      at_layer.layer_attributions.push_back(with_sign ? cam : cam.clamp_min(0));
    }
  }
  return layers;
}

std::vector<std::int64_t> spatial_extent(const torch::Tensor& input) { return input.sizes().slice(2).vec(); }

bool has_nan(const torch::Tensor& values) { return values.defined() && values.isnan().any().item<bool>(); }

}  // namespace

Explainer::Explainer(const Model& model, std::vector<Layer> layers, const std::vector<torch::Device>& devices)
    : network_(model.network()), engine_(engine::engine_for(model, devices)), layers_(std::move(layers)) {}

Explanation Explainer::explain(const std::vector<torch::Tensor>& inputs, const ChooseTargets& choose_targets,
                               const AttributeOptions& options, bool signed_layers) const {
  network::check_inputs(inputs);
  const network::CollectedWarnings libtorch;
  const basics::Work work(options.methods());
  const torch::NoGradGuard no_gradients;  // the engine alone turns them on
  const ReluRule guided{ReluGradient::guided, options.guided_rule(), options.guide_clipped_relus()};
  const ReluRule deconvolution{ReluGradient::deconvolution, options.deconvolution_rule(),
                               options.guide_clipped_relus()};
  std::vector<ReluRule> rules;
  if (work.guided) rules.push_back(guided);
  if (work.deconvolution) rules.push_back(deconvolution);
  const auto pass =
      engine_->forward({inputs, options.additional_forward_args(), work.layers ? layers_ : std::vector<Layer>{},
                        options.attribute_to_layer_input(), options.output_element(), rules, options.engine()});
  Explanation explanation;
  explanation.output = pass->output();
  explanation.engine = pass->engine();
  explanation.why_not_compiled = pass->why_not_compiled();
  explanation.activations = pass->activations(guided);

  const std::vector<Target> targets = choose_targets(explanation.output);
  std::vector<Chosen> chosen;  // all targets are checked before the first gradient is computed
  for (const Target& target : targets) chosen.push_back(choose(target, explanation.output, inputs[0].size(0)));

  int gradients_left = static_cast<int>(targets.size()) * work.gradients_per_target();
  const auto next_gradient = [&] {
    if (--gradients_left == 0) pass->last_gradient_comes();
  };
  for (std::size_t i = 0; i < targets.size(); ++i) {
    TargetExplanation& result = explanation.targets.emplace_back();
    result.target = targets[i];
    result.scores = chosen[i].scores;
    if (work.layers) {
      next_gradient();
      result.layers = grad_cams(*pass, chosen[i].output_gradient, options, signed_layers);
    }
    if (work.guided) {
      next_gradient();
      result.guided_backprop = pass->input_gradients(chosen[i].output_gradient, guided);
    }
    if (work.deconvolution) {
      next_gradient();
      result.deconvolution = pass->input_gradients(chosen[i].output_gradient, deconvolution);
    }
    if (!signed_layers) resize_to_inputs(inputs, options, result, explanation);
  }
  report_doubts(options, explanation);
  for (const std::string& message : libtorch.messages()) warnings_.add(message, message, explanation.warnings);
  return explanation;
}

void Explainer::resize_to_inputs(const std::vector<torch::Tensor>& inputs, const AttributeOptions& options,
                                 TargetExplanation& target, Explanation& explanation) const {
  const Interpolation mode = options.interpolate_mode();
  const bool product = basics::Work(options.methods()).product;
  for (LayerExplanation& at_layer : target.layers) {
    const auto& cams = at_layer.layer_attributions;
    for (std::size_t i = 0; i < inputs.size(); ++i) {
      // Where a layer gives several tensors, each input takes the first that can be resized to it.
      const auto cam = std::find_if(cams.begin(), cams.end(), [&](const torch::Tensor& one) {
        return basics::can_be_resized(one.sizes().vec(), inputs[i].sizes().vec(), mode);
      });
      if (cam == cams.end())
        warnings_.add("resize", basics::cannot_be_resized(cams[0].sizes().vec(), inputs[i].sizes().vec(), mode),
                      explanation.warnings);
      at_layer.upsampled.push_back(cam == cams.end() ? at::empty({0}, inputs[i].options())
                                                     : interpolate(*cam, spatial_extent(inputs[i]), mode));
      if (!product) continue;
      at_layer.guided_grad_cam.push_back(cam == cams.end() ? at::empty({0}, inputs[i].options())
                                                           : target.guided_backprop[i] * at_layer.upsampled.back());
    }
  }
}

void Explainer::report_doubts(const AttributeOptions& options, Explanation& explanation) const {
  const basics::Work work(options.methods());
  if ((work.guided || work.deconvolution) && explanation.activations.relus_guided == 0)
    warnings_.add("no relu", basics::no_relu(), explanation.warnings);
  const auto side = options.attribute_to_layer_input() ? network::LayerSide::input : network::LayerSide::output;
  for (const std::string& doubt : network_->doubts(work.layers ? layers_ : std::vector<Layer>{}, side))
    warnings_.add(doubt, doubt, explanation.warnings);
  for (const TargetExplanation& target : explanation.targets) {
    bool nan = false;
    for (const auto& gradient : target.guided_backprop) nan = nan || has_nan(gradient);
    for (const auto& gradient : target.deconvolution) nan = nan || has_nan(gradient);
    for (const auto& layer : target.layers)
      for (const auto& cam : layer.layer_attributions) nan = nan || has_nan(cam);
    if (!nan) continue;
    warnings_.add("nan", basics::holds_nan(target.target), explanation.warnings);
    break;
  }
}

ChooseTargets always(const Target& target) {
  return [target](const torch::Tensor&) { return std::vector<Target>{target}; };
}

torch::Tensor single(const std::vector<torch::Tensor>& tensors, const Layer& layer) {
  if (tensors.size() != 1)
    throw LayerError("the layer \"" + layer.path() + "\" gives " + std::to_string(tensors.size()) +
                     " tensors; choose one by its number, as in Layer(\"" + layer.path() + "\", 0)");
  return tensors[0];
}

}  // namespace whycam::attribution
