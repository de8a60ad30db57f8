// One forward pass, and from it whatever the methods ask for.
#pragma once

#include <functional>
#include <string>
#include <vector>

#include "core/warnings.h"
#include "torch/engine/engine.h"
#include "whycam/explanation.h"
#include "whycam/options.h"

namespace whycam::attribution {

using ChooseTargets = std::function<std::vector<Target>(const torch::Tensor& output)>;

/// What the explainers share: an engine and the layers. Warnings go to the handler once a kind.
class Explainer {
 public:
  Explainer(const Model& model, std::vector<Layer> layers, const std::vector<torch::Device>& devices);

  /// Everything that options.methods() names, at the explainer's layers. With `signed_layers`, heat maps keep their
  /// negative values, and their channels where the options say so, and are not resized: LayerGradCam's results.
  Explanation explain(const std::vector<torch::Tensor>& inputs, const ChooseTargets& choose_targets,
                      const AttributeOptions& options, bool signed_layers = false) const {
    return explain_at(layers_, inputs, choose_targets, options, signed_layers);
  }
  /// With `named_tensors`, one tensor of each layer is explained: what its name stands for.
  Explanation explain_at(std::vector<Layer> layers, const std::vector<torch::Tensor>& inputs,
                         const ChooseTargets& choose_targets, const AttributeOptions& options,
                         bool signed_layers = false, bool named_tensors = false) const;

  const std::vector<Layer>& layers() const { return layers_; }

 private:
  Explanation explain_once(std::vector<Layer> layers, const std::vector<torch::Tensor>& inputs,
                           const ChooseTargets& choose_targets, const AttributeOptions& options, bool signed_layers,
                           bool named_tensors) const;
  /// Clears the layers where no method needs them.
  methods::Settings settings_for(std::vector<Layer>& layers, const AttributeOptions& options, bool signed_layers,
                                 bool named_tensors) const;
  void add_warnings(const methods::Settings& settings, const std::vector<Layer>& layers,
                    const AttributeOptions& options, Explanation& explanation) const;

  std::shared_ptr<const network::Network> network_;
  std::shared_ptr<const engine::Engine> engine_;
  std::vector<Layer> layers_;
  mutable core::Warnings warnings_;
};

/// A chooser of one fixed target.
ChooseTargets always(const Target& target);

/// The one tensor of a list; LayerError where the layer gives several.
torch::Tensor single(const std::vector<torch::Tensor>& tensors, const Layer& layer);

}  // namespace whycam::attribution
