// Inputs in, explanations out: what explainers ask of whatever runs a network.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "methods/explanation.h"
#include "whycam/explanation.h"
#include "whycam/layer.h"
#include "whycam/model.h"
#include "whycam/options.h"
#include "whycam/torch_tensor.h"

namespace whycam::engine {

/// What one forward pass is asked for.
struct Request {
  std::vector<torch::Tensor> inputs;
  std::vector<c10::IValue> additional_forward_args;
  std::vector<Layer> layers;
  bool layer_inputs = false;  ///< observe what enters the layers instead of what leaves them
  std::vector<OutputElement> output_element;
  methods::Settings settings;
  whycam::Engine engine = whycam::Engine::automatic;
};

/// A request for what the options ask, with the layers' names resolved.
Request request_of(const network::Network& network, std::vector<torch::Tensor> inputs, std::vector<Layer> layers,
                   const AttributeOptions& options);

/// A part of an explanation and its numbers.
struct PartTensor {
  methods::Part part;
  torch::Tensor tensor;
};

/// What a pass computes for one gradient of the output.
struct Explained {
  std::vector<PartTensor> parts;  ///< as methods::append_methods orders them
  std::vector<core::Warning> warnings;
};

/// A forward pass that was run and can be asked for explanations. For one thread.
class Pass {
 public:
  virtual ~Pass() = default;

  /// Which engine runs it.
  virtual const char* engine() const = 0;
  /// The memory that it takes beside the weights, in bytes; 0: unknown.
  virtual std::uint64_t working_bytes() const { return 0; }
  /// Why it is not the compiled one, where that was to be taken if it could.
  const std::string& why_not_compiled() const { return why_not_compiled_; }
  void set_why_not_compiled(const std::string& reason) { why_not_compiled_ = reason; }

  /// The output, without gradients.
  virtual const torch::Tensor& output() const = 0;

  /// All that the request's methods give for sum(output * output_gradient). After the `last` one, what only gradients
  /// need may be freed. Throws LayerError for a layer without a tensor that the output depends on, and ModelError where
  /// a method needs the gradient at the inputs and the output depends on none; what the output does not depend on,
  /// beside others that it does, is zeros.
  virtual Explained explain(const torch::Tensor& output_gradient, bool last) = 0;

  /// Which axis of the output counts classes or channels, where that is known: followed through the network.
  virtual std::optional<std::size_t> class_axis() const = 0;

  /// Which activations stand between the output and the inputs, and which of them the request's rules guide.
  virtual ActivationReport activations() const = 0;

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
