// The functions of one number that networks apply to every element.
#pragma once

#include <cstddef>

namespace whycam::graph {

enum class Function {
  relu,
  hardtanh,  ///< cut off below alpha and above beta; no gradient at the bounds
  clamp,     ///< the same, with a gradient of 1 at the bounds
  sigmoid,
  tanh,
  exp,
  log,
  sqrt,
  absolute,
  power,      ///< x to the power alpha
  linear,     ///< alpha * x + beta
  gelu,       ///< x times the normal distribution's cumulative function
  gelu_tanh,  ///< its approximation by tanh
  erf,
  silu,  ///< x * sigmoid(x)
  mish,  ///< x * tanh(softplus(x))
  hardswish,
  hardsigmoid,
  leaky_relu,  ///< slope alpha below 0
  elu,         ///< alpha * (exp(x) - 1) below 0
  softplus,    ///< log(1 + exp(alpha * x)) / alpha, and x where alpha * x > beta
  heaviside,   ///< 0 below 0, 1 above, one half at 0
  sine,
  cosine,
};
constexpr std::size_t function_count = static_cast<std::size_t>(Function::cosine) + 1;

/// A function's values and its derivative, in PyTorch's sense where it has none (ReLU's at 0 is 0).
struct FunctionRecord {
  Function function;
  const char* name;
  double (*value)(double x, double alpha, double beta);
  double (*derivative)(double x, double alpha, double beta);
};

const FunctionRecord& record(Function function);

}  // namespace whycam::graph
