#include "torch/model/operator_call.h"

#include <ATen/ScalarOps.h>
#include <ATen/core/dispatch/Dispatcher.h>
#include <ATen/core/jit_type.h>

#include "torch/model/newer_operators.h"

namespace whycam::network {
namespace {

using c10::IValue;
using c10::TypeKind;
using c10::TypePtr;
using pt2::Argument;

[[noreturn]] void refuse(const pt2::Node& node, const std::string& why) {
  throw formats::Error(pt2::op_text(node) + " in \"" + node.name + "\": " + why);
}

/// Whether an operator of libtorch's own does more than compute: a program is data, which touches no file, process or
/// stream.
bool reaches_out(const pt2::Node& node) {
  for (const char* domain : {"c10d", "_c10d_functional", "_c10d_functional_autograd", "debugprims", "image", "inductor",
                             "profiler", "rpc", "symm_mem"})
    if (node.domain == domain) return true;
  return node.domain == "aten" && (node.op == "from_file" || node.op == "_print" || node.op == "save");
}

c10::OperatorHandle operator_of(const pt2::Node& node) {
  if (reaches_out(node))
    refuse(node, "an operator that touches files, streams or other processes; a program computes alone");
  provide_newer_operators();
  const std::string overload = node.overload == "default" ? "" : node.overload;
  const auto found = c10::Dispatcher::singleton().findSchema({node.domain + "::" + node.op, overload});
  if (!found)
    refuse(node,
           "an operator that neither whycam nor this libtorch has; load the shared library that brings it "
           "(--operators FILE), or take a newer libtorch");
  return *found;
}

/// What a type is where it may be None.
TypePtr without_none(const TypePtr& type) {
  return type->kind() == TypeKind::OptionalType ? type->expectRef<c10::OptionalType>().getElementType() : type;
}

bool is_integer(const TypePtr& type) {
  return type->kind() == TypeKind::IntType || type->kind() == TypeKind::SymIntType;
}

/// A number as an argument of this type. As in PyTorch, one in a tensor's place does not change the tensors' type.
IValue number(const c10::Scalar& value, const TypePtr& type) {
  if (type->kind() == TypeKind::TensorType) {
    torch::Tensor tensor = c10::scalar_to_tensor(value);
    tensor.unsafeGetTensorImpl()->set_wrapped_number(true);
    return tensor;
  }
  if (type->kind() == TypeKind::FloatType) return value.toDouble();
  return value;
}

std::int64_t memory_format(aten::MemoryFormat format, std::int64_t dimensions) {
  if (format == aten::MemoryFormat::contiguous) return static_cast<std::int64_t>(at::MemoryFormat::Contiguous);
  if (format == aten::MemoryFormat::preserve) return static_cast<std::int64_t>(at::MemoryFormat::Preserve);
  return static_cast<std::int64_t>(dimensions == 5 ? at::MemoryFormat::ChannelsLast3d : at::MemoryFormat::ChannelsLast);
}

/// Turns the arguments of one node into libtorch's.
class Converter {
 public:
  Converter(const pt2::Node& node, const ValueOf& value_of) : node_(node), value_of_(value_of) {}

  IValue converted(const Argument& given, const TypePtr& declared, std::int64_t count) {
    const TypePtr type = without_none(declared);
    const bool is_list = type->kind() == TypeKind::ListType;
    if (const auto* elements = std::get_if<std::vector<Argument>>(&given.value)) {
      if (!is_list) refuse(node_, "a list in the place of " + type->str());
      return list(*elements, type->expectRef<c10::ListType>().getElementType());
    }
    if (is_list && !std::holds_alternative<std::monostate>(given.value))
      return list(std::vector<Argument>(static_cast<std::size_t>(count), given),
                  type->expectRef<c10::ListType>().getElementType());
    return single(given, type);
  }

 private:
  IValue list(const std::vector<Argument>& elements, const TypePtr& element) {
    c10::impl::GenericList values(is_integer(element) ? TypePtr(c10::IntType::get()) : element);
    for (const Argument& one : elements) values.push_back(single(one, without_none(element)));
    return values;
  }

  IValue single(const Argument& given, const TypePtr& type) {
    return std::visit(
        [&](const auto& value) -> IValue {
          using T = std::decay_t<decltype(value)>;
          if constexpr (std::is_same_v<T, std::monostate>) {
            return {};
          } else if constexpr (std::is_same_v<T, pt2::TensorName> || std::is_same_v<T, pt2::NumberName>) {
            return named(value_of_(value.name), type);
          } else if constexpr (std::is_same_v<T, bool>) {
            return type->kind() == TypeKind::BoolType ? IValue(value) : number(c10::Scalar(value), type);
          } else if constexpr (std::is_same_v<T, std::int64_t> || std::is_same_v<T, double>) {
            return number(c10::Scalar(value), type);
          } else if constexpr (std::is_same_v<T, std::string>) {
            return value;
          } else if constexpr (std::is_same_v<T, aten::Type>) {
            return static_cast<std::int64_t>(scalar_type(value));
          } else if constexpr (std::is_same_v<T, aten::MemoryFormat>) {
            return memory_format(value, dimensions_);
          } else if constexpr (std::is_same_v<T, aten::Device>) {
            return torch::Device(torch::kCPU);
          } else {
            refuse(node_, "an argument that only Python can make anything of");
          }
        },
        given.value);
  }

  IValue named(const IValue& value, const TypePtr& type) {
    if (value.isTensor() && value.toTensor().defined() && dimensions_ < 0) dimensions_ = value.toTensor().dim();
    return value.isScalar() ? number(value.toScalar(), type) : value;
  }

  const pt2::Node& node_;
  const ValueOf& value_of_;
  std::int64_t dimensions_ = -1;  ///< of the first tensor
};

/// Which of a schema's arguments each of a node's is.
std::vector<const Argument*> arranged(const pt2::Node& node, const c10::FunctionSchema& schema) {
  std::vector<const Argument*> found(schema.arguments().size());
  std::size_t next = 0;
  for (const auto& [name, given] : node.inputs) {
    const auto index = name.empty() ? std::optional<int>(static_cast<int>(next)) : [&, &of = name] {
      const auto named = schema.argumentIndexWithName(of);
      return named ? std::optional<int>(*named) : of == "self" ? std::optional<int>(0) : std::nullopt;
    }();
    if (!index || static_cast<std::size_t>(*index) >= found.size())
      refuse(node, "an argument \"" + name + "\" that this libtorch does not know");
    found[static_cast<std::size_t>(*index)] = &given;
    ++next;
  }
  return found;
}

}  // namespace

torch::ScalarType scalar_type(aten::Type type) {
  switch (type) {
    case aten::Type::boolean:
      return torch::kBool;
    case aten::Type::uint8:
      return torch::kByte;
    case aten::Type::int8:
      return torch::kChar;
    case aten::Type::int16:
      return torch::kShort;
    case aten::Type::int32:
      return torch::kInt;
    case aten::Type::int64:
      return torch::kLong;
    case aten::Type::other:
      throw formats::Error("numbers of a type that is not known");
    default:
      return torch::kFloat;
  }
}

std::vector<IValue> call_operator(const pt2::Node& node, const ValueOf& value_of) {
  const c10::OperatorHandle handle = operator_of(node);
  const c10::FunctionSchema& schema = handle.schema();
  const std::vector<const Argument*> given = arranged(node, schema);
  Converter converter(node, value_of);
  torch::jit::Stack stack;
  for (std::size_t i = 0; i < given.size(); ++i) {
    const c10::Argument& declared = schema.arguments()[i];
    if (given[i])
      stack.push_back(converter.converted(*given[i], declared.type(), declared.N().value_or(1)));
    else if (declared.default_value())
      stack.push_back(*declared.default_value());
    else
      refuse(node, "lacks the argument \"" + declared.name() + "\"");
  }
  handle.callBoxed(&stack);
  return stack;
}

}  // namespace whycam::network
