#include <ATen/ops/empty.h>
#include <torch/csrc/autograd/variable.h>

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

c10::IValue Recorder::record(std::size_t slot, c10::IValue value) {
  Slot& observed = slots_[slot];
  observed.observations.clear();
  c10::IValue taken = take(observed, value);
  ++observed.runs;
  observed.order = ++ended_;
  return taken;
}

void Recorder::record_tensors(std::size_t slot, const std::vector<torch::Tensor>& tensors) {
  Slot& observed = slots_[slot];
  observed.observations.clear();
  for (const torch::Tensor& tensor : tensors) observed.observations.push_back(observe(tensor));
  ++observed.runs;
  observed.order = ++ended_;
}

torch::Tensor Recorder::record_tap(const torch::nn::Module* tap, const torch::Tensor& tensor) {
  const auto found = taps_.find(tap);
  return found == taps_.end() ? tensor : record(found->second, tensor).toTensor();
}

Observation Recorder::observe(const torch::Tensor& tensor) const {
  torch::Tensor activation =
      detail_ == Detail::values ? tensor.detach().clone() : at::empty({}, tensor.scalar_type()).expand(tensor.sizes());
  Observation observation{std::move(activation), {}, {}, {}};
  if (!tensor.requires_grad()) return observation;
  observation.edge = torch::autograd::impl::gradient_edge(tensor);
  if (tensor.is_view() && tensor._base().requires_grad()) {
    observation.view = tensor;
    observation.memory = torch::autograd::impl::gradient_edge(torch::Tensor(tensor._base()));
  }
  return observation;
}

torch::Tensor Recorder::take(Slot& slot, const torch::Tensor& tensor) {
  if (!tensor.defined()) return tensor;
  const bool needs_gradient = !tensor.requires_grad() && tensor.is_floating_point() && at::GradMode::is_enabled();
  if (!needs_gradient) {
    slot.observations.push_back(observe(tensor));
    return tensor;
  }
  torch::Tensor leaf = tensor.detach().clone().requires_grad_(true);
  slot.observations.push_back(observe(leaf));
  return leaf.clone();  // an in-place operation may follow, which a leaf refuses
}

c10::IValue Recorder::take(Slot& slot, const c10::IValue& value) {
  if (value.isTensor()) return take(slot, value.toTensor());
  if (value.isTuple()) {
    std::vector<c10::IValue> elements;
    for (const c10::IValue& element : value.toTupleRef().elements()) elements.push_back(take(slot, element));
    const auto type = value.toTupleRef().type();  // keeps the field names of a named tuple
    return type->schema() ? c10::IValue(c10::ivalue::Tuple::createNamed(std::move(elements), type))
                          : c10::IValue(c10::ivalue::Tuple::create(std::move(elements)));
  }
  if (value.isList()) {
    auto list = value.toList();  // lists and dictionaries are shared: replace in place, as identity is kept
    for (std::size_t i = 0; i < list.size(); ++i) list.set(i, take(slot, list.get(i)));
    return value;
  }
  if (value.isGenericDict()) {
    auto dictionary = value.toGenericDict();
    for (auto& entry : dictionary) entry.setValue(take(slot, entry.value()));
    return value;
  }
  return value;
}

}  // namespace whycam::network
