// A C++ network. C++ modules have no hooks, so its layers are found in three ways: a Tap reports itself; the children
// of a network that is a Sequential are run by us, one by one; and one of libtorch's modules with weights is the
// outermost operator call that takes its own weight.
#include "whycam/module.h"

#include <c10/util/Type.h>
#include <torch/nn/modules/batchnorm.h>
#include <torch/nn/modules/container/sequential.h>
#include <torch/utils.h>

#include <map>
#include <mutex>
#include <optional>
#include <set>
#include <typeinfo>

#include "formats/torchscript/messages.h"
#include "torch/model/failure.h"
#include "torch/model/inputs.h"
#include "torch/model/network.h"
#include "torch/model/weight_watch.h"
#include "whycam/nearest_names.h"
#include "whycam/tap.h"

namespace whycam::network {
namespace {

using torch::nn::Module;
using torch::nn::SequentialImpl;

/// libtorch's normalisations hold on to their buffers in training mode, without computing gradients with them.
bool is_batch_norm(const Module& module) {
  const auto is = [&](auto* of_type) { return dynamic_cast<decltype(of_type)>(&module) != nullptr; };
  return is(static_cast<const torch::nn::BatchNorm1dImpl*>(nullptr)) ||
         is(static_cast<const torch::nn::BatchNorm2dImpl*>(nullptr)) ||
         is(static_cast<const torch::nn::BatchNorm3dImpl*>(nullptr));
}

/// A module in training mode updates its buffers as it runs. They are put back, and meanwhile no other run sees them.
class BuffersPutBack {
 public:
  explicit BuffersPutBack(Module* module) {
    // One lock for all networks: several of them may share a module. A network may call whycam itself.
    static std::recursive_mutex mutex;
    if (!module) return;
    bool training = false;
    for (const auto& part : module->modules()) training = training || part->is_training();
    if (!training) return;
    lock_ = std::unique_lock<std::recursive_mutex>(mutex);
    for (const auto& part : module->named_modules()) {
      for (const auto& buffer : part.value()->named_buffers(/*recurse=*/false)) {
        if (!buffer.value().defined()) continue;
        const torch::Tensor values = buffer.value().detach();
        kept_.push_back({buffer.key(), buffer.value(), values, values.clone(), 0, is_batch_norm(*part.value())});
      }
    }
    for (Kept& kept : kept_) {
      kept.buffer.set_data(kept.written);
      kept.uses = kept.buffer.use_count();
    }
  }
  ~BuffersPutBack() {
    for (Kept& kept : kept_) kept.buffer.set_data(kept.values);
  }

  /// Throws ModelError where gradients would be computed with a buffer's values of before the run instead of those that
  /// the run wrote: where the buffer was written and the graph holds on to it. Batch norms hold theirs without using
  /// them.
  void check_gradients_need_none() const {
    for (const Kept& kept : kept_)
      if (!kept.of_batch_norm && kept.buffer.use_count() > kept.uses && !kept.written.equal(kept.values))
        throw ModelError("the network is in training mode, writes on its buffer \"" + kept.name +
                         "\" and computes with it; call eval() on it, or let it compute with a copy (.clone())");
  }

 private:
  struct Kept {
    std::string name;
    torch::Tensor buffer, values, written;
    std::size_t uses;
    bool of_batch_norm;
  };
  std::unique_lock<std::recursive_mutex> lock_;
  std::vector<Kept> kept_;
};

/// The module's class. Not Module::name(), which writes to a cache and so is not for several threads.
const std::type_info& type_of(const Module& module) { return typeid(module); }

std::string class_name(const Module& module) { return c10::demangle(typeid(module).name()); }

/// How a layer is observed; `module` is the one that reports.
struct Way {
  enum Kind { none, tap, step, weight } kind = none;
  const Module* module = nullptr;
};

class ModuleNetwork : public RunnableNetwork {
 public:
  ModuleNetwork(std::shared_ptr<Module> module, Forward forward)
      : module_(std::move(module)), forward_(std::move(forward)) {
    if (!module_) return;
    for (const auto& part : module_->named_modules("", /*include_self=*/false)) {
      names_.push_back({part.key(), class_name(*part.value())});
      modules_.emplace(part.key(), part.value());
    }
    if (!forward_)
      for (const auto& child : dynamic_cast<const SequentialImpl&>(*module_)) steps_.insert(child.ptr().get());
  }

  c10::IValue run(const std::vector<torch::Tensor>& inputs, const std::vector<c10::IValue>& additional_forward_args,
                  const std::vector<Layer>& layers, LayerSide side, Recorder& recorder) const override {
    WeightWatch watch(recorder, side);
    std::map<const Module*, std::size_t> steps;
    std::map<std::pair<const Module*, std::optional<std::int64_t>>, std::size_t> observed;
    for (std::size_t slot = 0; slot < layers.size(); ++slot) {
      const Way way = way_to(layers[slot], side);
      const auto [first, is_new] = observed.emplace(std::pair(way.module, layers[slot].call()), slot);
      if (!is_new && way.kind != Way::none) {  // the same layer twice, or a Sequential and its last child
        recorder.share(slot, first->second);
        continue;
      }
      if (way.kind == Way::tap) recorder.watch(way.module, slot);
      if (way.kind == Way::step) steps[way.module] = slot;
      if (way.kind == Way::weight) watch.add(*way.module, slot);
      if (way.kind == Way::none) throw LayerError(needs_a_tap(layers[slot]));
    }
    std::vector<c10::IValue> arguments(inputs.begin(), inputs.end());
    arguments.insert(arguments.end(), additional_forward_args.begin(), additional_forward_args.end());
    const BuffersPutBack buffers(module_.get());
    try {
      const Recorder::Scope scope(recorder);
      const WeightWatch::Scope watching(watch);
      const c10::IValue result =
          forward_ ? forward_(module_.get(), arguments) : c10::IValue(run_sequential(arguments, steps, side, recorder));
      buffers.check_gradients_need_none();
      watch.check_calls_agree();
      if (forward_) check_containers_ran_once(layers, recorder);  // otherwise its steps are run here, in order
      return result;
    } catch (const Error&) {
      throw;
    } catch (const std::exception& failure) {
      torchscript::throw_if_out_of_memory(failure);
      throw ModelError(failure_of_the_network(failure, inputs, floating_type()));
    }
  }

  std::shared_ptr<const torchscript::Script> script(const std::vector<Layer>&, LayerSide) const override {
    return nullptr;
  }

  bool can_observe(const Layer& layer, LayerSide side) const override { return way_to(layer, side).kind != Way::none; }

  std::vector<LayerName> layer_names() const override { return names_; }

  std::string name_of(const Layer& layer) const override {
    if (!layer.module()) return layer.path();
    for (const auto& [path, module] : modules_)
      if (module.get() == layer.module()) return path;
    return class_name(*layer.module());
  }

  std::optional<torch::Device> device() const override {
    return module_ ? common_device(module_->parameters()) : std::nullopt;
  }

  std::optional<torch::ScalarType> floating_type() const override {
    return module_ ? floating_type_of(*module_) : std::nullopt;
  }

  std::uint64_t weights_version() const override {
    if (!module_) return 0;
    std::vector<torch::Tensor> tensors = module_->parameters();
    if (!module_->is_training()) {  // in training mode the buffers change as it runs
      const std::vector<torch::Tensor> buffers = module_->buffers();
      tensors.insert(tensors.end(), buffers.begin(), buffers.end());
    }
    return version_of(tensors);
  }

  std::shared_ptr<const Network> before_softmax(const std::vector<OutputElement>&) const override {
    throw ModelError("what a C++ network does before its softmax is not known; give a network without it");
  }

  std::shared_ptr<const Network> replica(torch::Device device) const override {
    if (!module_)
      throw ModelError("a plain function cannot be replicated on other devices; explain it without device_ids");
    try {
      const std::shared_ptr<Module> copy = module_->clone(device);
      check_replica(*copy);
      auto network = std::make_shared<ModuleNetwork>(copy, forward_);
      network->call_layers_as_in(*this);
      return network;
    } catch (const Error&) {
      throw;
    } catch (const std::exception& failure) {
      torchscript::throw_if_out_of_memory(failure);
      check_available(device);
      throw ModelError("the network cannot be replicated on other devices: derive it from torch::nn::Cloneable (" +
                       torchscript::first_sentence(failure) + ")");
    }
  }

 private:
  static constexpr const char* wrap_it =
      "Wrap the network in a function, as in whycam::Model::of([net](torch::Tensor x) { return net->forward(x); }), "
      "and "
      "mark layers with a whycam::Tap";

  /// A Sequential is observed by its last (or first) child, which may be called elsewhere, too.
  void check_containers_ran_once(const std::vector<Layer>& layers, const Recorder& recorder) const {
    for (std::size_t slot = 0; slot < layers.size(); ++slot)
      if (type_of(*module_of(layers[slot])) == typeid(SequentialImpl) && recorder.runs(slot) > 1)
        throw LayerError("the child by which the layer \"" + name_of(layers[slot]) +
                         "\" is observed ran several times; mark the layer with a whycam::Tap");
  }

  /// A replica's layers have the names of the original's.
  void call_layers_as_in(const ModuleNetwork& original) {
    names_ = original.names_;
    modules_.clear();
    const auto modules = module_->modules(/*include_self=*/false);
    for (std::size_t i = 0; i < modules.size(); ++i) modules_.emplace(names_[i].path, modules[i]);
  }

  /// A child that is not Cloneable is not copied: the replica would hold one with weights of its own.
  void check_replica(const Module& replica) const {
    const auto originals = module_->modules(), copies = replica.modules();
    bool same_modules = originals.size() == copies.size();
    for (std::size_t i = 0; same_modules && i < originals.size(); ++i)
      same_modules =
          type_of(*originals[i]) == type_of(*copies[i]) && originals[i]->is_training() == copies[i]->is_training();
    if (!same_modules)
      throw ModelError(
          "the network cannot be replicated on other devices: the copy's modules or their modes are not the "
          "network's; derive each module from torch::nn::Cloneable");
    const auto same = [](const auto& originals, const auto& copies) {
      for (std::size_t i = 0; i < originals.size(); ++i) {  // by place: a copied Sequential loses its children's names
        const torch::Tensor& original = originals[i].value();
        if (original.defined() && !(i < copies.size() && copies[i].defined() &&
                                    copies[i].detach().to(original.device()).equal(original.detach())))
          throw ModelError("the network cannot be replicated on other devices: the copy has not the values of \"" +
                           originals[i].key() + "\"; derive the module that holds it from torch::nn::Cloneable");
      }
    };
    same(module_->named_parameters(), replica.parameters());
    same(module_->named_buffers(), replica.buffers());
  }

  torch::Tensor run_sequential(const std::vector<c10::IValue>& arguments,
                               const std::map<const Module*, std::size_t>& slots, LayerSide side,
                               Recorder& recorder) const {
    if (arguments.size() != 1)
      throw ModelError("whycam runs a torch::nn::Sequential child by child, with one input; " +
                       std::to_string(arguments.size()) + " inputs and additional arguments were given. " + wrap_it);
    torch::nn::AnyValue result = run_steps(torch::nn::AnyValue(arguments[0].toTensor()), slots, side, recorder);
    if (!result.try_get<torch::Tensor>())
      throw ModelError(std::string("the last child of the torch::nn::Sequential gives no tensor. ") + wrap_it);
    return result.get<torch::Tensor>();
  }

  torch::nn::AnyValue run_steps(torch::nn::AnyValue value, const std::map<const Module*, std::size_t>& slots,
                                LayerSide side, Recorder& recorder) const {
    for (auto& child : dynamic_cast<SequentialImpl&>(*module_)) {
      const auto slot = slots.find(child.ptr().get());
      const auto report = [&](torch::nn::AnyValue seen) {
        if (slot == slots.end()) return seen;
        if (!seen.try_get<torch::Tensor>())
          throw LayerError(
              std::string("the child of the torch::nn::Sequential that is the layer handles no single tensor. ") +
              wrap_it);
        return torch::nn::AnyValue(recorder.record(slot->second, *seen.try_get<torch::Tensor>()).toTensor());
      };
      if (side == LayerSide::input) value = report(std::move(value));
      value = child.any_forward(std::move(value));
      if (side == LayerSide::output) value = report(std::move(value));
    }
    return value;
  }

  const Module* module_of(const Layer& layer) const {
    if (layer.module()) {
      if (module_.get() == layer.module()) return layer.module();
      if (!module_ && dynamic_cast<const TapImpl*>(layer.module())) return layer.module();
      if (!module_)
        throw LayerError("a layer of a plain function is a whycam::Tap that it calls; a " +
                         class_name(*layer.module()) + " was given");
      for (const auto& [path, module] : modules_)
        if (module.get() == layer.module()) return module.get();
      throw LayerError("the layer given by reference (a " + class_name(*layer.module()) +
                       ") is no part of this network; register it with register_module");
    }
    const auto found = modules_.find(layer.path());
    if (found != modules_.end()) return found->second.get();
    std::vector<std::string> paths;
    for (const LayerName& name : names_) paths.push_back(name.path);
    if (paths.empty())
      throw LayerError("there is no layer \"" + layer.path() +
                       "\": the network has no submodules; give a whycam::Tap that it calls by reference");
    throw LayerError("there is no layer \"" + layer.path() + "\"; the nearest are " +
                     one_of(nearest_names(layer.path(), paths)));
  }

  Way way_to(const Layer& layer, LayerSide side) const { return way_to(module_of(layer), side); }

  Way way_to(const Module* module, LayerSide side) const {
    if (dynamic_cast<const TapImpl*>(module)) return {Way::tap, module};
    if (steps_.count(module)) return {Way::step, module};
    if (type_of(*module) == typeid(SequentialImpl)) {  // begins with its first child and ends with its last
      const auto children = module->children();
      if (!children.empty())
        return way_to((side == LayerSide::output ? children.back() : children.front()).get(), side);
    }
    if (!WeightWatch::knows(*module, side) || shares_its_weight(*module)) return {};
    return {Way::weight, module};
  }

  /// Two modules with one weight tensor cannot be told apart by it.
  bool shares_its_weight(const Module& module) const {
    const torch::Tensor weight = WeightWatch::weight_of(module);
    std::size_t owners = 0;
    for (const auto& part : module_->modules())
      for (const torch::Tensor& parameter : part->parameters(/*recurse=*/false))
        owners += WeightWatch::same(parameter, weight);
    return owners > 1;
  }

  std::string needs_a_tap(const Layer& layer) const {
    const Module* module = module_of(layer);
    return "the layer \"" + name_of(layer) + "\" (" + class_name(*module) +
           ") cannot be observed from outside: C++ modules have no hooks, and it has no weight of its own that tells "
           "its "
           "call apart. Mark the place with a whycam::Tap: register one, write x = tap(x) where the layer's tensor is, "
           "and "
           "give the tap as the layer";
  }

  std::shared_ptr<Module> module_;
  Forward forward_;  ///< empty for a Sequential, which is run child by child
  std::vector<LayerName> names_;
  std::map<std::string, std::shared_ptr<const Module>> modules_;
  std::set<const Module*> steps_;  ///< the children of a Sequential
};

}  // namespace

std::shared_ptr<const Network> module_network(std::shared_ptr<Module> module, Forward forward) {
  if (!module) throw ModelError("the network that was given is a null pointer");
  return std::make_shared<ModuleNetwork>(std::move(module), std::move(forward));
}

std::shared_ptr<const Network> function_network(Forward forward) {
  return std::make_shared<ModuleNetwork>(nullptr, std::move(forward));
}

std::shared_ptr<const Network> sequential_network(std::shared_ptr<SequentialImpl> module) {
  if (!module) throw ModelError("the network that was given is a null pointer");
  return std::make_shared<ModuleNetwork>(std::move(module), nullptr);
}

}  // namespace whycam::network

torch::Tensor whycam::TapImpl::forward(const torch::Tensor& tensor) {
  network::Recorder* recorder = network::Recorder::current();
  return recorder ? recorder->record_tap(this, tensor) : tensor;
}
