// A C++ network. C++ modules have no hooks, so its layers are found in three ways: a Tap reports itself; the children of a
// network that is a Sequential are run by us, one by one; and one of libtorch's modules with weights is the outermost
// operator call that takes its own weight.
#include "whycam/module.h"

#include <c10/util/Type.h>
#include <torch/utils.h>

#include <map>
#include <mutex>
#include <optional>
#include <set>

#include "model/failure.h"
#include "model/network.h"
#include "model/weight_watch.h"
#include "whycam/nearest_names.h"
#include "whycam/tap.h"

namespace whycam::network {
namespace {

using torch::nn::Module;
using torch::nn::SequentialImpl;

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
    for (torch::Tensor& buffer : module->buffers()) {
      if (!buffer.defined()) continue;
      kept_.emplace_back(buffer, buffer.detach());
      buffer.set_data(buffer.detach().clone());
    }
  }
  ~BuffersPutBack() {
    for (auto& [buffer, values] : kept_) buffer.set_data(values);
  }

 private:
  std::unique_lock<std::recursive_mutex> lock_;
  std::vector<std::pair<torch::Tensor, torch::Tensor>> kept_;
};

/// The module's class. Not Module::name(), which writes to a cache and so is not for several threads.
std::string class_name(const Module& module) { return c10::demangle(typeid(module).name()); }

/// How a layer is observed; `module` is the one that reports.
struct Way {
  enum Kind { none, tap, step, weight } kind = none;
  const Module* module = nullptr;
};

class ModuleNetwork : public Network {
 public:
  ModuleNetwork(std::shared_ptr<Module> module, Forward forward)
      : module_(std::move(module)), forward_(std::move(forward)) {
    if (!module_) return;
    for (const auto& part : module_->named_modules("", /*include_self=*/false)) {
      names_.push_back({part.key(), class_name(*part.value())});
      modules_.emplace(part.key(), part.value().get());
    }
    if (!forward_)
      for (const auto& child : dynamic_cast<const SequentialImpl&>(*module_)) steps_.insert(child.ptr().get());
  }

  c10::IValue run(const std::vector<torch::Tensor>& inputs, const std::vector<c10::IValue>& additional_forward_args,
                  const std::vector<Layer>& layers, LayerSide side, Recorder& recorder) const override {
    WeightWatch watch(recorder, side);
    std::map<const Module*, std::size_t> steps;
    for (std::size_t slot = 0; slot < layers.size(); ++slot) {
      const Way way = way_to(layers[slot], side);
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
      if (forward_) return forward_(module_.get(), arguments);
      if (arguments.size() != 1)
        throw ModelError("torch::nn::Sequential takes one input; " + std::to_string(arguments.size()) +
                         " inputs and additional arguments were given");
      return run_steps(torch::nn::AnyValue(inputs[0]), steps, side, recorder).get<torch::Tensor>();
    } catch (const Error&) {
      throw;
    } catch (const std::exception& failure) {
      throw ModelError(failure_of_the_network(failure, inputs));
    }
  }

  bool can_observe(const Layer& layer, LayerSide side) const override { return way_to(layer, side).kind != Way::none; }

  std::vector<LayerName> layer_names() const override { return names_; }

  std::string name_of(const Layer& layer) const override {
    if (!layer.module()) return layer.path();
    for (const auto& [path, module] : modules_)
      if (module == layer.module()) return path;
    return class_name(*layer.module());
  }

  std::optional<torch::Device> device() const override {
    return module_ ? common_device(module_->parameters()) : std::nullopt;
  }

  std::shared_ptr<const Network> replica(torch::Device device) const override {
    if (!module_)
      throw ModelError("a plain function cannot be replicated on other devices; explain it without device_ids");
    try {
      const std::shared_ptr<Module> copy = module_->clone(device);
      check_replica(*copy);
      return std::make_shared<ModuleNetwork>(copy, forward_);
    } catch (const Error&) {
      throw;
    } catch (const std::exception& failure) {
      throw ModelError("the network cannot be replicated on other devices: derive it from torch::nn::Cloneable (" +
                       first_sentence(failure) + ")");
    }
  }

 private:
  /// A child that is not Cloneable is not copied: the replica would hold one with weights of its own.
  void check_replica(const Module& replica) const {
    const auto same = [](const auto& originals, const auto& copies) {
      for (const auto& original : originals) {
        const torch::Tensor* copy = copies.find(original.key());
        if (original.value().defined() &&
            !(copy && copy->defined() && copy->detach().to(original.value().device()).equal(original.value().detach())))
          throw ModelError("the network cannot be replicated on other devices: the copy has not the values of \"" +
                           original.key() + "\"; derive the module that holds it from torch::nn::Cloneable");
      }
    };
    same(module_->named_parameters(), replica.named_parameters());
    same(module_->named_buffers(), replica.named_buffers());
  }

  torch::nn::AnyValue run_steps(torch::nn::AnyValue value, const std::map<const Module*, std::size_t>& slots,
                                LayerSide side, Recorder& recorder) const {
    for (auto& child : dynamic_cast<SequentialImpl&>(*module_)) {
      const auto slot = slots.find(child.ptr().get());
      const auto report = [&](torch::nn::AnyValue seen) {
        if (slot == slots.end() || !seen.try_get<torch::Tensor>()) return seen;
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
      if (!module_ && dynamic_cast<const TapImpl*>(layer.module())) return layer.module();
      for (const auto& [path, module] : modules_)
        if (module == layer.module()) return module;
      throw LayerError("the layer given by reference (a " + class_name(*layer.module()) +
                       ") is no part of this network; register it with register_module");
    }
    const auto found = modules_.find(layer.path());
    if (found != modules_.end()) return found->second;
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
    if (typeid(*module) == typeid(SequentialImpl)) {  // begins with its first child and ends with its last
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
      for (const torch::Tensor& parameter : part->parameters(/*recurse=*/false)) owners += parameter.is_same(weight);
    return owners > 1;
  }

  std::string needs_a_tap(const Layer& layer) const {
    const Module* module = module_of(layer);
    return "the layer \"" + name_of(layer) + "\" (" + class_name(*module) +
           ") cannot be observed from outside: C++ modules have no hooks, and it has no weight of its own that tells its "
           "call apart. Mark the place with a whycam::Tap: register one, write x = tap(x) where the layer's tensor is, and "
           "give the tap as the layer";
  }

  std::shared_ptr<Module> module_;
  Forward forward_;  ///< empty for a Sequential, which is run child by child
  std::vector<LayerName> names_;
  std::map<std::string, const Module*> modules_;
  std::set<const Module*> steps_;  ///< the children of a Sequential
};

}  // namespace

std::shared_ptr<const Network> module_network(std::shared_ptr<Module> module, Forward forward) {
  return std::make_shared<ModuleNetwork>(std::move(module), std::move(forward));
}

std::shared_ptr<const Network> sequential_network(std::shared_ptr<SequentialImpl> module) {
  return std::make_shared<ModuleNetwork>(std::move(module), nullptr);
}

}  // namespace whycam::network
