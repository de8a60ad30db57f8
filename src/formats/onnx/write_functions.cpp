// How functions of each element, and their gradients, are said in ONNX.
#include <cmath>
#include <limits>

#include "formats/onnx/node_writer.h"
#include "graph/operators.h"

namespace whycam::onnx {
namespace {

using graph::Function;
using graph::FunctionAttributes;

constexpr double pi = 3.14159265358979323846, infinity = std::numeric_limits<double>::infinity();

Term exp(const Term& x) { return x.as("Exp"); }
Term tanh(const Term& x) { return x.as("Tanh"); }
Term sigmoid(const Term& x) { return x.as("Sigmoid"); }

Term clip(const Term& x, double low, double high) {
  const std::string from = std::isinf(low) ? "" : x.to->number(low);
  if (std::isinf(high)) return from.empty() ? x : Term{*x.to, x.to->node("Clip", {x, from})};
  return {*x.to, x.to->node("Clip", {x, from, x.to->number(high)})};
}

Term softplus(const Term& x, double slope) { return (x * slope).as("Softplus") * (1 / slope); }

Term normal_cumulative(const Term& x) { return ((x * (1 / std::sqrt(2.0))).as("Erf") + 1) * 0.5; }

/// The tanh within the approximation of GELU.
Term tanh_of_gelu(const Term& x) { return tanh((x + x * (x * x) * 0.044715) * std::sqrt(2 / pi)); }

Term power(const Term& x, double exponent) {
  if (exponent == 1) return x;
  if (exponent == 2) return x * x;
  if (exponent == -1) return x.as("Reciprocal");
  return x.as("Pow", x.number(exponent));
}

/// The gradient where x lies between the bounds, themselves included or not; else 0.
Term within(const Term& g, const Term& x, double low, double high, bool bounds_too) {
  const auto above = [&] { return x.as(bounds_too ? "GreaterOrEqual" : "Greater", x.number(low)); };
  const auto below = [&] { return x.as(bounds_too ? "LessOrEqual" : "Less", x.number(high)); };
  if (std::isinf(low) && std::isinf(high)) return g;
  const Term mask = std::isinf(low) ? below() : std::isinf(high) ? above() : above().as("And", below());
  return where(mask, g, g.number(0));
}

Term gradient_of_gelu(const Term& g, const Term& x) {
  const Term density = exp(x * x * -0.5) * (1 / std::sqrt(2 * pi));
  return g * (normal_cumulative(x) + x * density);
}

Term gradient_of_gelu_tanh(const Term& g, const Term& x) {
  const Term y = tanh_of_gelu(x);
  const Term slope = (x * x * (3 * 0.044715) + 1) * std::sqrt(2 / pi);
  return g * ((y + 1) * 0.5 + x * 0.5 * ((1 - y * y) * slope));
}

Term gradient_of_mish(const Term& g, const Term& x) {
  const Term y = tanh(softplus(x, 1));
  return g * (y + x * (1 - y * y) * sigmoid(x));
}

Term gradient_of_hardswish(const Term& g, const Term& x) {
  return g * where(x < -3, x.number(0), where(x > 3, x.number(1), x * (1.0 / 3) + 0.5));
}

/// A function of x, and g times its derivative at x.
struct Written {
  Function function;
  Term (*value)(const Term& x, double a, double b);
  Term (*gradient)(const Term& g, const Term& x, double a, double b);
};

using X = const Term&;
using D = double;
constexpr Written all[] = {
    {Function::relu, [](X x, D, D) { return x.as("Relu"); },
     [](X g, X x, D, D) { return within(g, x, 0, infinity, false); }},
    {Function::hardtanh, clip, [](X g, X x, D a, D b) { return within(g, x, a, b, false); }},
    {Function::clamp, clip, [](X g, X x, D a, D b) { return within(g, x, a, b, true); }},
    {Function::sigmoid, [](X x, D, D) { return sigmoid(x); },
     [](X g, X x, D, D) { return g * (sigmoid(x) * (1 - sigmoid(x))); }},
    {Function::tanh, [](X x, D, D) { return tanh(x); }, [](X g, X x, D, D) { return g * (1 - tanh(x) * tanh(x)); }},
    {Function::exp, [](X x, D, D) { return exp(x); }, [](X g, X x, D, D) { return g * exp(x); }},
    {Function::log, [](X x, D, D) { return x.as("Log"); }, [](X g, X x, D, D) { return g / x; }},
    {Function::sqrt, [](X x, D, D) { return x.as("Sqrt"); }, [](X g, X x, D, D) { return g * 0.5 / x.as("Sqrt"); }},
    {Function::absolute, [](X x, D, D) { return x.as("Abs"); }, [](X g, X x, D, D) { return g * x.as("Sign"); }},
    {Function::power, [](X x, D a, D) { return power(x, a); },
     [](X g, X x, D a, D) { return a == 0 ? g * g.number(0) : g * (power(x, a - 1) * a); }},
    {Function::linear, [](X x, D a, D b) { return x * a + b; }, [](X g, X, D a, D) { return g * a; }},
    {Function::gelu, [](X x, D, D) { return x * normal_cumulative(x); },
     [](X g, X x, D, D) { return gradient_of_gelu(g, x); }},
    {Function::gelu_tanh, [](X x, D, D) { return x * 0.5 * (tanh_of_gelu(x) + 1); },
     [](X g, X x, D, D) { return gradient_of_gelu_tanh(g, x); }},
    {Function::erf, [](X x, D, D) { return x.as("Erf"); },
     [](X g, X x, D, D) { return g * (exp(-(x * x)) * (2 / std::sqrt(pi))); }},
    {Function::silu, [](X x, D, D) { return x * sigmoid(x); },
     [](X g, X x, D, D) { return g * (sigmoid(x) * (x * (1 - sigmoid(x)) + 1)); }},
    {Function::mish, [](X x, D, D) { return x * tanh(softplus(x, 1)); },
     [](X g, X x, D, D) { return gradient_of_mish(g, x); }},
    {Function::hardswish, [](X x, D, D) { return x.as("HardSwish"); },
     [](X g, X x, D, D) { return gradient_of_hardswish(g, x); }},
    {Function::hardsigmoid, [](X x, D, D) { return x.as("HardSigmoid", {{"alpha", 1.0 / 6}, {"beta", 0.5}}); },
     [](X g, X x, D, D) { return within(g * (1.0 / 6), x, -3, 3, false); }},
    {Function::leaky_relu, [](X x, D a, D) { return x.as("LeakyRelu", {{"alpha", a}}); },
     [](X g, X x, D a, D) { return where(x > 0, g, g * a); }},
    {Function::elu, [](X x, D a, D) { return x.as("Elu", {{"alpha", a}}); },
     [](X g, X x, D a, D) { return where(x > 0, g, g * (exp(x) * a)); }},
    {Function::softplus, [](X x, D a, D) { return softplus(x, a); },
     [](X g, X x, D a, D) { return g * sigmoid(x * a); }},
    {Function::heaviside, [](X x, D, D) { return x.as("Sign") * 0.5 + 0.5; },
     [](X g, X, D, D) { return g * g.number(0); }},
    {Function::shrink, [](X x, D a, D b) { return x.as("Shrink", {{"lambd", a}, {"bias", b}}); },
     [](X g, X x, D a, D) { return where(x.as("Abs").as("LessOrEqual", x.number(a)), g.number(0), g); }},
    {Function::sine, [](X x, D, D) { return x.as("Sin"); }, [](X g, X x, D, D) { return g * x.as("Cos"); }},
    {Function::cosine, [](X x, D, D) { return x.as("Cos"); }, [](X g, X x, D, D) { return g * -x.as("Sin"); }},
    {Function::floor, [](X x, D, D) { return x.as("Floor"); }, [](X g, X, D, D) { return g * g.number(0); }},
    {Function::ceil, [](X x, D, D) { return x.as("Ceil"); }, [](X g, X, D, D) { return g * g.number(0); }},
    {Function::round, [](X x, D, D) { return x.as("Round"); }, [](X g, X, D, D) { return g * g.number(0); }},
    {Function::detach, [](X x, D, D) { return x.as("Identity"); }, [](X g, X, D, D) { return g * g.number(0); }},
    {Function::quantize, [](X x, D a, D b) { return clip(x.as("Round"), a, b); },
     [](X g, X x, D a, D b) { return within(g, x.as("Round"), a, b, true); }},
};

constexpr bool is_complete() {
  std::size_t i = 0;
  for (const Written& one : all)
    if (one.function != static_cast<Function>(i++)) return false;
  return i == graph::function_count;
}
static_assert(is_complete(), "every function is written, in the order of functions.def");

}  // namespace

std::string write_unary(const NodeWriter& w) {
  const auto& a = w.node.as<FunctionAttributes>();
  return all[static_cast<std::size_t>(a.function)].value(w.in(), a.alpha, a.beta);
}

std::string write_unary_gradient(const NodeWriter& w) {
  const auto& a = w.node.as<FunctionAttributes>();
  return all[static_cast<std::size_t>(a.function)].gradient(w.in(0), w.in(1), a.alpha, a.beta);
}

/// A mask, which only gates read.
std::string write_inside(const NodeWriter& w) {
  const auto& a = w.node.as<FunctionAttributes>();
  if (a.function == Function::hardtanh) return (w.in() > a.alpha).as("And", w.in() < a.beta);
  return w.in() > 0;
}

}  // namespace whycam::onnx
