// A network that can be run while some of its layers are observed.
#pragma once

#include <torch/csrc/autograd/function.h>  // an edge of libtorch 2.13 must know the whole of its node

#include <cstdint>
#include <cstring>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "whycam/layer.h"
#include "whycam/output_element.h"
#include "whycam/torch_tensor.h"

namespace whycam::formats {
class NetworkFile;
}
namespace whycam::torchscript {
struct Script;
}

namespace whycam::network {

/// One tensor of a layer as it was when the layer ran: its values, and its place in the autograd graph.
struct Observation {
  std::string name;              ///< in the layer's dictionary or named tuple; empty for others
  torch::Tensor activation;      ///< detached; its own memory, so that an in-place operation cannot write over it
  torch::autograd::Edge edge;    ///< where the gradient with respect to this tensor arrives
  torch::Tensor view;            ///< the tensor itself, where it is a view of other memory
  torch::autograd::Edge memory;  ///< where the gradient of that memory arrives

  /// Whether an operation in place wrote over the view since: it has another place in the graph then.
  bool was_overwritten() const;
  /// The node by which the output depends on the tensor.
  const torch::autograd::Node* node() const { return (was_overwritten() ? memory : edge).function.get(); }
};

/// Collects the observations of one run. While a Recorder is current, the layers that run on this thread report to it.
class Recorder {
 public:
  enum class Detail {
    values,       ///< what an explanation needs
    shapes_only,  ///< activations are empty tensors of the right shape: nothing is copied
  };

  Recorder(std::size_t slots, Detail detail) : slots_(slots), detail_(detail) {}

  /// A layer ran: `value` holds its tensors, singly or nested in tuples, lists and dictionaries. A later run of the
  /// same layer replaces an earlier one. A tensor without a gradient is given one, so that a layer which does not
  /// depend on the inputs can be explained too; the network must go on with the value returned.
  c10::IValue record(std::size_t slot, c10::IValue value);

  /// The same for what was observed elsewhere, of the call that the slot wants.
  void record(std::size_t slot, std::vector<Observation> observations);
  Observation observe(const torch::Tensor& tensor) const;

  /// The same for tensors that are known already.
  void record_tensors(std::size_t slot, const std::vector<torch::Tensor>& tensors);

  /// The call of the slot's layer that is observed, counted from 0; without, it is the last.
  void want_call(std::size_t slot, std::optional<std::int64_t> call) { slots_[slot].wanted_call = call; }

  /// A slot for a layer that another slot observes already.
  void share(std::size_t slot, std::size_t observed_by) { slots_[slot].observed_by = observed_by; }

  /// Says which slot observes a whycam::Tap.
  void watch(const torch::nn::Module* tap, std::size_t slot) { taps_.emplace(tap, slot); }
  /// A Tap ran. Its network must go on with the tensor returned.
  torch::Tensor record_tap(const torch::nn::Module* tap, const torch::Tensor& tensor);

  bool ran(std::size_t slot) const { return runs(slot) > seen(slot).wanted_call.value_or(0); }
  std::int64_t runs(std::size_t slot) const { return seen(slot).runs; }
  /// When the slot's layer last ended, as a running number; 0 where it did not run.
  std::int64_t order(std::size_t slot) const { return seen(slot).order; }
  const std::vector<Observation>& observations(std::size_t slot) const { return seen(slot).observations; }

  /// The recorder of this thread, or null.
  static Recorder* current();

  /// Makes a recorder current for a scope, and the former one again behind it.
  class Scope {
   public:
    explicit Scope(Recorder& recorder);
    ~Scope();
    Scope(const Scope&) = delete;
    Scope& operator=(const Scope&) = delete;

   private:
    Recorder* former_;
  };

 private:
  struct Slot {
    std::vector<Observation> observations;
    std::int64_t runs = 0;
    std::int64_t order = 0;
    std::optional<std::int64_t> wanted_call;
    std::optional<std::size_t> observed_by;
    /// Counts a run, and says whether it is the one that is observed; what was is forgotten then.
    bool begin_run();
  };
  const Slot& seen(std::size_t slot) const { return slots_[slots_[slot].observed_by.value_or(slot)]; }
  torch::Tensor take(Slot& slot, const torch::Tensor& tensor, const std::string& name);
  c10::IValue take(Slot& slot, const c10::IValue& value, const std::string& name = {});

  std::vector<Slot> slots_;
  std::multimap<const torch::nn::Module*, std::size_t> taps_;
  Detail detail_;
  std::int64_t ended_ = 0;
};

/// Which side of a layer is observed.
enum class LayerSide { output, input };

/// A layer's name and class.
struct LayerName {
  std::string path;
  std::string type;
};

/// A network that is explained. Immutable and thread-safe.
class Network {
 public:
  virtual ~Network() = default;

  /// Whether this layer can be observed at all.
  virtual bool can_observe(const Layer& layer, LayerSide side) const = 0;

  /// What a careful reader should know of explanations at these layers, one sentence each.
  virtual std::vector<std::string> warnings(const std::vector<Layer>& layers, LayerSide side) const {
    static_cast<void>(layers), static_cast<void>(side);
    return {};
  }

  /// Every module, in the order of declaration, the network itself left out.
  virtual std::vector<LayerName> layer_names() const = 0;

  /// A readable name for messages and file names.
  virtual std::string name_of(const Layer& layer) const = 0;

  /// Where the network's weights are; nothing where it has none, or they are on several devices.
  virtual std::optional<torch::Device> device() const = 0;

  /// The floating-point type of the weights; nothing where there are none, or several types of them.
  virtual std::optional<torch::ScalarType> floating_type() const = 0;

  /// A number that changes when the weights are replaced or written over.
  virtual std::uint64_t weights_version() const = 0;

  /// The same network with its explained output as it is before a final softmax or sigmoid. Throws ModelError where
  /// there is none, or it cannot be told.
  virtual std::shared_ptr<const Network> before_softmax(const std::vector<OutputElement>& output_element) const = 0;

  /// A network with the same weights on another device. Throws ModelError where the network cannot be copied.
  virtual std::shared_ptr<const Network> replica(torch::Device device) const = 0;
};

/// A network that libtorch runs: a TorchScript module, a C++ module or a function.
class RunnableNetwork : public Network {
 public:
  /// Runs the network under the caller's gradient mode; slot i of the recorder observes layer i. Throws LayerError for
  /// a layer that is not there, ModelError for what the network itself throws.
  virtual c10::IValue run(const std::vector<torch::Tensor>& inputs,
                          const std::vector<c10::IValue>& additional_forward_args, const std::vector<Layer>& layers,
                          LayerSide side, Recorder& recorder) const = 0;

  /// The network's graph with these layers observed; null where it has none that tells all it does: a C++ network, one
  /// in training mode or one that writes on its attributes. Throws LayerError as run() does.
  virtual std::shared_ptr<const torchscript::Script> script(const std::vector<Layer>& layers, LayerSide side) const = 0;

  /// The file that it runs and that may be compiled; null where it is none.
  virtual const formats::NetworkFile* file() const { return nullptr; }

  /// A network that shares all with this one but the parameters that `change` gives anew; it is asked for each with the
  /// path of its module, and keeps one by giving an undefined tensor. Null where parameters cannot be replaced.
  using ChangeParameter = std::function<torch::Tensor(const std::string& module, const torch::Tensor& parameter)>;
  virtual std::shared_ptr<const Network> with_parameters(const ChangeParameter& change) const {
    static_cast<void>(change);
    return nullptr;
  }
};

/// A network that is a graph already, from a file of a format in formats/format.h: it is compiled or, where libtorch
/// has its operators, run.
class FileNetwork : public Network, public std::enable_shared_from_this<FileNetwork> {
 public:
  /// `runnable` is null where libtorch cannot run the file.
  FileNetwork(std::shared_ptr<const formats::NetworkFile> file, std::shared_ptr<const RunnableNetwork> runnable)
      : file_(std::move(file)), runnable_(std::move(runnable)) {}
  const formats::NetworkFile& file() const { return *file_; }
  const std::shared_ptr<const RunnableNetwork>& runnable() const { return runnable_; }

  bool can_observe(const Layer& layer, LayerSide side) const override;
  std::vector<std::string> warnings(const std::vector<Layer>& layers, LayerSide side) const override;
  std::vector<LayerName> layer_names() const override;
  std::string name_of(const Layer& layer) const override { return layer.path(); }
  std::optional<torch::Device> device() const override { return torch::Device(torch::kCPU); }
  std::optional<torch::ScalarType> floating_type() const override { return torch::kFloat; }
  std::uint64_t weights_version() const override { return 0; }
  std::shared_ptr<const Network> before_softmax(const std::vector<OutputElement>& output_element) const override;
  std::shared_ptr<const Network> replica(torch::Device device) const override;

 private:
  std::shared_ptr<const formats::NetworkFile> file_;
  std::shared_ptr<const RunnableNetwork> runnable_;
};

/// The one device of these tensors; nothing where there are none or several.
template <class Tensors>
std::optional<torch::Device> common_device(const Tensors& tensors) {
  std::optional<torch::Device> common;
  for (const torch::Tensor& tensor : tensors) {
    if (common && *common != tensor.device()) return std::nullopt;
    common = tensor.device();
  }
  return common;
}

/// The one floating-point type of a module's parameters and buffers; nothing where there are none or several.
template <class Module>
std::optional<torch::ScalarType> floating_type_of(const Module& module) {
  std::optional<torch::ScalarType> common;
  bool several = false;
  const auto look = [&](const torch::Tensor& tensor) {
    if (!tensor.defined() || !tensor.is_floating_point()) return;
    several = several || (common && *common != tensor.scalar_type());
    common = tensor.scalar_type();
  };
  for (const torch::Tensor& tensor : module.parameters()) look(tensor);
  for (const torch::Tensor& tensor : module.buffers()) look(tensor);
  return several ? std::nullopt : common;
}

/// A number that changes when one of these tensors is replaced or written over. (Single numbers that are written
/// through data() or data_ptr() may escape it.)
template <class Tensors>
std::uint64_t version_of(const Tensors& tensors) {
  std::uint64_t sum = 0;  // of a number each, whatever their order
  for (const torch::Tensor& tensor : tensors) {
    if (!tensor.defined()) continue;
    std::uint64_t number = 1469598103934665603U;  // FNV-1a
    const auto add = [&](std::uint64_t next) { number = (number ^ next) * 1099511628211U; };
    add(reinterpret_cast<std::uintptr_t>(tensor.unsafeGetTensorImpl()));
    add(tensor.is_inference() ? 0 : static_cast<std::uint64_t>(tensor._version()));
    if (tensor.has_storage()) add(reinterpret_cast<std::uintptr_t>(tensor.storage().data()));
    // What is written through data() counts no version: some numbers tell it, where they can be read.
    if (tensor.has_storage() && tensor.device().is_cpu() && tensor.scalar_type() == torch::kFloat &&
        tensor.is_contiguous() && tensor.numel() > 0) {
      const float* numbers = tensor.data_ptr<float>();
      for (std::int64_t i = 0; i < 8; ++i) {
        std::uint32_t bits = 0;
        std::memcpy(&bits, numbers + (tensor.numel() - 1) * i / 7, sizeof bits);
        add(bits);
      }
    }
    sum += number;
  }
  return sum;
}

/// A TorchScript network. `module` is used as it is, its parameters taken without gradients.
std::shared_ptr<const RunnableNetwork> torchscript_network(const torch::jit::Module& module);

}  // namespace whycam::network
