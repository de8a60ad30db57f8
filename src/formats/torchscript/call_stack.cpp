#include "formats/torchscript/call_stack.h"

#include <algorithm>

namespace whycam::torchscript {
namespace {

bool is_tensor_list(const c10::TypePtr& type) {
  const auto list = type->cast<c10::ListType>();
  return list && list->getElementType()->kind() == c10::TypeKind::TensorType;
}

/// 0 for what is no tuple of tensors.
std::size_t tensors_in_tuple(const c10::TypePtr& type) {
  const auto tuple = type->cast<c10::TupleType>();
  if (!tuple) return 0;
  const auto elements = tuple->elements();
  const bool all = std::all_of(elements.begin(), elements.end(), [](const c10::TypePtr& element) {
    return element->kind() == c10::TypeKind::TensorType;
  });
  return all ? elements.size() : 0;
}

}  // namespace

std::vector<std::size_t> inputs_per_parameter(const c10::FunctionSchema& schema, std::size_t inputs) {
  std::vector<std::size_t> counts;
  for (std::size_t i = 1; i < schema.arguments().size() && inputs > 0; ++i) {
    const c10::TypePtr& type = schema.arguments()[i].type();
    const std::size_t in_tuple = tensors_in_tuple(type);
    counts.push_back(is_tensor_list(type) ? inputs : in_tuple > 0 ? std::min(in_tuple, inputs) : 1);
    inputs -= counts.back();
  }
  if (inputs > 0) counts.resize(counts.size() + inputs, 1);  // one too many: libtorch says so
  return counts;
}

torch::jit::Stack call_stack(const c10::FunctionSchema& schema, const c10::IValue& self,
                             const std::vector<torch::Tensor>& inputs,
                             const std::vector<c10::IValue>& additional_arguments) {
  torch::jit::Stack stack{self};
  auto next = inputs.begin();
  for (const std::size_t count : inputs_per_parameter(schema, inputs.size())) {
    const auto end = next + static_cast<std::ptrdiff_t>(count);
    const bool known = stack.size() < schema.arguments().size();
    const c10::TypePtr type = known ? schema.arguments()[stack.size()].type() : nullptr;
    if (known && is_tensor_list(type))
      stack.emplace_back(c10::List<at::Tensor>(c10::ArrayRef<at::Tensor>(&*next, count)));
    else if (known && tensors_in_tuple(type) > 0)
      stack.emplace_back(c10::ivalue::Tuple::create(std::vector<c10::IValue>(next, end)));
    else
      stack.emplace_back(*next);
    next = end;
  }
  stack.insert(stack.end(), additional_arguments.begin(), additional_arguments.end());
  schema.checkAndNormalizeInputs(stack, {});
  return stack;
}

}  // namespace whycam::torchscript
