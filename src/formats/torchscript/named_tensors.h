// The tensors in a value, with the names that they have there.
#pragma once

#include <ATen/core/function_schema.h>
#include <ATen/core/jit_type.h>

#include <string>

#include "whycam/torch_tensor.h"

namespace whycam::torchscript {

/// The name of a tuple's element; empty where the tuple has none.
inline std::string element_name(const c10::IValue& tuple, std::size_t i) {
  const auto type = tuple.toTupleRef().type();
  return type->schema() ? type->schema()->arguments().at(i).name() : std::string();
}

inline std::string key_name(const c10::IValue& key) { return key.isString() ? key.toStringRef() : std::string(); }

/// Calls `visit(name, tensor)` with the tensors in tuples, lists and dictionaries, in order; a name is that of the
/// innermost dictionary or named tuple.
template <class Visit>
void for_each_tensor(const c10::IValue& value, const Visit& visit, const std::string& name = {}) {
  if (value.isTensor()) return visit(name, value.toTensor());
  if (value.isTuple()) {
    const auto& elements = value.toTupleRef().elements();
    for (std::size_t i = 0; i < elements.size(); ++i) {
      const std::string own = element_name(value, i);
      for_each_tensor(elements[i], visit, own.empty() ? name : own);
    }
  } else if (value.isList()) {
    for (const c10::IValue& element : value.toListRef()) for_each_tensor(element, visit, name);
  } else if (value.isGenericDict()) {
    for (const auto& entry : value.toGenericDict()) for_each_tensor(entry.value(), visit, key_name(entry.key()));
  }
}

}  // namespace whycam::torchscript
