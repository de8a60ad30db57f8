// How an explanation is computed: the parameters of attribute() and explain().
#pragma once

#include <utility>
#include <vector>

#include "whycam/network.h"
#include "whycam/torch_tensor.h"

namespace whycam {

/// The parameters of attribute() and explain() beside inputs and targets, each with Captum's default: those of Options,
/// and those that take tensors or are LayerGradCam's. A value class with chained setters:
/// `AttributeOptions().interpolate_mode(Interpolation::bilinear)`.
class AttributeOptions {
 public:
  AttributeOptions() = default;
  AttributeOptions(Options options) : options_(std::move(options)) {}  // NOLINT: the same, by other names
  const Options& options() const { return options_; }

  /// What the network's forward takes after the inputs, in order; no attributions are computed for them.
  AttributeOptions& additional_forward_args(std::vector<c10::IValue> values) {
    additional_forward_args_ = std::move(values);
    return *this;
  }
  const std::vector<c10::IValue>& additional_forward_args() const { return additional_forward_args_; }

  /// How Grad-CAM is resized to an input. Default: nearest, as in Captum; the Grad-CAM paper uses bilinear.
  AttributeOptions& interpolate_mode(Interpolation mode) {
    options_.interpolation = mode;
    return *this;
  }
  Interpolation interpolate_mode() const { return options_.interpolation; }

  /// Attribute to what enters the layer instead of to what leaves it. Default: false.
  AttributeOptions& attribute_to_layer_input(bool value) {
    options_.attribute_to_layer_input = value;
    return *this;
  }
  bool attribute_to_layer_input() const { return options_.attribute_to_layer_input; }

  /// LayerGradCam alone: keep only non-negative values. Default: false. (Guided Grad-CAM always does.)
  AttributeOptions& relu_attributions(bool value) {
    relu_attributions_ = value;
    return *this;
  }
  bool relu_attributions() const { return relu_attributions_; }

  /// LayerGradCam alone: sum over the channels. Default: true; false keeps N x C x (spatial extent).
  AttributeOptions& attr_dim_summation(bool value) {
    attr_dim_summation_ = value;
    return *this;
  }
  bool attr_dim_summation() const { return attr_dim_summation_; }

  /// Where channels and space lie in the layer's tensor. Default: followed through the network; a LayerError where that
  /// tells nothing.
  AttributeOptions& layout(Layout value) {
    options_.layout = std::move(value);
    return *this;
  }
  const Layout& layout() const { return options_.layout; }

  /// The same of the inputs. Default: followed through the network, else N x C x space. Maps of an input have its axes.
  AttributeOptions& input_layout(Layout value) {
    options_.input_layout = std::move(value);
    return *this;
  }
  const Layout& input_layout() const { return options_.input_layout; }

  /// What guided backpropagation clips at a ReLU. Default: captum.
  AttributeOptions& guided_rule(GuidedRule rule) {
    options_.guided_rule = rule;
    return *this;
  }
  GuidedRule guided_rule() const { return options_.guided_rule; }

  /// What deconvolution replaces at a ReLU, apart from guided_rule. Default: captum, the whole gradient at the tensor
  /// that enters the ReLU, with it what came around the ReLU; paper: only what passes through the ReLU.
  AttributeOptions& deconvolution_rule(GuidedRule rule) {
    options_.deconvolution_rule = rule;
    return *this;
  }
  GuidedRule deconvolution_rule() const { return options_.deconvolution_rule; }

  /// Extend the rule to clipped ReLUs: ReLU6, and hardtanh and clamp from 0 to a bound. Default: false, as in Captum,
  /// where they keep their plain gradient.
  AttributeOptions& guide_clipped_relus(bool value) {
    options_.guide_clipped_relus = value;
    return *this;
  }
  bool guide_clipped_relus() const { return options_.guide_clipped_relus; }

  /// Which element of the network's output is explained where that is a tuple, list or dictionary; one entry a
  /// level: `output_element({"out"})`, `output_element({1, 0})`. Default: the output is a tensor.
  AttributeOptions& output_element(std::vector<OutputElement> path) {
    options_.output_element = std::move(path);
    return *this;
  }
  const std::vector<OutputElement>& output_element() const { return options_.output_element; }

  /// explain() alone: what it computes. Default: default_methods().
  AttributeOptions& methods(std::vector<Method> methods) {
    options_.methods = std::move(methods);
    return *this;
  }
  const std::vector<Method>& methods() const { return options_.methods; }

  /// The heat map that Guided Grad-CAM is a product of. Default: Grad-CAM.
  AttributeOptions& cam(Method heat_map) {
    options_.cam = heat_map;
    return *this;
  }
  Method cam() const { return options_.cam; }

  /// explain() alone: one map of several layers, beside each one's own. Default: none.
  AttributeOptions& merge(Merge merge) {
    options_.merge = merge;
    return *this;
  }
  Merge merge() const { return options_.merge; }

  /// explain() alone: give the layers' activations and gradients, and heat maps with their sign. Default: false.
  AttributeOptions& layer_values(bool value) {
    options_.layer_values = value;
    return *this;
  }
  bool layer_values() const { return options_.layer_values; }

  /// Integrated gradients: the number of steps, and the baseline, in the input's units. Default: 50 and 0, as in
  /// Captum.
  AttributeOptions& integration(std::size_t steps, double baseline = 0) {
    options_.integration_steps = steps;
    options_.baseline = baseline;
    return *this;
  }

  /// Means over so many noisy copies of the inputs; see Options::smooth. Default: 0, none.
  AttributeOptions& smooth(std::size_t copies, double noise = 0.15, std::uint64_t seed = 0) {
    options_.smooth = copies;
    options_.noise = noise;
    options_.seed = seed;
    return *this;
  }
  std::uint64_t seed() const { return options_.seed; }

  /// Whether the noise is a standard deviation in the inputs' units. Default: false, a share of each example's range.
  AttributeOptions& absolute_noise(bool value) {
    options_.noise_is_absolute = value;
    return *this;
  }

  /// How exactly gradients are computed. Default: exact.
  AttributeOptions& precision(Precision precision) {
    options_.precision = precision;
    return *this;
  }
  Precision precision() const { return options_.precision; }

  /// How many threads compute it; see Options::threads. Default: 0, as many as libtorch gives.
  AttributeOptions& threads(std::size_t count) {
    options_.threads = count;
    return *this;
  }
  std::size_t threads() const { return options_.threads; }

  /// Which engine computes. Default: automatic; see chosen_engine.
  AttributeOptions& engine(Engine engine) {
    options_.engine = engine;
    return *this;
  }
  Engine engine() const { return options_.engine; }

 private:
  Options options_;
  std::vector<c10::IValue> additional_forward_args_;
  bool relu_attributions_ = false;
  bool attr_dim_summation_ = true;
};

}  // namespace whycam
