// Activations, arithmetic and products of matrices.
#include <cmath>
#include <limits>

#include "formats/torchscript/rules.h"

namespace whycam::torchscript {
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

/// A clamp at 0 from below alone is a ReLU.
void clamp(Call& call, const c10::IValue& low, const c10::IValue& high, const std::string& name) {
  if (low.isTensor() || high.isTensor()) call.refuse("bounds that are tensors");
  const double from = low.isNone() ? -infinity : low.toScalar().to<double>();
  const double to = high.isNone() ? infinity : high.toScalar().to<double>();
  if (from == 0 && high.isNone()) return relu(call);
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
  if (call.number(2, 1) != 1 || call.number(3, 1) != 1) call.refuse("an ELU with scales");
  call.give_activation(call.graph.unary(Function::elu, call.tensor(), call.number(1, 1)), "elu");
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
  if (call[1].isTensor() && call[1].toTensor().dim() > 0) call.refuse("an exponent that is a tensor");
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
  if (shape.size() != 2) x = g.reshape(x, {graph::element_count(shape) / shape.back(), shape.back()});
  std::vector<Value> inputs{x, call.tensor(1)};
  if (call.given(2)) inputs.push_back(call.tensor(2));
  Shape result = shape;
  result.back() = call.shape(1)[0];
  call.give(g.reshape(g.add(Operator::matmul, inputs, MatmulAttributes{false, true}, call.name), result));
}

void matmul(Call& call) {
  Shape a = call.shape(0), b = call.shape(1);
  if (a.size() < 2 || b.size() < 2) call.refuse("a product with a vector");
  call.give(call.graph.add(Operator::matmul, {call.tensor(0), call.tensor(1)}, MatmulAttributes{}, call.name));
}

void addmm(Call& call) {  // bias + a * b
  if (call.number(3, 1) != 1 || call.number(4, 1) != 1) call.refuse("a product with factors");
  graph::Graph& g = call.graph;
  const Value product = g.add(Operator::matmul, {call.tensor(1), call.tensor(2)}, MatmulAttributes{}, call.name);
  call.give(g.binary(Operator::add, product, call.tensor(0)));
}

void add_activation_rules(Rules& rules) {
  rules["relu"] = relu;
  rules["relu6"] = [](Call& call) {
    call.give_activation(call.graph.unary(Function::hardtanh, call.tensor(), 0, 6), "relu6");
  };
  rules["clamp"] = [](Call& call) { clamp(call, call[1], call.count() > 2 ? call[2] : c10::IValue(), "clamp"); };
  rules["clamp_min"] = [](Call& call) { clamp(call, call[1], c10::IValue(), "clamp_min"); };
  rules["clamp_max"] = [](Call& call) { clamp(call, c10::IValue(), call[1], "clamp_max"); };
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
  rules["linear"] = linear;
  rules["matmul"] = rules["mm"] = rules["bmm"] = matmul;
  rules["addmm"] = addmm;
}

}  // namespace whycam::torchscript
