#include "formats/torchscript/call_tensors.h"

#include <algorithm>

namespace whycam::torchscript {
namespace {

aten::Type type_of(torch::ScalarType type) {
  switch (type) {
    case torch::kBool:
      return aten::Type::boolean;
    case torch::kByte:
      return aten::Type::uint8;
    case torch::kChar:
      return aten::Type::int8;
    case torch::kShort:
      return aten::Type::int16;
    case torch::kInt:
      return aten::Type::int32;
    case torch::kLong:
      return aten::Type::int64;
    case torch::kHalf:
      return aten::Type::float16;
    case torch::kBFloat16:
      return aten::Type::bfloat16;
    case torch::kFloat:
      return aten::Type::float32;
    case torch::kDouble:
      return aten::Type::float64;
    default:
      return aten::Type::other;
  }
}

aten::MemoryFormat memory_format_of(std::int64_t format) {
  switch (static_cast<c10::MemoryFormat>(format)) {
    case c10::MemoryFormat::Contiguous:
      return aten::MemoryFormat::contiguous;
    case c10::MemoryFormat::Preserve:
      return aten::MemoryFormat::preserve;
    default:
      return aten::MemoryFormat::other;
  }
}

}  // namespace

aten::Tensor CallTensors::tensor(const torch::Tensor& tensor) {
  const auto known =
      std::find_if(tensors_.begin(), tensors_.end(), [&](const torch::Tensor& one) { return one.is_same(tensor); });
  const auto id = static_cast<std::size_t>(known - tensors_.begin());
  if (known == tensors_.end()) tensors_.push_back(tensor);
  return {id, tensor.sizes().vec(), type_of(tensor.scalar_type())};
}

/// In scripts types and formats are integers, which only the names in the operator's schema tell from others.
aten::Argument CallTensors::argument(const c10::IValue& value, const std::string& name) {
  if (value.isNone()) return {};
  if (value.isTensor()) return value.toTensor().defined() ? aten::Argument{tensor(value.toTensor())} : aten::Argument{};
  if (value.isBool()) return {value.toBool()};
  if (value.isInt() && name == "dtype") return {type_of(static_cast<torch::ScalarType>(value.toInt()))};
  if (value.isInt() && name == "memory_format") return {memory_format_of(value.toInt())};
  if (value.isInt()) return {value.toInt()};
  if (value.isDouble()) return {value.toDouble()};
  if (value.isString()) return {value.toStringRef()};
  if (value.isDevice()) return {aten::Device{value.toDevice().is_cpu()}};
  if (!value.isList()) throw CannotCompile("an argument of the type " + value.tagKind());
  aten::Arguments elements;
  for (const c10::IValue& element : value.toListRef()) elements.push_back(argument(element, {}));
  return {elements};
}

aten::Arguments CallTensors::arguments(const torch::jit::Node& node, const std::vector<c10::IValue>& inputs) {
  const c10::FunctionSchema* schema = node.maybeSchema();
  aten::Arguments result;
  for (std::size_t i = 0; i < inputs.size(); ++i) {
    const bool named = schema && i < schema->arguments().size();
    result.push_back(argument(inputs[i], named ? schema->arguments()[i].name() : std::string()));
  }
  return result;
}

std::vector<double> CallTensors::numbers(const aten::Tensor& tensor) {
  const torch::Tensor numbers = tensors_[tensor.id].detach().to(torch::kDouble).contiguous();
  const double* begin = numbers.data_ptr<double>();
  return {begin, begin + numbers.numel()};
}

/// Most operators keep the order of what they read.
torch::Tensor CallTensors::in_order(torch::Tensor result, const aten::Call& call, bool view) const {
  using aten::Order;
  bool gaps = false, lost = false;
  for (const torch::Tensor& tensor : tensors_) {
    if (!symbols_.is_symbol(tensor)) continue;
    const Order order = symbols_.order(tensor);
    gaps = gaps || order == Order::gaps;
    lost = lost || order == Order::other || order == Order::unknown;
  }
  if (lost)
    symbols_.set_order(result, Order::unknown);
  else if (call.becomes() != Order::row_major)
    symbols_.set_order(result, call.becomes());
  else if (gaps && view)
    symbols_.set_order(result, Order::gaps);
  return result;
}

torch::Tensor CallTensors::tensor_of(const aten::Result& result, const aten::Call& call, bool in_place) {
  const torch::Tensor& self = tensors_.at(0);
  switch (result.kind) {
    case aten::Result::Kind::unchanged:
      return self;
    case aten::Result::Kind::row_major:
      return symbols_.stand_in(result.value);
    case aten::Result::Kind::perhaps:
      symbols_.perhaps_copies.push_back(result.value);
      return symbols_.stand_in(result.value, self);
    case aten::Result::Kind::view:
      if (in_place) throw CannotCompile("a change of shape in place");
      return in_order(symbols_.stand_in(result.value, symbols_.is_symbol(self) ? self : torch::Tensor(), result.part),
                      call, true);
    case aten::Result::Kind::computed:
      break;
  }
  if (!in_place)
    return in_order(result.is_condition ? symbols_.condition(result.value) : symbols_.stand_in(result.value), call,
                    false);
  if (graph.shape(result.value) != call.shape()) throw CannotCompile("an operation in place that changes the shape");
  symbols_.write(self, result.value);
  return self;
}

std::vector<c10::IValue> CallTensors::results(const aten::Call& call, const std::vector<c10::IValue>& inputs,
                                              bool in_place) {
  if (call.results().size() == 1 && call.results()[0].kind == aten::Result::Kind::unchanged) return {inputs.at(0)};
  std::vector<c10::IValue> values;
  c10::List<torch::Tensor> list;
  for (const aten::Result& result : call.results()) {
    const torch::Tensor tensor = tensor_of(result, call, in_place);
    list.push_back(tensor);
    values.emplace_back(tensor);
  }
  return call.gives_list() ? std::vector<c10::IValue>{list} : values;
}

}  // namespace whycam::torchscript
