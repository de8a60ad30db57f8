// How an explanation is computed: the parameters of attribute() and explain().
#pragma once

#include <utility>
#include <vector>

#include "whycam/engine.h"
#include "whycam/guided_rule.h"
#include "whycam/interpolation.h"
#include "whycam/layout.h"
#include "whycam/method.h"
#include "whycam/output_element.h"
#include "whycam/torch_tensor.h"

namespace whycam {

/// The parameters of attribute() and explain() beside inputs and targets, each with Captum's default. A value class
/// with chained setters: `AttributeOptions().interpolate_mode(Interpolation::bilinear)`.
class AttributeOptions {
 public:
  /// What the network's forward takes after the inputs, in order; no attributions are computed for them.
  AttributeOptions& additional_forward_args(std::vector<c10::IValue> values) {
    additional_forward_args_ = std::move(values);
    return *this;
  }
  const std::vector<c10::IValue>& additional_forward_args() const { return additional_forward_args_; }

  /// How Grad-CAM is resized to an input. Default: nearest, as in Captum; the Grad-CAM paper uses bilinear.
  AttributeOptions& interpolate_mode(Interpolation mode) {
    interpolate_mode_ = mode;
    return *this;
  }
  Interpolation interpolate_mode() const { return interpolate_mode_; }

  /// Attribute to what enters the layer instead of to what leaves it. Default: false.
  AttributeOptions& attribute_to_layer_input(bool value) {
    attribute_to_layer_input_ = value;
    return *this;
  }
  bool attribute_to_layer_input() const { return attribute_to_layer_input_; }

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
    layout_ = std::move(value);
    return *this;
  }
  const Layout& layout() const { return layout_; }

  /// The same of the inputs. Default: followed through the network, else N x C x space. Maps of an input have its axes.
  AttributeOptions& input_layout(Layout value) {
    input_layout_ = std::move(value);
    return *this;
  }
  const Layout& input_layout() const { return input_layout_; }

  /// What guided backpropagation clips at a ReLU. Default: captum.
  AttributeOptions& guided_rule(GuidedRule rule) {
    guided_rule_ = rule;
    return *this;
  }
  GuidedRule guided_rule() const { return guided_rule_; }

  /// What deconvolution replaces at a ReLU, apart from guided_rule. Default: captum, the whole gradient at the tensor
  /// that enters the ReLU, with it what came around the ReLU; paper: only what passes through the ReLU.
  AttributeOptions& deconvolution_rule(GuidedRule rule) {
    deconvolution_rule_ = rule;
    return *this;
  }
  GuidedRule deconvolution_rule() const { return deconvolution_rule_; }

  /// Extend the rule to clipped ReLUs: ReLU6, and hardtanh and clamp from 0 to a bound. Default: false, as in Captum,
  /// where they keep their plain gradient.
  AttributeOptions& guide_clipped_relus(bool value) {
    guide_clipped_relus_ = value;
    return *this;
  }
  bool guide_clipped_relus() const { return guide_clipped_relus_; }

  /// Which element of the network's output is explained where that is a tuple, list or dictionary; one entry a
  /// level: `output_element({"out"})`, `output_element({1, 0})`. Default: the output is a tensor.
  AttributeOptions& output_element(std::vector<OutputElement> path) {
    output_element_ = std::move(path);
    return *this;
  }
  const std::vector<OutputElement>& output_element() const { return output_element_; }

  /// explain() alone: what it computes. Default: Grad-CAM, guided backpropagation and their product.
  AttributeOptions& methods(std::vector<Method> methods) {
    methods_ = std::move(methods);
    return *this;
  }
  const std::vector<Method>& methods() const { return methods_; }

  /// Which engine computes. Default: automatic.
  AttributeOptions& engine(Engine engine) {
    engine_ = engine;
    return *this;
  }
  Engine engine() const { return engine_; }

 private:
  std::vector<c10::IValue> additional_forward_args_;
  Interpolation interpolate_mode_ = Interpolation::nearest;
  bool attribute_to_layer_input_ = false;
  bool relu_attributions_ = false;
  bool attr_dim_summation_ = true;
  GuidedRule guided_rule_ = GuidedRule::captum;
  GuidedRule deconvolution_rule_ = GuidedRule::captum;
  bool guide_clipped_relus_ = false;
  Engine engine_ = Engine::automatic;
  Layout layout_, input_layout_;
  std::vector<OutputElement> output_element_;
  std::vector<Method> methods_{Method::grad_cam, Method::guided_backprop, Method::guided_grad_cam};
};

}  // namespace whycam
