// The network that is explained.
#pragma once

#include <ATen/core/ivalue.h>
#include <torch/types.h>

#include <cstdint>
#include <filesystem>
#include <memory>
#include <string>
#include <vector>

namespace torch::jit {
struct Module;
}

namespace whycam {

namespace network {
class Network;
}

/// What Model::layers says of one layer.
struct LayerInfo {
  std::string path;                                        ///< "layer4.1.conv2"
  std::string type;                                        ///< the module's class: "Conv2d"
  std::vector<std::vector<std::int64_t>> output_shapes;    ///< one a tensor; empty where it did not run
  bool fit_for_grad_cam = false;                           ///< one tensor with spatial extent that the output depends on
  bool is_default = false;                                 ///< the last fit one to run: what default_layer() names
};

/// A network that can be run and observed. A handle: copies share the network. Thread-safe: one Model serves many
/// threads at once.
class Model {
 public:
  /// Reads a TorchScript file (scripted or traced), puts the network in EVALUATION mode and moves it to `device`.
  /// Throws ModelError where the file is missing, no TorchScript, or corrupt.
  static Model load(const std::filesystem::path& path, torch::Device device = torch::kCPU);

  /// A TorchScript network handed over as an object is left as it is, its mode too. The Model shares its parameters.
  Model(const torch::jit::Module& module);  // NOLINT: a network is a model

  /// The layers in the order in which they are declared, with what this input makes of them. One forward pass.
  std::vector<LayerInfo> layers(const std::vector<torch::Tensor>& inputs,
                                const std::vector<c10::IValue>& additional_forward_args = {}) const;

  /// The layer that Grad-CAM is usually computed at: the last one to run whose output still has spatial extent.
  /// Throws LayerError where there is none.
  std::string default_layer(const std::vector<torch::Tensor>& inputs,
                            const std::vector<c10::IValue>& additional_forward_args = {}) const;

  /// The network behind the handle; for the inside of whycam.
  const std::shared_ptr<const network::Network>& network() const { return network_; }

 private:
  explicit Model(std::shared_ptr<const network::Network> network) : network_(std::move(network)) {}
  std::shared_ptr<const network::Network> network_;
};

}  // namespace whycam
