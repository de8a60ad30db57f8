// Activations, arithmetic, comparisons and choices, and products of matrices.
#include <algorithm>
#include <cmath>
#include <limits>

#include "formats/onnx/rules.h"
#include "graph/attention.h"
#include "graph/conditions.h"
#include "graph/differentiate.h"
#include "graph/operators.h"

namespace whycam::onnx {
namespace {

using graph::Function;
using graph::MatmulAttributes;
using graph::Operator;
using graph::Shape;
using graph::Value;

constexpr double infinity = std::numeric_limits<double>::infinity();

void function(Rules& rules, const std::string& op, Function function, double alpha = 0, double beta = 0) {
  rules[op] = [=](Call& call) { call.give(call.graph.unary(function, call.value(), alpha, beta)); };
}

/// One that a report names among the activations that are not guided.
void activation(Rules& rules, const std::string& op, Function function, const std::string& report_name,
                double alpha = 0) {
  rules[op] = [=](Call& call) {
    call.give_activation(call.graph.unary(function, call.value(), call.number("alpha", alpha)), report_name);
  };
}

void relu(Call& call) { call.give_activation(call.graph.unary(Function::relu, call.value()), "relu"); }

/// A bound as an attribute (up to operator set 10) or as an input. The greatest floats mean none.
double bound(const Call& call, const std::string& attribute, std::size_t i, double otherwise) {
  double number = call.number(attribute, otherwise);
  if (call.given(i)) {
    const Array array = call.array(i);
    if (array.numbers.size() != 1) call.refuse("a bound of " + std::to_string(array.numbers.size()) + " numbers");
    number = array.numbers[0];
  }
  return std::abs(number) >= static_cast<double>(std::numeric_limits<float>::max()) ? std::copysign(infinity, number)
                                                                                    : number;
}

/// A clip at 0 from below alone is a ReLU, and one at 0 and 6 a ReLU6. A ReLU that such a one alone reads is part of
/// it: so PyTorch writes the function relu6.
void clip(Call& call) {
  const double low = bound(call, "min", 1, -infinity), high = bound(call, "max", 2, infinity);
  if (low == 0 && high == infinity) return relu(call);
  const bool relu6 = low == 0 && high == 6;
  const Value x = call.value();
  if (relu6 && graph::is_relu(call.graph[x], false) && call.reads_alone(0)) call.graph.make_part(x);
  const Value value = call.graph.unary(relu6 ? Function::hardtanh : Function::clamp, x, low, high);
  call.give_activation(value, relu6 ? "relu6" : "clamp");
}

void hard_sigmoid(Call& call) {
  const double slope = call.number("alpha", 0.2), offset = call.number("beta", 0.5);
  graph::Graph& g = call.graph;
  if (std::abs(slope - 1.0 / 6) < 1e-6 && offset == 0.5)  // PyTorch's, written as a float
    return call.give_activation(g.unary(Function::hardsigmoid, call.value()), "hardsigmoid");
  call.give_activation(g.unary(Function::hardtanh, g.unary(Function::linear, call.value(), slope, offset), 0, 1),
                       "hardsigmoid");
}

void selu(Call& call) {
  const double alpha = call.number("alpha", 1.67326319217681884765625),
               gamma = call.number("gamma", 1.05070102214813232421875);
  call.give_activation(call.graph.unary(Function::linear, call.graph.unary(Function::elu, call.value(), alpha), gamma),
                       "elu");
}

void celu(Call& call) {
  const double alpha = call.number("alpha", 1);
  if (!(alpha > 0)) call.refuse("a CELU with an alpha of " + std::to_string(alpha));
  const Value x = call.graph.unary(Function::elu, call.graph.unary(Function::linear, call.value(), 1 / alpha), 1);
  call.give_activation(call.graph.unary(Function::linear, x, alpha), "celu");
}

void shrink(Call& call) {
  const double lambd = call.number("lambd", 0.5), bias = call.number("bias", 0);
  if (!(lambd >= 0)) call.refuse("a lambd of " + std::to_string(lambd));
  call.give_activation(call.graph.unary(Function::shrink, call.value(), lambd, bias), "shrink");
}

/// x where it is positive, else slope * x. Up to operator set 6 one slope a channel, later any that can be broadcast.
void prelu(Call& call) {
  graph::Graph& g = call.graph;
  Value slope = call.value(1);
  const std::size_t dimensions = call.dimensions();
  if (call.operator_set < 7 && call.dimensions(1) == 1 && dimensions > 1) {
    Shape shape(dimensions - 1, 1);
    shape[0] = call.shape(1)[0];
    slope = g.reshape(slope, shape);
  }
  const Value positive = g.unary(Function::leaky_relu, call.value(), 0);
  const Value negative =
      g.unary(Function::clamp, call.value(), -infinity, 0);  // its derivative at 0 is 1: the slope's, as in PyTorch
  call.give_activation(g.binary(Operator::add, positive, g.binary(Operator::multiply, negative, slope)), "prelu");
}

void softsign(Call& call) {  // x / (1 + |x|)
  graph::Graph& g = call.graph;
  const Value below = g.unary(Function::linear, g.unary(Function::absolute, call.value()), 1, 1);
  call.give_activation(g.binary(Operator::divide, call.value(), below), "softsign");
}

void power(Call& call) {
  const auto base = call.known(0);
  if (base && base->numbers.size() == 1 && base->numbers[0] > 0 && !call.known(1)) {  // a^x = e^(x log a)
    graph::Graph& g = call.graph;
    return call.give(g.unary(Function::exp, g.unary(Function::linear, call.value(1), std::log(base->numbers[0]))));
  }
  const Array exponent = call.array(1);
  if (exponent.numbers.size() != 1)
    call.refuse("an exponent of " + std::to_string(exponent.numbers.size()) + " numbers");
  call.give(call.graph.unary(Function::power, call.value(), exponent.numbers[0]));
}

/// Up to operator set 6 the second operand may be laid along an axis of the first.
Value second_operand(Call& call) {
  const Value b = call.value(1);
  if (call.operator_set >= 7 || call.integer("broadcast", 0) == 0 || !call.has("axis")) return b;
  const std::size_t dimensions = call.dimensions(), axis = axis_of(call.integer("axis", 0), dimensions);
  Shape shape = call.shape(1);
  if (axis + shape.size() > dimensions) call.refuse("an operand that reaches beyond the other");
  shape.resize(dimensions - axis, 1);
  return call.graph.reshape(b, shape);
}

void binary(Rules& rules, const std::string& op, Operator with) {
  rules[op] = [=](Call& call) {
    call.give(call.graph.add(with, {call.value(0), second_operand(call)}, {}, call.name));
  };
}

/// Of any number of inputs, one after the other.
Value folded(Call& call, Operator with) {
  Value result = call.value(0);
  for (std::size_t i = 1; i < call.count(); ++i) result = call.graph.binary(with, result, call.value(i));
  return result;
}

/// The largest or smallest of any number of inputs, by the name that a report has for it.
void extreme(Call& call, Operator with, const std::string& report_name) {
  const Value result = folded(call, with);
  if (call.count() < 2) return call.give(result);
  call.give_activation(result, report_name);
}

void mean(Call& call) {
  call.give(call.graph.unary(Function::linear, folded(call, Operator::add), 1 / static_cast<double>(call.count())));
}

/// Which of two inputs is one known number, where the other has the shape of the result.
std::optional<std::size_t> bound_of(const Call& call) {
  if (call.count() != 2) return std::nullopt;
  for (const std::size_t i : {std::size_t{1}, std::size_t{0}}) {
    const auto number = call.known(i, 1);
    if (number && number->numbers.size() == 1 && call.dimensions(i) <= call.dimensions(1 - i)) return i;
  }
  return std::nullopt;
}

/// With 0 it is a ReLU, with another number a bound.
void maximum(Call& call) {
  const auto at = bound_of(call);
  if (!at) return extreme(call, Operator::maximum, "maximum");
  const double low = call.array(*at).numbers[0];
  const Value x = call.value(1 - *at);
  if (low == 0) return call.give_activation(call.graph.unary(Function::relu, x), "relu");
  call.give_activation(call.graph.unary(Function::clamp, x, low, infinity), "clamp");
}

/// With a number it is a bound; with 6 and a ReLU that it alone reads, a ReLU6: so JAX writes it.
void minimum(Call& call) {
  const auto at = bound_of(call);
  if (!at) return extreme(call, Operator::minimum, "minimum");
  const double high = call.array(*at).numbers[0];
  const Value x = call.value(1 - *at);
  if (high != 6 || !graph::is_relu(call.graph[x], false) || !call.reads_alone(1 - *at))
    return call.give_activation(call.graph.unary(Function::clamp, x, -infinity, high), "clamp");
  call.graph.make_part(x);
  call.give_activation(call.graph.unary(Function::hardtanh, x, 0, high), "relu6");
}

/// alpha * A * B + beta * C
void gemm(Call& call) {
  graph::Graph& g = call.graph;
  if (call.dimensions(0) != 2 || call.dimensions(1) != 2) call.refuse("factors that are no matrices");
  MatmulAttributes a;
  a.transpose_a = call.integer("transA", 0) != 0;
  a.transpose_b = call.integer("transB", 0) != 0;
  const double alpha = call.number("alpha", 1), beta = call.number("beta", 1);
  std::vector<Value> inputs{call.value(0), call.value(1)};
  const std::int64_t columns = call.shape(1)[a.transpose_b ? 0 : 1];
  const bool with_c = call.given(2) && beta != 0;
  const bool a_row = with_c && alpha == 1 && beta == 1 && call.shape(2) == Shape{columns};
  if (a_row) inputs.push_back(call.value(2));
  Value result = g.add(Operator::matmul, inputs, a, call.name);
  if (alpha != 1) result = g.unary(Function::linear, result, alpha);
  if (with_c && !a_row) {
    const Value c = beta == 1 ? call.value(2) : g.unary(Function::linear, call.value(2), beta);
    result = g.binary(Operator::add, result, c);
  }
  call.give(result);
}

/// A vector is a row before a matrix and a column behind one; that dimension is not in the result.
void product_with_vector(Call& call) {
  graph::Graph& g = call.graph;
  Shape a = call.shape(0), b = call.shape(1);
  if (a.empty() || b.empty()) call.refuse("a product with a single number");
  const bool row = a.size() == 1, column = b.size() == 1;
  if (row) a.insert(a.begin(), 1);
  if (column) b.push_back(1);
  const Value product = g.add(Operator::matmul, {g.reshape(call.value(0), a), g.reshape(call.value(1), b)},
                              MatmulAttributes{}, call.name);
  Shape shape = g.shape(product);
  if (column) shape.pop_back();
  if (row) shape.erase(shape.end() - (column ? 1 : 2));
  call.give(g.reshape(product, shape));
}

void matmul(Call& call) {
  if (call.dimensions(0) < 2 || call.dimensions(1) < 2) return product_with_vector(call);
  graph::Graph& g = call.graph;
  const Shape a = call.shape(0), b = call.shape(1);
  if (a.size() <= 2 || b.size() != 2)
    return call.give(g.add(Operator::matmul, {call.value(0), call.value(1)}, MatmulAttributes{}, call.name));
  // One matrix for all: rows of every batch in one product.
  Shape result = a;
  result.back() = b[1];
  const Value rows = g.reshape(call.value(0), {graph::element_count(a) / a.back(), a.back()});
  call.give(g.reshape(g.add(Operator::matmul, {rows, call.value(1)}, MatmulAttributes{}, call.name), result));
}

/// Whether a is greater than b, or b than a; or the opposite of that.
void compare(Rules& rules, const std::string& op, bool swapped, bool opposite) {
  rules[op] = [=](Call& call) {
    const Value greater = graph::greater(call.graph, call.value(swapped ? 1 : 0), call.value(swapped ? 0 : 1));
    call.give(opposite ? graph::negation(call.graph, greater) : greater);
  };
}

bool is_zero(const std::optional<Array>& array) {
  return array && std::all_of(array->numbers.begin(), array->numbers.end(), [](double number) { return number == 0; });
}

/// A branch of a choice. -inf is a score that a softmax makes 0 of; a number that is none cannot be multiplied away
/// where the other branch is chosen.
Value branch_of(Call& call, std::size_t i) {
  const std::optional<Array> known = call.known(i);
  if (!known || std::all_of(known->numbers.begin(), known->numbers.end(), [](double x) { return std::isfinite(x); }))
    return call.value(i);
  const std::optional<Array> condition = call.known(0, std::int64_t{1} << 24);
  if (!condition) call.refuse("a choice of infinity or NaN that depends on the inputs");
  if (graph::has_row_of(i == 1, condition->numbers, condition->shape)) call.refuse("a row that is masked as a whole");
  std::vector<float> scores;
  for (const double x : known->numbers) {
    if (!std::isfinite(x) && x != -infinity) call.refuse("a choice of " + std::to_string(x));
    scores.push_back(x == -infinity ? graph::never : static_cast<float>(x));
  }
  return call.graph.add_constant(graph::constant_of(std::move(scores)), known->shape);
}

/// One of two values.
void where(Call& call) {
  graph::Graph& g = call.graph;
  const Value condition = call.value(0);
  if (is_zero(call.known(2))) {
    const Value then = g.binary(Operator::multiply, call.value(1), condition);
    if (g.shape(then) == graph::broadcast(call.shape(1), call.shape(2))) return call.give(then);
  }
  call.give(graph::choose(g, condition, branch_of(call, 1), branch_of(call, 2)));
}

/// x where it is above a threshold, else 0.
void thresholded_relu(Call& call) {
  const double threshold = call.number("alpha", 1);
  if (threshold == 0) return relu(call);
  graph::Graph& g = call.graph;
  const Value above = graph::greater(g, call.value(), g.scalar(threshold));
  call.give_activation(g.binary(Operator::multiply, call.value(), above), "thresholded_relu");
}

/// x * sigmoid(alpha * x)
void swish(Call& call) {
  const double alpha = call.number("alpha", 1);
  call.give_activation(sigmoid_gated(call.graph, call.value(), alpha), "silu");
}

void add_activation_rules(Rules& rules) {
  rules["Relu"] = relu;
  rules["Clip"] = clip;
  rules["ThresholdedRelu"] = thresholded_relu;
  activation(rules, "LeakyRelu", Function::leaky_relu, "leaky_relu", 0.01);
  activation(rules, "Elu", Function::elu, "elu", 1);
  activation(rules, "Sigmoid", Function::sigmoid, "sigmoid");
  activation(rules, "Tanh", Function::tanh, "tanh");
  activation(rules, "HardSwish", Function::hardswish, "hardswish");
  activation(rules, "Mish", Function::mish, "mish");
  rules["Softplus"] = [](Call& call) {  // beyond 40 it is x in double precision, too
    call.give_activation(call.graph.unary(Function::softplus, call.value(), 1, 40), "softplus");
  };
  rules["Swish"] = swish;
  rules["Gelu"] = [](Call& call) {
    call.give_activation(
        call.graph.unary(call.text("approximate", "none") == "tanh" ? Function::gelu_tanh : Function::gelu,
                         call.value()),
        "gelu");
  };
  rules["HardSigmoid"] = hard_sigmoid;
  rules["Selu"] = selu;
  rules["Celu"] = celu;
  rules["PRelu"] = prelu;
  rules["Shrink"] = shrink;
  rules["Softsign"] = softsign;
}

}  // namespace

Value sigmoid_gated(graph::Graph& g, Value x, double alpha) {
  if (alpha == 1) return g.unary(Function::silu, x);
  return g.binary(Operator::multiply, x, g.unary(Function::sigmoid, g.unary(Function::linear, x, alpha)));
}

void add_arithmetic_rules(Rules& rules) {
  add_activation_rules(rules);
  function(rules, "Exp", Function::exp);
  function(rules, "Log", Function::log);
  function(rules, "Sqrt", Function::sqrt);
  function(rules, "Abs", Function::absolute);
  // Exporters write GELUs with it; nothing else in a classifier has it.
  rules["Erf"] = [](Call& call) { call.give_activation(call.graph.unary(Function::erf, call.value()), "gelu"); };
  function(rules, "Floor", Function::floor);
  function(rules, "Ceil", Function::ceil);
  function(rules, "Round", Function::round);
  function(rules, "Sin", Function::sine);
  function(rules, "Cos", Function::cosine);
  function(rules, "Neg", Function::linear, -1);
  function(rules, "Reciprocal", Function::power, -1);
  rules["Pow"] = power;
  binary(rules, "Add", Operator::add);
  binary(rules, "Sub", Operator::subtract);
  binary(rules, "Mul", Operator::multiply);
  binary(rules, "Div", Operator::divide);
  rules["Sum"] = [](Call& call) { call.give(folded(call, Operator::add)); };
  rules["Mean"] = mean;
  rules["Max"] = maximum;
  rules["Min"] = minimum;
  rules["Gemm"] = gemm;
  rules["MatMul"] = matmul;
  rules["Where"] = where;
  compare(rules, "Greater", false, false);
  compare(rules, "Less", true, false);
  compare(rules, "GreaterOrEqual", true, true);
  compare(rules, "LessOrEqual", false, true);
  rules["Equal"] = [](Call& call) { call.give(graph::equal(call.graph, call.value(0), call.value(1))); };
  binary(rules, "And", Operator::multiply);
  binary(rules, "Or", Operator::maximum);
  rules["Not"] = [](Call& call) { call.give(graph::negation(call.graph, call.value())); };
  rules["Sign"] = [](Call& call) { call.give(graph::sign(call.graph, call.value())); };
}

}  // namespace whycam::onnx
