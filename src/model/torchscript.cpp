// A TorchScript network: its method's graph is copied, the calls of the wanted layers are followed by an operator of ours
// that reports to the Recorder, and everything is inlined and interpreted.
//
// The graph runs in the plain interpreter, never in the profiling executor: after some runs that one fuses ReLUs into
// differentiable graphs of its own, and the guided rule would be lost in silence.
#include <c10/core/InferenceMode.h>
#include <torch/csrc/jit/api/module.h>
#include <torch/csrc/jit/runtime/interpreter.h>

#include <map>
#include <mutex>

#include "model/failure.h"
#include "model/network.h"
#include "model/observed_graph.h"
#include "whycam/nearest_names.h"
#include "whycam/errors.h"

namespace whycam::network {
namespace {

using torch::jit::Module;
using ObjectPointer = c10::intrusive_ptr<c10::ivalue::Object>;
using Copies = std::map<const c10::ivalue::Object*, ObjectPointer>;

/// A copy of the module tree. Parameters share their memory with the original, but take no gradients. A network may write
/// on its attributes as it runs (in training mode it updates its buffers); such a run works on a tree of its own.
enum class Own { nothing, buffers, all };

ObjectPointer copy_tree(const ObjectPointer& object, Own what, Copies& copies) {
  ObjectPointer& copy = copies[object.get()];
  if (copy) return copy;
  copy = object->copy();
  const auto type = object->type();
  for (std::size_t i = 0; i < object->slots().size(); ++i) {
    const c10::IValue value = object->getSlot(i);
    if (value.isTensor() && value.toTensor().defined()) {
      const torch::Tensor tensor = value.toTensor().detach();
      const bool own =
          tensor.is_inference() || what == Own::all || (what == Own::buffers && type->is_buffer(i));
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

class TorchScriptNetwork : public Network {
 public:
  explicit TorchScriptNetwork(const Module& module)
      : module_(copy_of(module, Own::nothing)), training_(in_training_mode(module)) {
    if (!module_.find_method("forward"))
      throw ModelError("the TorchScript network has no method \"forward\"; export it with torch.jit.script(network) or "
                       "torch.jit.trace(network, example)");
    for (const auto& part : module_.named_modules())
      if (!part.name.empty()) names_.push_back({part.name, class_name(part.value)});
  }

  c10::IValue run(const std::vector<torch::Tensor>& inputs, const std::vector<c10::IValue>& additional_forward_args,
                  const std::vector<Layer>& layers, LayerSide side, Recorder& recorder) const override {
    std::vector<std::string> paths;
    for (const Layer& layer : layers) paths.push_back(checked_path(layer));
    const Prepared prepared = observing(paths, side);
    // What the network writes on its own attributes stays in this run.
    const Own own = prepared.writes_attributes ? Own::all : training_ ? Own::buffers : Own::nothing;
    torch::jit::Stack stack{(own == Own::nothing ? module_ : copy_of(module_, own))._ivalue()};
    stack.insert(stack.end(), inputs.begin(), inputs.end());
    stack.insert(stack.end(), additional_forward_args.begin(), additional_forward_args.end());
    try {
      module_.get_method("forward").function().getSchema().checkAndNormalizeInputs(stack, {});
      const Recorder::Scope scope(recorder);
      torch::jit::InterpreterState(prepared.code).run(stack);
    } catch (const Error&) {
      throw;
    } catch (const std::exception& failure) {
      throw ModelError(failure_of_the_network(failure, inputs));
    }
    return stack.back();
  }

  bool can_observe(const Layer&, LayerSide) const override { return true; }

  std::vector<LayerName> layer_names() const override { return names_; }

  std::string name_of(const Layer& layer) const override { return layer.path(); }

  std::optional<torch::Device> device() const override { return common_device(module_.parameters()); }

  std::shared_ptr<const Network> replica(torch::Device device) const override {
    Module copy = module_.deepcopy();
    copy.to(device);
    return std::make_shared<TorchScriptNetwork>(copy);
  }

 private:
  std::string checked_path(const Layer& layer) const {
    if (layer.module())
      throw LayerError("a layer of a TorchScript network is named by its path, as in \"layer4.1.conv2\"; a reference to "
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
    torch::jit::Code code;
    bool writes_attributes = false;
  };

  Prepared observing(const std::vector<std::string>& paths, LayerSide side) const {
    const std::lock_guard<std::mutex> lock(mutex_);
    Prepared& prepared = prepared_[{paths, side}];
    if (!prepared.code) {
      const auto graph = observed_graph(module_, paths, side);
      prepared = {torch::jit::Code(graph, "forward"), writes_attributes(graph->block())};
    }
    return prepared;
  }

  Module module_;
  bool training_;
  std::vector<LayerName> names_;
  mutable std::mutex mutex_;
  mutable std::map<std::pair<std::vector<std::string>, LayerSide>, Prepared> prepared_;
};

}  // namespace

std::shared_ptr<const Network> torchscript_network(const Module& module) {
  return std::make_shared<TorchScriptNetwork>(module);
}

}  // namespace whycam::network
