// What is done element by element.
#include <algorithm>
#include <cmath>

#include "graph/operators.h"

namespace whycam::graph {
namespace {

Shape shape_of_first(const Question& question) { return question.inputs[0]; }

Shape shape_of_all(const Question& question) {
  for (const Shape& shape : question.inputs)
    require(shape == question.inputs[0], "tensors of ", question.inputs[0], " and ", shape,
            " where all must have one shape");
  return question.inputs[0];
}

Shape broadcast_shape(const Question& question) { return broadcast(question.inputs[0], question.inputs[1]); }

/// Calls `visit(i, at_a, at_b)` for each element of the result and the elements of a and b that meet there. The last
/// dimensions, as far as a and b each go along with the result or stand still in them, are one run: weights are large,
/// and scaled when folded.
template <class Visit>
void broadcast_elements(const Shape& result, const Tensor& a, const Tensor& b, const Visit& visit) {
  const Integers steps_a = broadcast_steps(a.shape, result), steps_b = broadcast_steps(b.shape, result),
                 strides = strides_of(result);
  std::size_t outer = result.size();
  bool a_goes = false, b_goes = false;
  std::int64_t run = 1;
  while (outer > 0) {
    const std::size_t d = outer - 1;
    const auto fits = [&](const Integers& steps, bool goes) {
      return result[d] == 1 || (run == 1 && (steps[d] == 0 || steps[d] == 1)) ||
             (goes ? steps[d] == strides[d] : steps[d] == 0);
    };
    if (!fits(steps_a, a_goes) || !fits(steps_b, b_goes)) break;
    if (run == 1 && result[d] != 1) {
      a_goes = steps_a[d] != 0;
      b_goes = steps_b[d] != 0;
    }
    run *= result[d];
    --outer;
  }
  std::size_t i = 0;
  for_each_index(Shape(result.begin(), result.begin() + static_cast<std::ptrdiff_t>(outer)),
                 [&](const Integers& index) {
                   std::int64_t at_a = 0, at_b = 0;
                   for (std::size_t d = 0; d < index.size(); ++d) {
                     at_a += index[d] * steps_a[d];
                     at_b += index[d] * steps_b[d];
                   }
                   for (std::int64_t k = 0; k < run; ++k, ++i)
                     visit(i, static_cast<std::size_t>(at_a + (a_goes ? k : 0)),
                           static_cast<std::size_t>(at_b + (b_goes ? k : 0)));
                 });
}

template <class Combine>
Tensor combine(const Node& node, const Tensors& inputs, const Combine& combine) {
  Tensor result{node.shape, std::vector<double>(static_cast<std::size_t>(element_count(node.shape)))};
  broadcast_elements(node.shape, *inputs[0], *inputs[1], [&](std::size_t i, std::size_t a, std::size_t b) {
    const double value = combine(inputs[0]->values[a], inputs[1]->values[b]);
    result.values[i] = node.fused.relu && value < 0 ? 0 : value;
  });
  return result;
}

Tensor evaluate_add(const Node& node, const Tensors& inputs) {
  return combine(node, inputs, [](double a, double b) { return a + b; });
}
Tensor evaluate_subtract(const Node& node, const Tensors& inputs) {
  return combine(node, inputs, [](double a, double b) { return a - b; });
}
Tensor evaluate_multiply(const Node& node, const Tensors& inputs) {
  return combine(node, inputs, [](double a, double b) { return a * b; });
}
Tensor evaluate_divide(const Node& node, const Tensors& inputs) {
  return combine(node, inputs, [](double a, double b) { return a / b; });
}
Tensor evaluate_maximum(const Node& node, const Tensors& inputs) {
  return combine(node, inputs, [](double a, double b) { return a > b || std::isnan(a) ? a : b; });
}
Tensor evaluate_minimum(const Node& node, const Tensors& inputs) {
  return combine(node, inputs, [](double a, double b) { return a < b || std::isnan(a) ? a : b; });
}

/// The gradients that `of_a` and `of_b` give, summed over the dimensions that were broadcast.
template <class OfA, class OfB>
std::vector<Value> both(GradientQuestion& q, const OfA& of_a, const OfB& of_b) {
  return {q.wanted[0] ? q.graph.sum_to(of_a(), q.input_shape(0)) : no_value,
          q.wanted[1] ? q.graph.sum_to(of_b(), q.input_shape(1)) : no_value};
}

std::vector<Value> gradient_of_add(GradientQuestion& q) {
  return both(q, [&] { return q.gradient; }, [&] { return q.gradient; });
}

std::vector<Value> gradient_of_subtract(GradientQuestion& q) {
  return both(q, [&] { return q.gradient; }, [&] { return q.graph.unary(Function::linear, q.gradient, -1, 0); });
}

std::vector<Value> gradient_of_multiply(GradientQuestion& q) {
  Graph& g = q.graph;
  return both(
      q, [&] { return g.binary(Operator::multiply, q.gradient, q.node.inputs[1]); },
      [&] { return g.binary(Operator::multiply, q.gradient, q.node.inputs[0]); });
}

std::vector<Value> gradient_of_divide(GradientQuestion& q) {
  Graph& g = q.graph;
  const Value over_b = g.binary(Operator::divide, q.gradient, q.node.inputs[1]);
  return both(
      q, [&] { return over_b; },
      [&] { return g.unary(Function::linear, g.binary(Operator::multiply, over_b, q.value), -1, 0); });
}

/// The larger (smaller) one has the gradient, two equal ones half of it each, as in PyTorch.
std::vector<Value> gradient_of_extremum(GradientQuestion& q, bool largest) {
  Graph& g = q.graph;
  const auto share = [&](Value own, Value other) {
    const Value ahead = largest ? g.binary(Operator::subtract, own, other) : g.binary(Operator::subtract, other, own);
    return g.binary(Operator::multiply, q.gradient, g.unary(Function::heaviside, ahead));
  };
  const Value a = q.node.inputs[0], b = q.node.inputs[1];
  return both(q, [&] { return share(a, b); }, [&] { return share(b, a); });
}
std::vector<Value> gradient_of_maximum(GradientQuestion& q) { return gradient_of_extremum(q, true); }
std::vector<Value> gradient_of_minimum(GradientQuestion& q) { return gradient_of_extremum(q, false); }

Tensor evaluate_unary(const Node& node, const Tensors& inputs) {
  Tensor result = *inputs[0];
  const auto& a = node.as<FunctionAttributes>();
  for (double& x : result.values) x = record(a.function).value(x, a.alpha, a.beta);
  return result;
}

Tensor evaluate_unary_gradient(const Node& node, const Tensors& inputs) {
  Tensor result = *inputs[0];
  const auto& a = node.as<FunctionAttributes>();
  for (std::size_t i = 0; i < result.values.size(); ++i)
    result.values[i] *= record(a.function).derivative(inputs[1]->values[i], a.alpha, a.beta);
  return result;
}

std::vector<Value> gradient_of_unary(GradientQuestion& q) {
  const auto& a = q.node.as<FunctionAttributes>();
  if (a.function == Function::relu || a.function == Function::hardtanh) {  // one bit an element says all that is needed
    const Value mask = q.graph.add(Operator::inside, {q.value}, q.node.attributes);
    return {q.graph.add(Operator::gate, {mask, q.gradient})};
  }
  if (a.function == Function::detach) return {no_value};
  if (a.function == Function::linear) return {q.graph.unary(Function::linear, q.gradient, a.alpha, 0)};
  return {q.graph.add(Operator::unary_gradient, {q.gradient, q.node.inputs[0]}, q.node.attributes)};
}

Tensor evaluate_inside(const Node& node, const Tensors& inputs) {
  Tensor result = *inputs[0];
  const auto& a = node.as<FunctionAttributes>();
  const bool bounded = a.function == Function::hardtanh;
  const double low = bounded ? a.alpha : 0;
  for (double& x : result.values) x = x <= low || (bounded && x >= a.beta) ? 0 : 1;  // NaN passes, as in PyTorch
  return result;
}

Tensor evaluate_gate(const Node& node, const Tensors& inputs) {
  Tensor result = *inputs[1];
  for (std::size_t input = 2; input < inputs.size(); ++input)
    for (std::size_t i = 0; i < result.values.size(); ++i) result.values[i] += inputs[input]->values[i];
  for (std::size_t i = 0; i < result.values.size(); ++i) {
    double& x = result.values[i];
    if (inputs[0]->values[i] == 0 || (node.fused.relu && x < 0)) x = 0;
  }
  return result;
}

Shape scaled_shape(const Question& question) {
  const Shape& x = question.inputs[0];
  require(x.size() >= 3 && question.inputs[1] == Shape{x[1]} && question.inputs[2] == Shape{x[1]},
          "a scale and a shift are one number a channel of ", x);
  return x;
}

Tensor evaluate_scale_shift(const Node& node, const Tensors& inputs) {
  Tensor result = *inputs[0];
  const std::size_t channels = inputs[1]->values.size();
  std::size_t area = 1;
  for (std::size_t d = 2; d < node.shape.size(); ++d) area *= static_cast<std::size_t>(node.shape[d]);
  for (std::size_t i = 0; i < result.values.size(); ++i) {
    const std::size_t channel = i / area % channels;
    const double value = result.values[i] * inputs[1]->values[channel] + inputs[2]->values[channel];
    result.values[i] = node.fused.relu && value < 0 ? 0 : value;
  }
  return result;
}

}  // namespace

/// A function of each element.
const Record records::unary{shape_of_first, evaluate_unary, gradient_of_unary};
/// (gradient, x): the gradient times the function's derivative at x.
const Record records::unary_gradient{shape_of_all, evaluate_unary_gradient, nullptr};
/// Of two tensors, broadcast against each other.
const Record records::add{broadcast_shape, evaluate_add, gradient_of_add};
const Record records::subtract{broadcast_shape, evaluate_subtract, gradient_of_subtract};
const Record records::multiply{broadcast_shape, evaluate_multiply, gradient_of_multiply};
const Record records::divide{broadcast_shape, evaluate_divide, gradient_of_divide};
const Record records::maximum{broadcast_shape, evaluate_maximum, gradient_of_maximum};
const Record records::minimum{broadcast_shape, evaluate_minimum, gradient_of_minimum};
/// 1 where a ReLU or hardtanh that gave x let its input through unchanged, else 0: kept as one bit for each element.
const Record records::inside{shape_of_first, evaluate_inside, nullptr};
/// (mask, gradients...): the gradients' sum where the mask is 1, else 0.
const Record records::gate{shape_of_all, evaluate_gate, nullptr};
/// (x, scale, shift): x * scale + shift with one number a channel each; fused, so without a gradient.
const Record records::scale_shift{scaled_shape, evaluate_scale_shift, nullptr};

}  // namespace whycam::graph
