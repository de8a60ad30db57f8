// Inputs in, activations and gradients out: what the attribution methods ask of whatever runs a network.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "basics/relu_rule.h"
#include "whycam/explanation.h"
#include "whycam/layer.h"
#include "whycam/model.h"
#include "whycam/options.h"
#include "whycam/torch_tensor.h"

namespace whycam::engine {

using basics::ReluGradient;
using basics::ReluRule;

/// What one forward pass is asked for.
struct Request {
  std::vector<torch::Tensor> inputs;
  std::vector<c10::IValue> additional_forward_args;
  std::vector<Layer> layers;
  bool layer_inputs = false;  ///< observe what enters the layers instead of what leaves them
  std::vector<OutputElement> output_element;
  std::vector<ReluRule> rules;  ///< those that input_gradients() will be asked for
  whycam::Engine engine = whycam::Engine::automatic;
};

/// A forward pass that was run and can be asked for gradients. For one thread.
class Pass {
 public:
  virtual ~Pass() = default;

  /// Which engine runs it.
  virtual const char* engine() const = 0;
  /// Why it is not the compiled one, where that was to be taken if it could.
  const std::string& why_not_compiled() const { return why_not_compiled_; }
  void set_why_not_compiled(const std::string& reason) { why_not_compiled_ = reason; }

  /// The output, without gradients.
  virtual const torch::Tensor& output() const = 0;

  /// The tensors of each layer: [layer][tensor].
  virtual const std::vector<std::vector<torch::Tensor>>& layer_activations() const = 0;

  /// The plain gradient of sum(output * output_gradient) with respect to the layers' tensors, in the same order. Throws
  /// LayerError for a layer without a tensor that the output depends on; a tensor that the output does not depend on,
  /// beside one that it does, has a gradient of zeros.
  virtual std::vector<std::vector<torch::Tensor>> layer_gradients(const torch::Tensor& output_gradient) = 0;

  /// The gradient with respect to the inputs, with `rule` at every ReLU. Throws ModelError where the output depends on
  /// no input; an input that it does not depend on has a gradient of zeros.
  virtual std::vector<torch::Tensor> input_gradients(const torch::Tensor& output_gradient, const ReluRule& rule) = 0;

  /// Which activations stand between the output and the inputs, and which of them `rule` guides.
  virtual ActivationReport activations(const ReluRule& rule) const = 0;

  /// No further gradients will be asked for than the next: what only those need may be freed.
  virtual void last_gradient_comes() = 0;

 private:
  std::string why_not_compiled_;
};

/// Runs networks. Immutable and thread-safe.
class Engine {
 public:
  virtual ~Engine() = default;
  virtual std::unique_ptr<Pass> forward(const Request& request) const = 0;
};

/// The engine for a network: what the request names, or what WHYCAM_ENGINE in the environment does, or the compiled one
/// where it can and else autograd.
std::shared_ptr<const Engine> engine_for(const std::shared_ptr<const network::Network>& network);

/// The engine for a model: over several devices where any are given, else where the model is.
std::shared_ptr<const Engine> engine_for(const Model& model, const std::vector<torch::Device>& devices);

}  // namespace whycam::engine
