#include "formats/torchscript/symbols.h"

#include <ATen/ops/aminmax.h>
#include <ATen/ops/empty.h>

#include <cmath>

#include "graph/differentiate.h"

namespace whycam::torchscript {

constexpr char outdated[] = "an operation in place on a view of a tensor that is used elsewhere, too";

torch::Tensor Symbols::stand_in(graph::Value value, const torch::Tensor& base, std::optional<aten::Part> part) {
  const graph::Shape& shape = graph.shape(value);
  const torch::Tensor memory = base.defined() ? base : at::empty({1}, type);
  const torch::Tensor tensor = memory.as_strided(shape, std::vector<std::int64_t>(shape.size(), 0), 0);
  kept_.push_back(tensor);
  values_[tensor.unsafeGetTensorImpl()] = value;
  views_.emplace(tensor.storage().unsafeGetStorageImpl(), tensor.unsafeGetTensorImpl());
  if (part && is_symbol(base)) parts_.insert({tensor.unsafeGetTensorImpl(), {base.unsafeGetTensorImpl(), *part}});
  return tensor;
}

torch::Tensor Symbols::condition(graph::Value value) { return stand_in(value, at::empty({1}, torch::kBool)); }

bool Symbols::holds_symbol(const c10::IValue& value) const {
  bool any = false;
  value.visit([&](const c10::IValue& part) {
    any = any || (part.isTensor() && is_symbol(part.toTensor()));
    return any || part.isObject();  // the network's own attributes are none
  });
  return any;
}

graph::Value Symbols::value_of(const torch::Tensor& tensor) {
  const c10::TensorImpl* key = tensor.unsafeGetTensorImpl();
  if (outdated_.count(key)) throw CannotCompile(outdated);
  const auto found = values_.find(key);
  return found == values_.end() ? constant(tensor) : found->second;
}

bool Symbols::requires_gradient(const torch::Tensor& symbol, const std::vector<graph::Value>& inputs) {
  const graph::Value value = value_of(symbol);
  std::vector<bool> required(static_cast<std::size_t>(value) + 1, false);
  for (const graph::Value input : inputs)
    if (input <= value) required[static_cast<std::size_t>(input)] = true;
  for (graph::Value v = 0; v <= value; ++v)
    if (!graph::is_detach(graph[v]))
      for (const graph::Value input : graph[v].inputs)
        if (required[static_cast<std::size_t>(input)]) required[static_cast<std::size_t>(v)] = true;
  return required.back();
}

void Symbols::write(const torch::Tensor& tensor, graph::Value value) {
  if (!is_symbol(tensor)) throw CannotCompile("an operation in place on a tensor that does not depend on the inputs");
  values_[tensor.unsafeGetTensorImpl()] = value;
  std::set<const c10::TensorImpl*> current{tensor.unsafeGetTensorImpl()};
  for (auto at = parts_.find(tensor.unsafeGetTensorImpl()); at != parts_.end(); at = parts_.find(at->second.whole)) {
    const auto& [whole, part] = at->second;
    if (outdated_.count(whole)) throw CannotCompile(outdated);
    values_[whole] = graph.put(values_.at(whole), part.axis, part.begin, values_.at(at->first));
    current.insert(whole);
  }
  const auto views = views_.equal_range(tensor.storage().unsafeGetStorageImpl());
  for (auto view = views.first; view != views.second; ++view)
    if (current.count(view->second) == 0) outdated_.insert(view->second);
}

void Symbols::set_attribute(const torch::Tensor& tensor, const std::string& name) {
  if (tensor.defined() && attributes_.emplace(tensor.unsafeGetTensorImpl(), name).second) kept_.push_back(tensor);
}

aten::Order Symbols::order(const torch::Tensor& tensor) const {
  const auto found = orders_.find(tensor.unsafeGetTensorImpl());
  return found == orders_.end() ? aten::Order::row_major : found->second;
}

std::string Symbols::name_of(const torch::Tensor& tensor) const {
  const auto found = attributes_.find(tensor.unsafeGetTensorImpl());
  return found == attributes_.end() ? std::string() : found->second;
}

bool all_finite(const torch::Tensor& tensor) {
  if (tensor.numel() == 0) return true;
  const auto [least, greatest] = at::aminmax(tensor);  // NaN comes through
  return std::isfinite(least.item<double>()) && std::isfinite(greatest.item<double>());
}

graph::Value Symbols::constant(const torch::Tensor& tensor) {
  const c10::TensorImpl* key = tensor.unsafeGetTensorImpl();
  const bool is_attribute = attributes_.count(key) > 0;
  if (is_attribute && constants_.count(key)) return constants_[key];
  if (!tensor.device().is_cpu()) throw CannotCompile("weights on " + tensor.device().str());
  if (tensor.is_quantized() || tensor.is_sparse() || tensor.is_complex())
    throw CannotCompile("a tensor of the type " + std::string(c10::toString(tensor.scalar_type())));
  // A tensor without dimensions, as tracing makes of every number in Python, takes on the type of those that it meets.
  if (tensor.is_floating_point() && tensor.scalar_type() != type && tensor.dim() > 0)
    throw CannotCompile("a tensor of the type " + std::string(c10::toString(tensor.scalar_type())) +
                        " among others of " + c10::toString(type));
  torch::Tensor numbers =
      tensor.detach().resolve_neg().to(type == torch::kDouble ? torch::kDouble : torch::kFloat).contiguous();
  if (!all_finite(numbers)) throw CannotCompile("weights that hold NaN or infinity");
  // Others may still be written over by the network.
  if (!is_attribute && numbers.is_alias_of(tensor)) numbers = numbers.clone();
  graph::Constant constant;
  constant.owner = std::make_shared<const torch::Tensor>(numbers);
  if (type == torch::kDouble)
    constant.doubles = numbers.data_ptr<double>();
  else
    constant.floats = numbers.data_ptr<float>();
  const graph::Value value = graph.add_constant(constant, numbers.sizes().vec(), name_of(tensor));
  if (is_attribute) constants_[key] = value;
  return value;
}

}  // namespace whycam::torchscript
