// A TorchScript network: its method's graph is copied, the calls of the wanted layers are followed by an operator of
// ours that reports to the Recorder, and everything is inlined and interpreted.
//
// The graph runs in the plain interpreter, never in the profiling executor: after some runs that one fuses ReLUs into
// differentiable graphs of its own, and the guided rule would be lost in silence.
#include <c10/core/InferenceMode.h>
#include <torch/csrc/jit/runtime/interpreter.h>

#include <map>
#include <mutex>
#include <set>

#include "core/warning_texts.h"
#include "formats/torchscript/call_stack.h"
#include "formats/torchscript/messages.h"
#include "formats/torchscript/script.h"
#include "torch/model/failure.h"
#include "torch/model/inputs.h"
#include "torch/model/network.h"
#include "torch/model/observed_graph.h"
#include "whycam/errors.h"
#include "whycam/nearest_names.h"

namespace whycam::network {
namespace {

using torch::jit::Module;
using ObjectPointer = c10::intrusive_ptr<c10::ivalue::Object>;
using Copies = std::map<const c10::ivalue::Object*, ObjectPointer>;

bool is_of_half_precision(const torch::Tensor& tensor) {
  return tensor.scalar_type() == torch::kHalf || tensor.scalar_type() == torch::kBFloat16;
}

/// A copy of the module tree. Parameters share their memory with the original, but take no gradients; those of half
/// precision, in which gradients would vanish, become float32. A network in training mode updates its buffers as it
/// runs; such a run works on a tree with buffers of its own, and one that writes on other attributes on a tree of which
/// nothing is shared.
enum class Own { nothing, buffers };

ObjectPointer copy_tree(const ObjectPointer& object, Own what, Copies& copies) {
  ObjectPointer& copy = copies[object.get()];
  if (copy) return copy;
  copy = object->copy();
  const auto type = object->type();
  for (std::size_t i = 0; i < object->slots().size(); ++i) {
    const c10::IValue value = object->getSlot(i);
    if (value.isTensor() && value.toTensor().defined()) {
      const torch::Tensor shared = value.toTensor().detach();
      const torch::Tensor tensor = is_of_half_precision(shared) ? shared.to(torch::kFloat) : shared;
      const bool own = tensor.is_inference() || (what == Own::buffers && type->is_buffer(i));
      copy->setSlot(i, own ? tensor.clone() : tensor);
    } else if (value.isModule()) {
      copy->setSlot(i, copy_tree(value.toObject(), what, copies));
    }
  }
  return copies[object.get()];
}

Module copy_of(const Module& module, Own what) {
  const c10::InferenceMode not_inference(false);
  Copies copies;
  return Module(copy_tree(module._ivalue(), what, copies));
}

bool holds_half_precision(const Module& module) {
  for (const torch::Tensor& parameter : module.parameters())
    if (is_of_half_precision(parameter)) return true;
  for (const torch::Tensor& buffer : module.buffers())
    if (is_of_half_precision(buffer)) return true;
  return false;
}

bool in_training_mode(const Module& module) {
  for (const Module& part : module.modules())
    if (part.hasattr("training") && part.attr("training").isBool() && part.attr("training").toBool()) return true;
  return false;
}

std::string class_name(const Module& module) {
  // Traced modules carry the class they were traced from; scripted ones are named after it.
  if (module.hasattr("original_name") && module.attr("original_name").isString())
    return module.attr("original_name").toStringRef();
  const auto name = module.type()->name();
  return name ? name->name() : "Module";
}

/// All tensors of an object, also those in lists and dictionaries. (IValue::getSubValues throws at packed weights of
/// quantised networks.)
void add_tensors(const c10::IValue& value, std::vector<torch::Tensor>& tensors, std::set<const void*>& seen) {
  const auto add_all = [&](const auto& values) {
    for (const c10::IValue& one : values) add_tensors(one, tensors, seen);
  };
  if (value.isTensor()) {
    tensors.push_back(value.toTensor());
  } else if (value.isObject()) {
    if (seen.insert(value.toObject().get()).second) add_all(value.toObject()->slots());
  } else if (value.isTuple()) {
    add_all(value.toTupleRef().elements());
  } else if (value.isList()) {
    add_all(value.toListRef());
  } else if (value.isGenericDict()) {
    for (const auto& entry : value.toGenericDict()) add_tensors(entry.value(), tensors, seen);
  }
}

class TorchScriptNetwork : public RunnableNetwork {
 public:
  using BeforeSoftmax = std::optional<std::vector<OutputElement>>;

  /// With `half_precision`, the network was of that before its weights became float32.
  explicit TorchScriptNetwork(const Module& module, bool half_precision = false, BeforeSoftmax before_softmax = {})
      : module_(copy_of(module, Own::nothing)),
        training_(in_training_mode(module)),
        half_precision_(half_precision || holds_half_precision(module)),
        before_softmax_(std::move(before_softmax)) {
    if (!module_.type()->getForwardHooks().empty() || !module_.type()->getForwardPreHooks().empty())
      throw ModelError(
          "the TorchScript network itself has forward hooks, which do not run when its forward does; save a "
          "network that holds it as a submodule");
    if (!module_.find_method("forward"))
      throw ModelError(
          "the TorchScript network has no method \"forward\"; export it with torch.jit.script(network) or "
          "torch.jit.trace(network, example)");
    for (const auto& part : module_.named_modules())
      if (!part.name.empty()) names_.push_back({part.name, class_name(part.value)});
  }

  c10::IValue run(const std::vector<torch::Tensor>& inputs, const std::vector<c10::IValue>& additional_forward_args,
                  const std::vector<Layer>& layers, LayerSide side, Recorder& recorder) const override {
    const Prepared prepared = observing(layers, side);
    const bool writes = effects().writes_attributes;
    // What the network writes on its own attributes stays in this run.
    const Module module = writes ? module_.deepcopy() : training_ ? copy_of(module_, Own::buffers) : module_;
    try {
      torch::jit::Stack stack = torchscript::call_stack(module.get_method("forward").function().getSchema(),
                                                        module._ivalue(), inputs, additional_forward_args);
      const Recorder::Scope scope(recorder);
      torch::jit::InterpreterState(prepared.code).run(stack);
      return stack.back();
    } catch (const Error&) {
      throw;
    } catch (const std::exception& failure) {
      torchscript::throw_if_out_of_memory(failure);
      throw ModelError(failure_of_the_network(failure, inputs, floating_type()));
    }
  }

  std::shared_ptr<const torchscript::Script> script(const std::vector<Layer>& layers, LayerSide side) const override {
    const Prepared prepared = observing(layers, side);
    if (training_ || effects().writes_attributes) return nullptr;
    return std::make_shared<const torchscript::Script>(
        torchscript::Script{prepared.graph, module_, module_.get_method("forward").function().getSchema()});
  }

  bool can_observe(const Layer&, LayerSide) const override { return true; }

  std::vector<std::string> warnings(const std::vector<Layer>&, LayerSide) const override {
    std::vector<std::string> sentences;
    if (effects().works_as_in_training) sentences.push_back(core::in_training_mode());
    if (half_precision_) sentences.push_back(core::computed_in_float32());
    return sentences;
  }

  std::vector<LayerName> layer_names() const override { return names_; }

  std::string name_of(const Layer& layer) const override { return layer.path(); }

  std::optional<torch::Device> device() const override { return common_device(module_.parameters()); }
  std::optional<torch::ScalarType> floating_type() const override { return floating_type_of(module_); }

  std::uint64_t weights_version() const override {
    std::vector<torch::Tensor> tensors;
    std::set<const void*> seen;
    add_tensors(module_._ivalue(), tensors, seen);
    return version_of(tensors);
  }

  std::shared_ptr<const Network> with_parameters(const ChangeParameter& change) const override {
    const Module copy = copy_of(module_, Own::nothing);
    for (const auto& part : copy.named_modules())
      for (const auto& parameter : part.value.named_parameters(/*recurse=*/false))
        if (const torch::Tensor changed = change(part.name, parameter.value); changed.defined())
          Module(part.value).setattr(parameter.name, changed);
    return std::make_shared<TorchScriptNetwork>(copy, half_precision_, before_softmax_);
  }

  std::shared_ptr<const Network> before_softmax(const std::vector<OutputElement>& output_element) const override {
    auto network = std::make_shared<TorchScriptNetwork>(module_, half_precision_, output_element);
    network->observing({}, LayerSide::output);  // throws where there is none
    return network;
  }

  std::shared_ptr<const Network> replica(torch::Device device) const override {
    check_available(device);
    Module copy = module_.deepcopy();
    copy.to(device);
    return std::make_shared<TorchScriptNetwork>(copy, half_precision_, before_softmax_);
  }

 private:
  std::string checked_path(const Layer& layer) const {
    if (layer.module())
      throw LayerError(
          "a layer of a TorchScript network is named by its path, as in \"layer4.1.conv2\"; a reference to "
          "a C++ module was given");
    std::vector<std::string> paths;
    for (const LayerName& name : names_) {
      if (name.path == layer.path()) return layer.path();
      paths.push_back(name.path);
    }
    if (paths.empty())
      throw LayerError("there is no layer \"" + layer.path() +
                       "\": the network has no submodules at all. torch.jit.freeze and optimize_for_inference remove "
                       "them; save the network before those");
    throw LayerError("there is no layer \"" + layer.path() + "\"; the nearest are " +
                     one_of(nearest_names(layer.path(), paths)));
  }

  struct Prepared {
    std::shared_ptr<const torch::jit::Graph> graph;
    torch::jit::Code code;
  };

  Prepared observing(const std::vector<Layer>& layers, LayerSide side) const {
    std::vector<std::string> paths;
    for (const Layer& layer : layers) paths.push_back(checked_path(layer));
    const std::lock_guard<std::mutex> lock(mutex_);
    Prepared& prepared = prepared_[{paths, side}];
    if (!prepared.code) {
      const auto graph = observed_graph(module_, paths, side);
      if (half_precision_) compute_in_float32(*graph);
      if (before_softmax_) give_before_softmax(graph, *before_softmax_);
      prepared = {graph, torch::jit::Code(graph, "forward")};
    }
    return prepared;
  }

  const SideEffects& effects() const {
    std::call_once(analysed_, [this] { effects_ = side_effects(module_, training_); });
    return effects_;
  }

  Module module_;
  bool training_, half_precision_;
  BeforeSoftmax before_softmax_;  ///< the output that is given so
  std::vector<LayerName> names_;
  mutable std::once_flag analysed_;
  mutable SideEffects effects_;
  mutable std::mutex mutex_;
  mutable std::map<std::pair<std::vector<std::string>, LayerSide>, Prepared> prepared_;
};

}  // namespace

std::shared_ptr<const RunnableNetwork> torchscript_network(const Module& module) {
  try {
    module._ivalue();
  } catch (const std::exception&) {
    throw ModelError("the TorchScript network that was given is empty");
  }
  return std::make_shared<TorchScriptNetwork>(module);
}

}  // namespace whycam::network
