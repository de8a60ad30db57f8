#include <ATen/ops/empty.h>
#include <torch/csrc/autograd/variable.h>

#include "formats/torchscript/named_tensors.h"
#include "torch/model/network.h"

namespace whycam::network {
namespace {

thread_local Recorder* current_recorder = nullptr;

}  // namespace

bool Observation::was_overwritten() const {
  return view.defined() && torch::autograd::impl::gradient_edge(view).function != edge.function;
}

Recorder* Recorder::current() { return current_recorder; }

Recorder::Scope::Scope(Recorder& recorder) : former_(current_recorder) { current_recorder = &recorder; }

Recorder::Scope::~Scope() { current_recorder = former_; }

bool Recorder::Slot::begin_run() {
  const std::int64_t run = runs++;
  if (wanted_call && run != *wanted_call) return false;
  observations.clear();
  return true;
}

c10::IValue Recorder::record(std::size_t slot, c10::IValue value) {
  Slot& observed = slots_[slot];
  if (!observed.begin_run()) return value;
  c10::IValue taken = take(observed, value);
  observed.order = ++ended_;
  return taken;
}

void Recorder::record(std::size_t slot, std::vector<Observation> observations) {
  Slot& observed = slots_[slot];
  observed.observations = std::move(observations);
  observed.runs = observed.wanted_call.value_or(0) + 1;
  observed.order = ++ended_;
}

void Recorder::record_tensors(std::size_t slot, const std::vector<torch::Tensor>& tensors) {
  Slot& observed = slots_[slot];
  if (!observed.begin_run()) return;
  for (const torch::Tensor& tensor : tensors) observed.observations.push_back(observe(tensor));
  observed.order = ++ended_;
}

torch::Tensor Recorder::record_tap(const torch::nn::Module* tap, const torch::Tensor& tensor) {
  torch::Tensor observed = tensor;
  const auto [first, last] = taps_.equal_range(tap);
  for (auto slot = first; slot != last; ++slot) observed = record(slot->second, observed).toTensor();
  return observed;
}

Observation Recorder::observe(const torch::Tensor& tensor) const {
  torch::Tensor activation =
      detail_ == Detail::values ? tensor.detach().clone() : at::empty({}, tensor.scalar_type()).expand(tensor.sizes());
  Observation observation{{}, std::move(activation), {}, {}, {}};
  if (!tensor.requires_grad()) return observation;
  observation.edge = torch::autograd::impl::gradient_edge(tensor);
  if (tensor.is_view() && tensor._base().requires_grad()) {
    observation.view = tensor;
    observation.memory = torch::autograd::impl::gradient_edge(torch::Tensor(tensor._base()));
  }
  return observation;
}

torch::Tensor Recorder::take(Slot& slot, const torch::Tensor& tensor, const std::string& name) {
  if (!tensor.defined()) return tensor;
  const bool needs_gradient = !tensor.requires_grad() && tensor.is_floating_point() && at::GradMode::is_enabled();
  if (!needs_gradient) {
    slot.observations.push_back(observe(tensor));
    slot.observations.back().name = name;
    return tensor;
  }
  torch::Tensor leaf = tensor.detach().clone().requires_grad_(true);
  slot.observations.push_back(observe(leaf));
  slot.observations.back().name = name;
  return leaf.clone();  // an in-place operation may follow, which a leaf refuses
}

c10::IValue Recorder::take(Slot& slot, const c10::IValue& value, const std::string& name) {
  if (value.isTensor()) return take(slot, value.toTensor(), name);
  if (value.isTuple()) {
    std::vector<c10::IValue> elements;
    for (std::size_t i = 0; i < value.toTupleRef().elements().size(); ++i) {
      const std::string own = torchscript::element_name(value, i);
      elements.push_back(take(slot, value.toTupleRef().elements()[i], own.empty() ? name : own));
    }
    const auto type = value.toTupleRef().type();  // keeps the field names of a named tuple
    return type->schema() ? c10::IValue(c10::ivalue::Tuple::createNamed(std::move(elements), type))
                          : c10::IValue(c10::ivalue::Tuple::create(std::move(elements)));
  }
  if (value.isList()) {
    auto list = value.toList();  // lists and dictionaries are shared: replace in place, as identity is kept
    for (std::size_t i = 0; i < list.size(); ++i) list.set(i, take(slot, list.get(i), name));
    return value;
  }
  if (value.isGenericDict()) {
    auto dictionary = value.toGenericDict();
    for (auto& entry : dictionary) entry.setValue(take(slot, entry.value(), torchscript::key_name(entry.key())));
    return value;
  }
  return value;
}

}  // namespace whycam::network
