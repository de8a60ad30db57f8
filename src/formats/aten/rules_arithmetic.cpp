// Activations, arithmetic, comparisons and choices, and products of matrices.
#include <algorithm>
#include <cmath>
#include <limits>

#include "formats/aten/rules.h"
#include "graph/attention.h"
#include "graph/conditions.h"

namespace whycam::aten {
namespace {

using graph::Function;
using graph::MatmulAttributes;
using graph::Operator;
using graph::Shape;
using graph::Value;

constexpr double infinity = std::numeric_limits<double>::infinity();

void function(Rules& rules, const std::string& op, Function function, double alpha = 0, double beta = 0) {
  rules[op] = [=](Call& call) { call.give(call.graph.unary(function, call.tensor(), alpha, beta)); };
}

/// One that reports name among the activations that are not guided.
void activation(Rules& rules, const std::string& op, Function function) {
  rules[op] = [=](Call& call) { call.give_activation(call.graph.unary(function, call.tensor()), op); };
}

void relu(Call& call) { call.give_activation(call.graph.unary(Function::relu, call.tensor()), "relu"); }

constexpr std::size_t left_out = 99;  ///< no operator has so many arguments

/// A clamp at 0 from below alone is a ReLU.
void clamp(Call& call, std::size_t low_at, std::size_t high_at, const std::string& name) {
  for (const std::size_t bound : {low_at, high_at})
    if (call.is<Tensor>(bound) && (call.depends_on_inputs(bound) || call.dimensions(bound) > 0))
      call.refuse("bounds that are tensors");
  const double from = call.number(low_at, -infinity), to = call.number(high_at, infinity);
  if (from == 0 && !call.given(high_at)) return relu(call);
  call.give_activation(call.graph.unary(Function::clamp, call.tensor(), from, to), name);
}

void hardtanh(Call& call) {
  const double low = call.number(1, -1), high = call.number(2, 1);
  const char* name = low == 0 && high == 6 ? "relu6" : "hardtanh";
  call.give_activation(call.graph.unary(Function::hardtanh, call.tensor(), low, high), name);
}

void threshold(Call& call) {
  if (call.number(1) != 0 || call.number(2) != 0) call.refuse("a threshold other than a ReLU's");
  relu(call);
}

void elu(Call& call) {
  const double scale = call.number(2, 1);
  if (call.number(3, 1) != 1) call.refuse("an ELU whose input is scaled");
  Value x = call.graph.unary(Function::elu, call.tensor(), call.number(1, 1));
  if (scale != 1) x = call.graph.unary(Function::linear, x, scale);
  call.give_activation(x, "elu");
}

void celu(Call& call) {
  const double alpha = call.number(1, 1);
  if (!(alpha > 0)) call.refuse("a CELU with an alpha of " + std::to_string(alpha));
  Value x = call.graph.unary(Function::linear, call.tensor(), 1 / alpha);
  x = call.graph.unary(Function::elu, x, 1);
  call.give_activation(call.graph.unary(Function::linear, x, alpha), "celu");
}

void selu(Call& call) {
  const Value x = call.graph.unary(Function::elu, call.tensor(), 1.6732632423543772848170429916717);
  call.give_activation(call.graph.unary(Function::linear, x, 1.0507009873554804934193349852946),
                       "elu");  // as autograd does it
}

void shrink(Call& call, bool soft) {
  const double lambd = call.number(1, 0.5);
  if (!(lambd >= 0)) call.refuse("a lambd of " + std::to_string(lambd));
  const Value x = call.graph.unary(Function::shrink, call.tensor(), lambd, soft ? lambd : 0);
  call.give_activation(x, soft ? "softshrink" : "hardshrink");
}

/// x where it is positive, else weight * x, with one weight or one a channel.
void prelu(Call& call) {
  graph::Graph& g = call.graph;
  Shape weight(static_cast<std::size_t>(std::max<std::int64_t>(call.dimensions() - 1, 1)), 1);
  weight[0] = call.shape(1).empty() ? 1 : call.shape(1)[0];
  const Value x = call.tensor(), positive = g.unary(Function::leaky_relu, x, 0);
  const Value negative =
      g.unary(Function::clamp, x, -infinity, 0);  // its derivative at 0 is 1: the weight's, as in PyTorch
  const Value scaled = g.binary(Operator::multiply, negative, g.reshape(call.tensor(1), weight));
  call.give_activation(g.binary(Operator::add, positive, scaled), "prelu");
}

void softplus(Call& call) {
  call.give_activation(call.graph.unary(Function::softplus, call.tensor(), call.number(1, 1), call.number(2, 20)),
                       "softplus");
}

void log_sigmoid(Call& call) {  // -softplus(-x)
  graph::Graph& g = call.graph;
  const Value plus =
      g.unary(Function::softplus, g.unary(Function::linear, call.tensor(), -1), 1, 40);  // beyond, they are one
  call.give_activation(g.unary(Function::linear, plus, -1), "log_sigmoid");
}

void power(Call& call) {
  if (call.is<Tensor>(1) && call.dimensions(1) > 0) call.refuse("an exponent that is a tensor");
  call.give(call.graph.unary(Function::power, call.tensor(), call.number(1)));
}

/// a + alpha * b
void addition(Call& call, bool subtract, bool reverse) {
  graph::Graph& g = call.graph;
  Value a = call.tensor(0), b = call.tensor(1);
  if (reverse) std::swap(a, b);
  const double alpha = call.number(2, 1);
  if (alpha != 1) b = g.unary(Function::linear, b, alpha);
  call.give(g.binary(subtract ? Operator::subtract : Operator::add, a, b));
}

/// x + value * a * b, or of a / b
void add_combined(Call& call, Operator with) {
  graph::Graph& g = call.graph;
  Value product = g.binary(with, call.tensor(1), call.tensor(2));
  if (const double factor = call.number(3, 1); factor != 1) product = g.unary(Function::linear, product, factor);
  call.give(g.binary(Operator::add, call.tensor(0), product));
}

void binary(Rules& rules, const std::string& op, Operator with, const std::string& report_name = {}) {
  rules[op] = [=](Call& call) {
    if (call.given(2)) call.refuse("a rounding division");
    const Value value = call.graph.binary(with, call.tensor(0), call.tensor(1));
    if (report_name.empty())
      call.give(value);
    else
      call.give_activation(value, report_name);
  };
}

/// x of any number of dimensions times the transpose of the weights, and the bias.
void linear(Call& call) {
  graph::Graph& g = call.graph;
  Value x = call.tensor(0);
  const Shape shape = call.shape(0);
  if (shape.empty() || call.dimensions(1) != 2) call.refuse("other than rows and a matrix of weights");
  if (shape.size() != 2) x = g.reshape(x, {graph::element_count(shape) / shape.back(), shape.back()});
  std::vector<Value> inputs{x, call.tensor(1)};
  if (call.given(2)) inputs.push_back(call.tensor(2));
  Shape result = shape;
  result.back() = call.shape(1)[0];
  call.give(g.reshape(g.add(Operator::matmul, inputs, MatmulAttributes{false, true}, call.name), result));
}

/// a * b. A weight that was transposed for it is multiplied as it lies.
Value product(Call& call, Value a, Value b) {
  graph::Graph& g = call.graph;
  const graph::Node& node = g[b];
  if (node.op == Operator::transpose && g[node.inputs[0]].op == Operator::constant && node.shape.size() == 2)
    return g.add(Operator::matmul, {a, node.inputs[0]}, MatmulAttributes{false, true}, g[node.inputs[0]].name);
  return g.add(Operator::matmul, {a, b}, MatmulAttributes{}, call.name);
}

/// A vector is a row on the left and a column on the right.
void matmul(Call& call) {
  graph::Graph& g = call.graph;
  Value a = call.tensor(0), b = call.tensor(1);
  const Shape left = call.shape(0), right = call.shape(1);
  if (left.empty() || right.empty()) call.refuse("a product with a number");
  if (left.size() == 1) a = g.reshape(a, {1, left[0]});
  if (right.size() == 1) b = g.reshape(b, {right[0], 1});
  Value result = product(call, a, b);
  Shape shape = g.shape(result);
  if (right.size() == 1) shape.pop_back();
  if (left.size() == 1) shape.erase(shape.end() - (right.size() == 1 ? 1 : 2));
  call.give(g.reshape(result, shape));
}

/// addend + batches of a * b
void baddbmm(Call& call) {
  graph::Graph& g = call.graph;
  const double beta = call.number(3, 1), alpha = call.number(4, 1);
  Value result = product(call, call.tensor(1), call.tensor(2)), addend = call.tensor(0);
  if (alpha != 1) result = g.unary(Function::linear, result, alpha);
  if (beta == 0) return call.give(result);
  if (beta != 1) addend = g.unary(Function::linear, addend, beta);
  call.give(g.binary(Operator::add, result, addend));
}

/// A condition as the graph has it. Only numbers become constants by themselves.
Value condition(Call& call, std::size_t at = 0) {
  if (call.type(at) != Type::boolean) call.refuse("a condition of numbers");
  if (call.depends_on_inputs(at)) return call.tensor(at);
  std::vector<float> mask;
  for (const double truth : call.numbers_of(at)) mask.push_back(truth != 0 ? 1.0F : 0.0F);
  return call.graph.add_constant(graph::constant_of(std::move(mask)), call.shape(at));
}

void masked_fill(Call& call) {
  double number = call.number(2);
  if (number == -infinity) {  // in a softmax the same, and no arithmetic makes NaN of it
    if (call.depends_on_inputs(1)) call.refuse("a filling with -inf that depends on the inputs");
    if (graph::has_row_of(true, call.numbers_of(1), call.shape(1))) call.refuse("a row that is masked as a whole");
    number = graph::never;
  }
  if (!std::isfinite(number)) call.refuse("a filling with " + std::to_string(number));
  call.give(graph::choose(call.graph, condition(call, 1), call.graph.scalar(number), call.tensor()));
}

void where(Call& call) {
  if (call.count() < 3) call.refuse("a list of places that depends on the inputs");
  for (const std::size_t branch : {1, 2})
    if (call.is<double>(branch) && !std::isfinite(call.number(branch)))
      call.refuse("a choice of " + std::to_string(call.number(branch)));
  call.give(graph::choose(call.graph, condition(call), call.tensor(1), call.tensor(2)));
}

/// Whether a is greater than b, or b than a; or the opposite of that.
void compare(Rules& rules, const std::string& name, bool swapped, bool opposite) {
  rules[name] = [=](Call& call) {
    const Value greater = graph::greater(call.graph, call.tensor(swapped ? 1 : 0), call.tensor(swapped ? 0 : 1));
    call.give_condition(opposite ? graph::negation(call.graph, greater) : greater);
  };
}

void add_condition_rules(Rules& rules) {
  compare(rules, "gt", false, false);
  compare(rules, "lt", true, false);
  compare(rules, "ge", true, true);
  compare(rules, "le", false, true);
  rules["eq"] = [](Call& call) { call.give_condition(graph::equal(call.graph, call.tensor(), call.tensor(1))); };
  rules["ne"] = [](Call& call) {
    call.give_condition(graph::negation(call.graph, graph::equal(call.graph, call.tensor(), call.tensor(1))));
  };
  rules["logical_and"] = rules["bitwise_and"] = rules["__and__"] = [](Call& call) {
    call.give_condition(call.graph.binary(Operator::multiply, condition(call), condition(call, 1)));
  };
  rules["logical_or"] = rules["bitwise_or"] = rules["__or__"] = [](Call& call) {
    call.give_condition(call.graph.binary(Operator::maximum, condition(call), condition(call, 1)));
  };
  rules["logical_not"] =
      rules["bitwise_not"] = [](Call& call) { call.give_condition(graph::negation(call.graph, condition(call))); };
  rules["sign"] = [](Call& call) { call.give(graph::sign(call.graph, call.tensor())); };
  rules["where"] = where;
  rules["masked_fill"] = masked_fill;
}

/// One half of an axis times the sigmoid of the other.
void glu(Call& call) {
  graph::Graph& g = call.graph;
  const std::int64_t axis = call.axis(call.integer(1, -1), call.dimensions());
  const std::int64_t half = call.shape()[static_cast<std::size_t>(axis)] / 2;
  const auto along = static_cast<std::size_t>(axis);
  const Value gate = g.unary(Function::sigmoid, g.slice(call.tensor(), along, half, half));
  call.give_activation(g.binary(Operator::multiply, g.slice(call.tensor(), along, 0, half), gate), "glu");
}

void add_activation_rules(Rules& rules) {
  rules["relu"] = relu;
  rules["relu6"] = [](Call& call) {
    call.give_activation(call.graph.unary(Function::hardtanh, call.tensor(), 0, 6), "relu6");
  };
  rules["clamp"] = [](Call& call) { clamp(call, 1, 2, "clamp"); };
  rules["clamp_min"] = [](Call& call) { clamp(call, 1, left_out, "clamp_min"); };
  rules["clamp_max"] = [](Call& call) { clamp(call, left_out, 1, "clamp_max"); };
  rules["hardtanh"] = hardtanh;
  rules["threshold"] = threshold;
  activation(rules, "sigmoid", Function::sigmoid);
  activation(rules, "tanh", Function::tanh);
  activation(rules, "silu", Function::silu);
  activation(rules, "mish", Function::mish);
  activation(rules, "hardswish", Function::hardswish);
  activation(rules, "hardsigmoid", Function::hardsigmoid);
  rules["gelu"] = [](Call& call) {
    call.give_activation(call.graph.unary(call.text(1) == "tanh" ? Function::gelu_tanh : Function::gelu, call.tensor()),
                         "gelu");
  };
  rules["leaky_relu"] = [](Call& call) {
    call.give_activation(call.graph.unary(Function::leaky_relu, call.tensor(), call.number(1, 0.01)), "leaky_relu");
  };
  rules["elu"] = elu;
  rules["celu"] = celu;
  rules["selu"] = selu;
  rules["prelu"] = prelu;
  rules["hardshrink"] = [](Call& call) { shrink(call, false); };
  rules["softshrink"] = [](Call& call) { shrink(call, true); };
  rules["softplus"] = softplus;
  rules["log_sigmoid"] = log_sigmoid;
}

}  // namespace

void add_arithmetic_rules(Rules& rules) {
  add_activation_rules(rules);
  add_condition_rules(rules);
  function(rules, "exp", Function::exp);
  function(rules, "log", Function::log);
  function(rules, "sqrt", Function::sqrt);
  function(rules, "rsqrt", Function::power, -0.5);
  function(rules, "reciprocal", Function::power, -1);
  function(rules, "square", Function::power, 2);
  function(rules, "abs", Function::absolute);
  function(rules, "neg", Function::linear, -1);
  function(rules, "erf", Function::erf);
  function(rules, "sin", Function::sine);
  function(rules, "cos", Function::cosine);
  rules["detach"] = [](Call& call) { call.give_view(call.graph.unary(Function::detach, call.tensor())); };
  rules["pow"] = power;
  rules["add"] = [](Call& call) { addition(call, false, false); };
  rules["sub"] = [](Call& call) { addition(call, true, false); };
  rules["rsub"] = [](Call& call) {
    if (call.number(2, 1) != 1) call.refuse("a difference with a factor");
    addition(call, true, true);
  };
  binary(rules, "mul", Operator::multiply);
  binary(rules, "div", Operator::divide);
  binary(rules, "maximum", Operator::maximum, "maximum");
  binary(rules, "minimum", Operator::minimum, "minimum");
  rules["addcmul"] = [](Call& call) { add_combined(call, Operator::multiply); };
  rules["addcdiv"] = [](Call& call) { add_combined(call, Operator::divide); };
  rules["linear"] = linear;
  rules["matmul"] = rules["mm"] = rules["bmm"] = matmul;
  rules["addmm"] = rules["baddbmm"] = baddbmm;
  rules["glu"] = glu;
}

}  // namespace whycam::aten
