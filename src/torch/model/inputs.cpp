#include "torch/model/inputs.h"

#include <ATen/ops/empty.h>

#include <string>

#include "formats/torchscript/messages.h"
#include "whycam/errors.h"

namespace whycam::network {
c10::IValue map_tensors(const c10::IValue& value, const std::function<torch::Tensor(const torch::Tensor&)>& change) {
  if (value.isTensor()) return value.toTensor().defined() ? c10::IValue(change(value.toTensor())) : value;
  if (value.isTuple()) {
    std::vector<c10::IValue> elements;
    for (const c10::IValue& element : value.toTupleRef().elements()) elements.push_back(map_tensors(element, change));
    const auto type = value.toTupleRef().type();  // keeps the field names of a named tuple
    return type->schema() ? c10::IValue(c10::ivalue::Tuple::createNamed(std::move(elements), type))
                          : c10::IValue(c10::ivalue::Tuple::create(std::move(elements)));
  }
  if (value.isList()) {
    const auto list = value.toList();
    c10::impl::GenericList copy(list.elementType());
    for (std::size_t i = 0; i < list.size(); ++i) copy.push_back(map_tensors(list.get(i), change));
    return copy;
  }
  if (value.isGenericDict()) {
    const auto dictionary = value.toGenericDict();
    c10::impl::GenericDict copy(dictionary.keyType(), dictionary.valueType());
    for (const auto& entry : dictionary) copy.insert(entry.key(), map_tensors(entry.value(), change));
    return copy;
  }
  return value;
}

void check_inputs(const std::vector<torch::Tensor>& inputs) {
  if (inputs.empty()) throw InputError("there is no input to explain");
  for (std::size_t i = 0; i < inputs.size(); ++i) {
    const torch::Tensor& input = inputs[i];
    const std::string name = inputs.size() == 1 ? "the input" : "input " + std::to_string(i);
    if (!input.defined()) throw InputError(name + " is an undefined tensor");
    if (input.scalar_type() != torch::kFloat && input.scalar_type() != torch::kDouble)
      throw InputError(name + " has type " + c10::toString(input.scalar_type()) +
                       "; whycam explains float32 and float64: convert it with .to(torch::kFloat)");
    if (input.layout() != torch::kStrided) throw InputError(name + " is sparse; give a dense tensor");
    if (input.dim() == 0 || input.numel() == 0)
      throw InputError(name + " is empty: its shape is " + torchscript::shape_text(input.sizes()));
    if (input.size(0) != inputs[0].size(0))
      throw InputError("the inputs hold different numbers of examples: " + name + " has " +
                       std::to_string(input.size(0)) + ", the first has " + std::to_string(inputs[0].size(0)));
  }
}

void check_available(torch::Device device) {
  try {
    at::empty({1}, device);
  } catch (const std::exception& failure) {
    throw ModelError("the device " + device.str() + " is not available to this libtorch (" +
                     torchscript::first_sentence(failure) + ")");
  }
}

OwnInputs::OwnInputs(const std::vector<torch::Tensor>& inputs) {
  for (const torch::Tensor& input : inputs) {
    // A tensor made in inference mode cannot take part in autograd; a copy made outside can.
    leaves.push_back((input.is_inference() ? input.clone() : input.detach()).requires_grad_(true));
    given.push_back(leaves.back().clone());
  }
}

std::vector<c10::IValue> own_arguments(const std::vector<c10::IValue>& arguments) {
  std::vector<c10::IValue> copies;
  for (const c10::IValue& argument : arguments)
    copies.push_back(map_tensors(argument, [](const torch::Tensor& tensor) { return tensor.detach().clone(); }));
  return copies;
}

}  // namespace whycam::network
