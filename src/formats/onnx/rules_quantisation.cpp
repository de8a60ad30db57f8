// QuantizeLinear and DequantizeLinear.
#include <algorithm>

#include "formats/onnx/quantisation.h"
#include "formats/onnx/rules.h"
#include "graph/operators.h"

namespace whycam::onnx {
namespace {

using graph::Function;
using graph::Operator;
using graph::Shape;
using graph::Value;

/// One number for all, or one for each place along an axis, laid along it.
class Parameters {
 public:
  Parameters(const Call& call, std::vector<double> numbers, const Shape& shape) : numbers_(std::move(numbers)) {
    if (numbers_.size() == 1) return;
    const std::size_t axis = axis_of(call.integer("axis", 1), shape.size());
    if (call.integer("block_size", 0) != 0) call.refuse("scales of blocks for numbers that depend on the inputs");
    if (shape[axis] != static_cast<std::int64_t>(numbers_.size()))
      call.refuse(std::to_string(numbers_.size()) + " scales for an extent of " + std::to_string(shape[axis]));
    shape_.assign(shape.size() - axis, 1);
    shape_[0] = shape[axis];
  }

  bool all_equal() const {
    return std::all_of(numbers_.begin(), numbers_.end(), [&](double number) { return number == numbers_[0]; });
  }
  double first() const { return numbers_[0]; }

  Value times(graph::Graph& g, Value x, bool inverse) const {
    if (all_equal()) return first() == 1 ? x : g.unary(Function::linear, x, inverse ? 1 / first() : first());
    return g.binary(inverse ? Operator::divide : Operator::multiply, x, value(g));
  }
  /// x plus or minus the numbers.
  Value plus(graph::Graph& g, Value x, double sign) const {
    if (all_equal()) return first() == 0 ? x : g.unary(Function::linear, x, 1, sign * first());
    return g.binary(sign > 0 ? Operator::add : Operator::subtract, x, value(g));
  }

 private:
  Value value(graph::Graph& g) const {
    return g.add_constant(graph::constant_of(std::vector<float>(numbers_.begin(), numbers_.end())), shape_);
  }

  std::vector<double> numbers_;
  Shape shape_;
};

std::vector<double> scales_of(const Call& call) {
  std::vector<double> scales = call.array(1).numbers;
  for (const double scale : scales)
    if (!(scale > 0)) call.refuse("a scale of " + std::to_string(scale));
  if (scales.empty()) call.refuse("no scale");
  return scales;
}

std::vector<double> zero_points_of(const Call& call, std::size_t count) {
  if (!call.given(2)) return std::vector<double>(count, 0);
  std::vector<double> zero_points = call.array(2).numbers;
  if (zero_points.size() != count) call.refuse("scales and zero points of different numbers");
  return zero_points;
}

/// The type's, which the zero point has.
QuantisedRange range_of(const Call& call) {
  auto type = static_cast<std::int32_t>(call.integer("output_dtype", 0));
  if (const auto* zero_point = call.given(2) ? std::get_if<Array>(&call.item(2)) : nullptr) type = zero_point->type;
  if (type == 0 && !call.given(2)) type = proto::TensorProto::UINT8;
  const auto range = range_of_type(type);
  if (!range)
    call.refuse("integers of the type number " + std::to_string(type) + "; those of 4, 8 and 16 bits are understood");
  return *range;
}

/// Whether numbers below 0 may be there: what a convolution gives, or a sum with such.
bool may_be_negative(const graph::Graph& graph, Value value, int levels = 8) {
  const graph::Node& node = graph[value];
  switch (node.op) {
    case Operator::convolution:
    case Operator::convolution_transpose:
    case Operator::matmul:
      return true;
    case Operator::unary: {
      const auto& a = node.as<graph::FunctionAttributes>();
      if (a.function == Function::quantize) return a.alpha < 0;  // what was quantised before
      if (a.function != Function::linear || levels == 0) return false;
      return a.alpha < 0 || may_be_negative(graph, node.inputs[0], levels - 1);
    }
    case Operator::add:
    case Operator::multiply:
    case Operator::reshape:
    case Operator::transpose:
    case Operator::concat:
      return levels > 0 && std::any_of(node.inputs.begin(), node.inputs.end(),
                                       [&](Value input) { return may_be_negative(graph, input, levels - 1); });
    default:
      return false;
  }
}

/// Rounded half to even and cut off at the type's bounds. The gradient passes as if nothing had been rounded, and not
/// where something was cut off, as in training for quantisation. Where the lower bound is 0 behind a convolution, a
/// ReLU was there: who quantises networks leaves it to the bound.
void quantise(Call& call) {
  graph::Graph& g = call.graph;
  const QuantisedRange range = range_of(call);
  const std::vector<double> scales = scales_of(call), zero_points = zero_points_of(call, scales.size());
  const Parameters scale(call, scales, call.shape()), zero(call, zero_points, call.shape());
  Value x = call.value();
  const bool cut_at_zero = zero.all_equal() && zero.first() == range.low;
  if (cut_at_zero && may_be_negative(g, x)) {
    x = g.unary(Function::relu, x);
    g.set_activation(x, "relu");
  }
  x = scale.times(g, x, true);
  if (zero.all_equal()) {
    x = g.unary(Function::quantize, x, range.low - zero.first(), range.high - zero.first());
    return call.give(zero.plus(g, x, 1));
  }
  constexpr double unbounded = 2147483648.0;
  x = zero.plus(g, g.unary(Function::quantize, x, -unbounded, unbounded), 1);
  call.give(g.unary(Function::clamp, x, range.low, range.high));
}

void dequantise(Call& call) {
  graph::Graph& g = call.graph;
  const std::vector<double> scales = scales_of(call);
  if (const auto* x = std::get_if<Array>(&call.item(0))) {
    const Array scale = call.array(1);
    const auto zero_point = call.given(2) ? std::optional(call.array(2)) : std::nullopt;
    auto numbers = dequantised(*x, scale, zero_point ? &*zero_point : nullptr, call.integer("axis", 1),
                               call.integer("block_size", 0));
    return call.give(g.add_constant(graph::constant_of(std::move(numbers)), x->shape, call.name));
  }
  const Parameters scale(call, scales, call.shape()), zero(call, zero_points_of(call, scales.size()), call.shape());
  call.give(scale.times(g, zero.plus(g, call.value(), -1), false));
}

void refuse_integers(Call& call) {
  call.refuse(
      "an operator on integers has no gradient: quantise the network in the format QDQ, with QuantizeLinear and "
      "DequantizeLinear around floating-point operators (onnxruntime.quantization: quant_format=QuantFormat.QDQ)");
}

}  // namespace

void add_quantisation_rules(Rules& rules) {
  rules["QuantizeLinear"] = quantise;
  rules["DequantizeLinear"] = dequantise;
  for (const char* op : {"QLinearConv", "QLinearMatMul", "ConvInteger", "MatMulInteger", "DynamicQuantizeLinear"})
    rules[op] = refuse_integers;
}

}  // namespace whycam::onnx
