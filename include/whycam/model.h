// The network that is explained.
#pragma once

#include <cstdint>
#include <filesystem>
#include <iosfwd>
#include <memory>
#include <optional>
#include <string>
#include <type_traits>
#include <utility>
#include <vector>

#include "whycam/api.h"
#include "whycam/layer_info.h"
#include "whycam/output_element.h"
#include "whycam/port.h"
#include "whycam/torch_tensor.h"

namespace torch::jit {
struct Module;
}
namespace torch::nn {
class Module;
}

namespace whycam {

namespace network {
class Network;
}

/// A network that can be run and observed. A handle: copies share the network. Thread-safe: one Model serves many
/// threads at once.
class WHYCAM_API Model {
 public:
  /// Reads a network, told apart by its content: a TorchScript file (scripted or traced), which is put in EVALUATION
  /// mode and moved to `device`, a .pt2 file of torch.export, or an ONNX file (with its weights in it or in files
  /// beside it, within its folder); the latter is explained by the compiled engine on the CPU, in float32. The layers
  /// of an ONNX network are named by node
  /// ("/features/12/Concat"), by tensor, or by the path of the exported module ("features.12"). The whole file is
  /// checked first, its checksums and what libtorch would trust blindly; a network remains a program, though: load
  /// those of authors you trust. Throws ModelError where the file is missing, of another kind, or damaged.
  static Model load(const std::filesystem::path& path, torch::Device device = torch::kCPU);
  /// The same of a network in memory, which messages call by its name; its weights are all in it.
  static Model load(std::string bytes, const std::string& name, torch::Device device = torch::kCPU);
  static Model load(std::istream& stream, const std::string& name, torch::Device device = torch::kCPU);

  /// A TorchScript network handed over as an object is left as it is, its mode too. The Model shares its parameters,
  /// and keeps the mode that it has now. Weights that are written over later are seen (single numbers written through
  /// data() or data_ptr(), of which libtorch keeps no count, may not be by the compiled engine). What the network
  /// writes on its attributes as it runs stays in that run.
  Model(const torch::jit::Module& module);  // NOLINT: a network is a model

  /// A C++ network: any torch::nn::Module with one forward(), which takes tensors first and then arguments of other
  /// types. It is left as it is, mode and parameters; the Model shares it, and what training mode writes on its buffers
  /// is put back. (Evaluation mode is to write nothing: what a forward() writes then, stays, as in any call of it.)
  /// Layers are given by reference or by name: libtorch's own modules with weights, the children of a network that is
  /// itself a torch::nn::Sequential, and whycam::Tap anywhere. Defined in whycam/module.h.
  template <class Net, class = std::enable_if_t<std::is_base_of_v<torch::nn::Module, Net>>>
  Model(const std::shared_ptr<Net>& net);  // NOLINT
  /// The same for a torch::nn::ModuleHolder, such as torch::nn::Sequential.
  template <class Holder, class = typename Holder::ContainedType>
  Model(const Holder& holder);  // NOLINT

  /// A network that is no single module: a function of tensors (first) and other arguments. Its layers are the
  /// whycam::Taps that it calls. A forward() that is overloaded is wrapped in a lambda and given this way. It must be
  /// thread-safe if the explainer is used from several threads. Defined in whycam/module.h.
  template <class Function>
  static Model of(Function function);

  /// One's own objective around a C++ network: the function takes the network as its first argument (`Net&`), then
  /// tensors and other arguments, and gives the output that is explained. The network's layers are found as they are in
  /// Model(net); those of a torch::nn::Sequential need weights or a whycam::Tap, since the function runs it. Other
  /// devices' replicas are given in the network's place. Defined in whycam/module.h.
  template <class Function, class Net>
  static Model of(Function function, const std::shared_ptr<Net>& network);
  template <class Function, class Holder, class = typename Holder::ContainedType>
  static Model of(Function function, const Holder& network);

  /// The layers in the order in which they are declared, with what this input makes of them. One forward pass. Which
  /// are fit, and which is the default, is said of the output that is explained, Options::output_element.
  std::vector<LayerInfo> layers(const std::vector<torch::Tensor>& inputs,
                                const std::vector<c10::IValue>& additional_forward_args = {},
                                const std::vector<OutputElement>& output_element = {}) const;

  /// The layer that Grad-CAM is usually computed at: the last one to run whose output still has spatial extent.
  /// Throws LayerError where there is none.
  std::string default_layer(const std::vector<torch::Tensor>& inputs,
                            const std::vector<c10::IValue>& additional_forward_args = {},
                            const std::vector<OutputElement>& output_element = {}) const;

  /// The same network with scores in place of probabilities: its output is what enters the softmax, log-softmax or
  /// sigmoid that it comes from. Behind a softmax, a class's gradient mixes in those of all others, and it vanishes
  /// where the class is sure. `output_element` names the same output of either. Throws ModelError where the output
  /// comes from none of these, which an ONNX network says when it is first run, and for a C++ network.
  Model before_softmax(const std::vector<OutputElement>& output_element = {}) const;

  /// What the network's file declares of its inputs; nothing where it is no ONNX file, as others declare none.
  std::vector<Port> inputs() const;

  /// The floating-point type of the network's weights, which its inputs usually are to have; nothing where it has none,
  /// or of several types.
  std::optional<torch::ScalarType> floating_type() const;

  /// A handle on a network, and the network behind it; for the inside of whycam.
  explicit Model(std::shared_ptr<const network::Network> network) : network_(std::move(network)) {}
  const std::shared_ptr<const network::Network>& network() const { return network_; }

 private:
  std::shared_ptr<const network::Network> network_;
};

}  // namespace whycam
