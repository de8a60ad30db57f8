#include "graph/functions.h"

#include <algorithm>
#include <array>
#include <cmath>

namespace whycam::graph {
namespace {

constexpr double pi = 3.14159265358979323846;

double sigmoid(double x) { return 1 / (1 + std::exp(-x)); }
double softplus(double x) { return std::max(x, 0.0) + std::log1p(std::exp(-std::fabs(x))); }
double normal_cumulative(double x) { return 0.5 * std::erfc(-x / std::sqrt(2.0)); }
double normal_density(double x) { return std::exp(-0.5 * x * x) / std::sqrt(2 * pi); }
double gelu_argument(double x) { return std::sqrt(2 / pi) * (x + 0.044715 * x * x * x); }
double below(double x, double bound) { return x < bound ? bound : x; }  // lets NaN through, as PyTorch does
double above(double x, double bound) { return x > bound ? bound : x; }

double zero_of(double, double, double) { return 0; }

constexpr std::array<FunctionRecord, function_count> records{{
    {Function::relu, "relu", [](double x, double, double) { return below(x, 0); },
     [](double x, double, double) { return x <= 0 ? 0.0 : 1.0; }},
    {Function::hardtanh, "hardtanh", [](double x, double a, double b) { return above(below(x, a), b); },
     [](double x, double a, double b) { return x <= a || x >= b ? 0.0 : 1.0; }},
    {Function::clamp, "clamp", [](double x, double a, double b) { return above(below(x, a), b); },
     [](double x, double a, double b) { return x >= a && x <= b ? 1.0 : 0.0; }},
    {Function::sigmoid, "sigmoid", [](double x, double, double) { return sigmoid(x); },
     [](double x, double, double) { return sigmoid(x) * sigmoid(-x); }},
    {Function::tanh, "tanh", [](double x, double, double) { return std::tanh(x); },
     [](double x, double, double) { return 1 - std::tanh(x) * std::tanh(x); }},
    {Function::exp, "exp", [](double x, double, double) { return std::exp(x); },
     [](double x, double, double) { return std::exp(x); }},
    {Function::log, "log", [](double x, double, double) { return std::log(x); },
     [](double x, double, double) { return 1 / x; }},
    {Function::sqrt, "sqrt", [](double x, double, double) { return std::sqrt(x); },
     [](double x, double, double) { return 0.5 / std::sqrt(x); }},
    {Function::absolute, "absolute", [](double x, double, double) { return std::fabs(x); },
     [](double x, double, double) { return static_cast<double>((x > 0) - (x < 0)); }},
    {Function::power, "power", [](double x, double a, double) { return std::pow(x, a); },
     [](double x, double a, double) { return a == 0 ? 0.0 : a * std::pow(x, a - 1); }},
    {Function::linear, "linear", [](double x, double a, double b) { return a * x + b; },
     [](double, double a, double) { return a; }},
    {Function::gelu, "gelu", [](double x, double, double) { return x * normal_cumulative(x); },
     [](double x, double, double) { return normal_cumulative(x) + x * normal_density(x); }},
    {Function::gelu_tanh, "gelu_tanh",
     [](double x, double, double) { return 0.5 * x * (1 + std::tanh(gelu_argument(x))); },
     [](double x, double, double) {
       const double t = std::tanh(gelu_argument(x));
       return 0.5 * (1 + t) + 0.5 * x * (1 - t * t) * std::sqrt(2 / pi) * (1 + 3 * 0.044715 * x * x);
     }},
    {Function::erf, "erf", [](double x, double, double) { return std::erf(x); },
     [](double x, double, double) { return 2 / std::sqrt(pi) * std::exp(-x * x); }},
    {Function::silu, "silu", [](double x, double, double) { return x * sigmoid(x); },
     [](double x, double, double) { return sigmoid(x) * (1 + x * sigmoid(-x)); }},
    {Function::mish, "mish", [](double x, double, double) { return x * std::tanh(softplus(x)); },
     [](double x, double, double) {
       const double t = std::tanh(softplus(x));
       return t + x * (1 - t * t) * sigmoid(x);
     }},
    {Function::hardswish, "hardswish", [](double x, double, double) { return x * above(below(x + 3, 0), 6) / 6; },
     [](double x, double, double) { return x < -3   ? 0.0
                                           : x <= 3 ? x / 3 + 0.5
                                                    : 1.0; }},
    {Function::hardsigmoid, "hardsigmoid", [](double x, double, double) { return above(below(x + 3, 0), 6) / 6; },
     [](double x, double, double) { return x > -3 && x < 3 ? 1.0 / 6 : 0.0; }},
    {Function::leaky_relu, "leaky_relu", [](double x, double a, double) { return x > 0 ? x : a * x; },
     [](double x, double a, double) { return x > 0 ? 1.0 : a; }},
    {Function::elu, "elu", [](double x, double a, double) { return x > 0 ? x : a * std::expm1(x); },
     [](double x, double a, double) { return x > 0 ? 1.0 : a * std::exp(x); }},
    {Function::softplus, "softplus",
     [](double x, double a, double b) { return a * x > b ? x : std::log1p(std::exp(a * x)) / a; },
     [](double x, double a, double b) { return a * x > b ? 1.0 : sigmoid(a * x); }},
    {Function::heaviside, "heaviside", [](double x, double, double) { return x > 0    ? 1.0
                                                                             : x == 0 ? 0.5
                                                                                      : 0.0; },
     zero_of},
    {Function::sine, "sine", [](double x, double, double) { return std::sin(x); },
     [](double x, double, double) { return std::cos(x); }},
    {Function::cosine, "cosine", [](double x, double, double) { return std::cos(x); },
     [](double x, double, double) { return -std::sin(x); }},
}};

constexpr bool in_order() {
  for (std::size_t i = 0; i < function_count; ++i)
    if (records[i].function != static_cast<Function>(i)) return false;
  return true;
}
static_assert(in_order(), "every function has its record, in the order of the enumeration");

}  // namespace

const FunctionRecord& record(Function function) { return records[static_cast<std::size_t>(function)]; }

}  // namespace whycam::graph
