#include "formats/torchscript/output_element.h"

#include <string>

#include "formats/torchscript/messages.h"
#include "whycam/errors.h"

namespace whycam::torchscript {
namespace {

std::string describe(const c10::IValue& value) {
  if (value.isTensor()) return "a tensor of " + shape_text(value.toTensor().sizes());
  if (value.isTuple()) return "a tuple of " + std::to_string(value.toTupleRef().elements().size());
  if (value.isList()) return "a list of " + std::to_string(value.toListRef().size());
  if (value.isGenericDict()) return "a dictionary";
  return "a value of type " + value.tagKind();
}

/// "choose one as the output element: 0 (a tensor of 1 x 5), 1 (a list of 2)".
std::string choices(const c10::IValue& value) {
  std::string text;
  const auto add = [&text](const std::string& key, const c10::IValue& element) {
    text += (text.empty() ? "; choose one as the output element: " : ", ") + key + " (" + describe(element) + ")";
  };
  if (value.isTuple()) {
    const auto& elements = value.toTupleRef().elements();
    for (std::size_t i = 0; i < elements.size(); ++i) add(std::to_string(i), elements[i]);
  } else if (value.isList()) {
    const auto elements = value.toListRef();
    for (std::size_t i = 0; i < elements.size(); ++i) add(std::to_string(i), elements[i]);
  } else if (value.isGenericDict()) {
    for (const auto& entry : value.toGenericDict())
      add(entry.key().isString() ? "\"" + entry.key().toStringRef() + "\"" : "?", entry.value());
  }
  return text;
}

c10::IValue element_of(const c10::IValue& value, const OutputElement& step) {
  if (const auto* index = std::get_if<std::int64_t>(&step)) {
    const auto at = static_cast<std::size_t>(*index);
    if (value.isTuple() && *index >= 0 && at < value.toTupleRef().elements().size())
      return value.toTupleRef().elements()[at];
    if (value.isList() && *index >= 0 && at < value.toListRef().size()) return value.toListRef()[at];
    throw ModelError("the network's output has no element " + std::to_string(*index) + ": it is " + describe(value) +
                     choices(value));
  }
  const std::string& key = std::get<std::string>(step);
  if (value.isGenericDict())
    for (const auto& entry : value.toGenericDict())
      if (entry.key().isString() && entry.key().toStringRef() == key) return entry.value();
  throw ModelError("the network's output has no element \"" + key + "\": it is " + describe(value) + choices(value));
}

}  // namespace

torch::Tensor output_tensor(const c10::IValue& output, const std::vector<OutputElement>& path) {
  c10::IValue value = output;
  for (const OutputElement& step : path) value = element_of(value, step);
  if (!value.isTensor()) throw ModelError("the network's output is no tensor but " + describe(value) + choices(value));
  if (!value.toTensor().defined() || !value.toTensor().is_floating_point())
    throw ModelError("the network's output is " + describe(value) +
                     " without floating-point numbers, which has no gradient to explain");
  return value.toTensor();
}

}  // namespace whycam::torchscript
