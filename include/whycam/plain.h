// whycam::Network as it was called before 0.2, with an explanation that names its attributions one by one.
#pragma once

#include <utility>

#include "whycam/network.h"

namespace whycam::plain {

using whycam::Options;
using whycam::Port;
using whycam::Shape;
using whycam::Tensor;

/// One target's explanation. What was not asked for is empty: no vector elements. Methods that are not named here are
/// found by whycam::Network.
struct TargetExplanation {
  Target target;
  std::vector<float> scores;               ///< one per example: the explained number of the output
  std::vector<Tensor> layer_attributions;  ///< Grad-CAM before it is resized, one per tensor of the layer
  std::vector<Tensor> upsampled;           ///< Grad-CAM resized to each input
  std::vector<Tensor> guided_grad_cam;     ///< one per input
  std::vector<Tensor> guided_backprop;     ///< one per input
  std::vector<Tensor> deconvolution;       ///< one per input

  TargetExplanation() = default;
  explicit TargetExplanation(whycam::Network::TargetExplanation&& from)
      : target(std::move(from.target)), scores(std::move(from.scores)) {
    guided_backprop = std::move(from.input_methods[Method::guided_backprop]);
    deconvolution = std::move(from.input_methods[Method::deconvolution]);
    if (from.layers.empty()) return;
    layer_attributions = std::move(from.layers[0].heat_maps[Method::grad_cam]);
    upsampled = std::move(from.layers[0].at_inputs[Method::grad_cam]);
    guided_grad_cam = std::move(from.layers[0].at_inputs[Method::guided_grad_cam]);
  }
};

/// whycam::Network::Explanation with these targets.
struct Explanation {
  Tensor output;
  std::vector<TargetExplanation> targets;
  ActivationReport activations;
  std::vector<std::string> warnings;
};

/// Deprecated: use whycam::Network, which has the same functions.
class Network : public whycam::Network {
 public:
  explicit Network(whycam::Network network) : whycam::Network(std::move(network)) {}
  static Network load(const std::filesystem::path& path) { return Network(whycam::Network::load(path)); }

  plain::Explanation explain(const std::vector<Tensor>& inputs, const std::string& layer,
                             const std::vector<Target>& targets, const Options& options = {}) const {
    return from(whycam::Network::explain(inputs, layer, targets, options));
  }
  plain::Explanation explain(const std::vector<Tensor>& inputs, const std::string& layer,
                             std::initializer_list<Target> targets, const Options& options = {}) const {
    return from(whycam::Network::explain(inputs, layer, targets, options));
  }
  plain::Explanation explain(const std::vector<Tensor>& inputs, const std::string& layer,
                             const ChooseTargets& choose_targets, const Options& options = {}) const {
    return from(whycam::Network::explain(inputs, layer, choose_targets, options));
  }

 private:
  static plain::Explanation from(whycam::Network::Explanation&& explanation) {
    plain::Explanation result{
        std::move(explanation.output), {}, explanation.activations, std::move(explanation.warnings)};
    for (whycam::Network::TargetExplanation& target : explanation.targets)
      result.targets.emplace_back(std::move(target));
    return result;
  }
};

}  // namespace whycam::plain
