// One forward pass under libtorch's autograd, and gradients of its output.
#pragma once

#include <memory>
#include <vector>

#include "core/relu_rule.h"
#include "torch/engine/engine.h"
#include "torch/model/network.h"

namespace whycam::engine {

using core::ReluRule;

/// The tensors of a layer that can have gradients, or the one that the layer's index or name chooses. Throws
/// LayerError.
std::vector<network::Observation> explained_tensors(const Layer& layer, const std::string& name,
                                                    std::vector<network::Observation> all);

/// For one thread.
class AutogradRun {
 public:
  AutogradRun(const network::RunnableNetwork& network, const Request& request);
  ~AutogradRun();

  /// The output, without gradients.
  const torch::Tensor& output() const;
  /// The tensors of each layer: [layer][tensor].
  const std::vector<std::vector<torch::Tensor>>& layer_activations() const;

  /// Whether an operation between the inputs and a layer's tensor changes which axis is which.
  bool axes_were_moved(std::size_t layer, std::size_t tensor) const;

  /// The plain gradient of sum(output * output_gradient) with respect to the layers' tensors, in the same order. Throws
  /// LayerError for a layer without a tensor that the output depends on; a tensor that the output does not depend on,
  /// beside one that it does, has a gradient of zeros.
  std::vector<std::vector<torch::Tensor>> layer_gradients(const torch::Tensor& output_gradient);

  /// The gradient with respect to the inputs, with `rule` at every ReLU. Throws ModelError where the output depends on
  /// no input; an input that it does not depend on has a gradient of zeros.
  std::vector<torch::Tensor> input_gradients(const torch::Tensor& output_gradient, const ReluRule& rule);

  /// Which activations stand between the output and the inputs, and which of them are guided.
  ActivationReport activations(bool clipped_relus) const;

  /// No further gradients will be asked for than the next: what only those need may be freed.
  void last_gradient_comes();

 private:
  struct State;
  std::unique_ptr<State> state_;
};

}  // namespace whycam::engine
