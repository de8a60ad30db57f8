// Constants, what is known of shapes, and what does nothing.
#include <algorithm>

#include "formats/onnx/rules.h"
#include "graph/conditions.h"

namespace whycam::onnx {
namespace {

using graph::Shape;
using graph::Value;

void shape_of(Call& call) {
  const Shape shape = call.shape();
  const auto bound = [&](const char* attribute, std::int64_t otherwise) {
    const std::int64_t given = call.integer(attribute, otherwise), size = static_cast<std::int64_t>(shape.size());
    return std::clamp<std::int64_t>(given < 0 ? given + size : given, 0, size);
  };
  const std::int64_t begin = bound("start", 0),
                     end = std::max(begin, bound("end", static_cast<std::int64_t>(shape.size())));
  call.give(integer_array({shape.begin() + begin, shape.begin() + end}));
}

void give_tensor(Call& call, const Tensor& tensor) {
  if (tensor.integers) return call.give(tensor.array);
  if (graph::element_count(tensor.shape) == 0) return call.give(Array{false, tensor.shape, {}});
  call.give(call.graph.add_constant(tensor.constant, tensor.shape, call.name));
}

void constant(Call& call) {
  if (call.has("value")) return give_tensor(call, call.tensor("value"));
  if (const auto* number = call.find("value_int")) return call.give(integer_scalar(number->i()));
  if (call.has("value_ints")) return call.give(integer_array(call.raw_integers("value_ints")));
  std::vector<float> numbers;
  if (call.has("value_float")) numbers.push_back(static_cast<float>(call.number("value_float", 0)));
  if (const auto* floats = call.find("value_floats")) numbers.assign(floats->floats().begin(), floats->floats().end());
  if (numbers.empty()) call.refuse("a constant that is no tensor of numbers");
  const Shape shape = call.has("value_float") ? Shape{} : Shape{static_cast<std::int64_t>(numbers.size())};
  call.give(call.graph.add_constant(graph::constant_of(std::move(numbers)), shape, call.name));
}

void constant_of_shape(Call& call) {
  const Shape shape = call.array(0).to_integers();
  const std::int64_t count = graph::element_count(shape);
  for (const std::int64_t extent : shape)
    if (extent < 0 || count > graph::most_elements) call.refuse("a constant of the shape " + graph::to_string(shape));
  Tensor value;
  if (call.has("value")) value = call.tensor("value");
  if (value.integers) {
    if (value.array.numbers.size() != 1) call.refuse("a value of more than one number");
    if (count > 1 << 20) call.refuse("more than 2^20 integers");
    return call.give(Array{true, shape, std::vector<double>(static_cast<std::size_t>(count), value.array.numbers[0])});
  }
  const float number = value.constant.holds_floats() ? *value.constant.numbers() : 0.0F;
  if (count == 0) return call.give(Array{false, shape, {}});
  // One number, repeated where it is needed: a file of some bytes must not ask for gigabytes.
  const Value one = call.graph.add_constant(graph::constant_of(std::vector<float>{number}), {}, call.name);
  call.give(shape.empty() ? one : call.graph.expand(one, shape));
}

bool is_floating_point(std::int64_t type) {
  return type == proto::TensorProto::FLOAT || type == proto::TensorProto::FLOAT16 ||
         type == proto::TensorProto::DOUBLE || type == proto::TensorProto::BFLOAT16;
}

/// From floating-point numbers to such, or to whether they are 0.
void cast(Call& call) {
  if (call.integer("to", 0) == proto::TensorProto::BOOL) {
    graph::Graph& g = call.graph;
    return call.give(graph::negation(g, graph::equal(g, call.value(), g.scalar(0))));
  }
  if (!is_floating_point(call.integer("to", 0))) call.refuse("numbers that become integers");
  call.give(call.value());
}

/// To the type of the second input.
void cast_like(Call& call) {
  const auto* like = std::get_if<Array>(&call.item(1));
  if (!like || !like->integers) return call.give(call.value());
  if (!std::holds_alternative<Array>(call.item(0))) call.refuse("numbers that become integers");
  call.give_item(call.item(0));
}

}  // namespace

void add_constant_rules(Rules& rules) {
  rules["Shape"] = shape_of;
  rules["Constant"] = constant;
  rules["ConstantOfShape"] = constant_of_shape;
  rules["Cast"] = cast;
  rules["CastLike"] = cast_like;
  rules["Identity"] = [](Call& call) { call.give_item(call.item(0)); };
  rules["Dropout"] = [](Call& call) {
    const bool drops = !call.given(1) || call.array(1).numbers.at(0) != 0;
    if (drops && call.given(2) && call.array(2).numbers.at(0) != 0) call.refuse("training mode");
    call.give_item(call.item(0));
  };
}

}  // namespace whycam::onnx
