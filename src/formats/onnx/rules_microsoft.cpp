// Operators that ONNX Runtime puts together when it optimises a network, of the domain com.microsoft.
#include "formats/onnx/rules.h"

namespace whycam::onnx {
namespace {

using graph::Function;
using graph::MatmulAttributes;
using graph::Operator;
using graph::Value;

/// The activation that a fused operator ends with.
void give_with_activation(Call& call, Value x) {
  graph::Graph& g = call.graph;
  const std::string name = call.text("activation", "");
  const proto::AttributeProto* given = call.find("activation_params");
  const auto parameter = [&](int i, double otherwise) {
    return given && i < given->floats_size() ? static_cast<double>(given->floats(i)) : otherwise;
  };
  if (name.empty()) return call.give(x);
  if (name == "Relu") return call.give_activation(g.unary(Function::relu, x), "relu");
  if (name == "Sigmoid") return call.give_activation(g.unary(Function::sigmoid, x), "sigmoid");
  if (name == "Tanh") return call.give_activation(g.unary(Function::tanh, x), "tanh");
  if (name == "LeakyRelu")
    return call.give_activation(g.unary(Function::leaky_relu, x, parameter(0, 0.01)), "leaky_relu");
  if (name == "Clip" && given && given->floats_size() == 2) {
    const bool is_relu6 = parameter(0, 0) == 0 && parameter(1, 0) == 6;
    return call.give_activation(
        g.unary(is_relu6 ? Function::hardtanh : Function::clamp, x, parameter(0, 0), parameter(1, 0)),
        is_relu6 ? "relu6" : "clip");
  }
  call.refuse("the activation " + name);
}

/// activation(convolution(x, weights, bias) + z)
void fused_convolution(Call& call) {
  rules().at("Conv")(call);
  Value x = std::get<Value>(call.outputs().at(0));
  if (call.given(3)) x = call.graph.binary(Operator::add, x, call.value(3));
  give_with_activation(call, x);
}

void fused_matmul(Call& call) {
  if (call.integer("transBatchA", 0) != 0 || call.integer("transBatchB", 0) != 0)
    call.refuse("batches that are transposed");
  const MatmulAttributes attributes{call.integer("transA", 0) != 0, call.integer("transB", 0) != 0};
  const Value product = call.graph.add(Operator::matmul, {call.value(0), call.value(1)}, attributes, call.name);
  const double alpha = call.number("alpha", 1);
  give_with_activation(call, alpha == 1 ? product : call.graph.unary(Function::linear, product, alpha));
}

/// Of the input and, where one is given, a bias.
void gelu(Call& call, Function function) {
  const Value x = call.given(1) ? call.graph.binary(Operator::add, call.value(0), call.value(1)) : call.value(0);
  call.give_activation(call.graph.unary(function, x), "gelu");
}

/// x * sigmoid(alpha * x)
void quick_gelu(Call& call) {
  graph::Graph& g = call.graph;
  const Value gate = g.unary(Function::sigmoid, g.unary(Function::linear, call.value(), call.number("alpha", 1.702)));
  call.give_activation(g.binary(Operator::multiply, call.value(), gate), "gelu");
}

/// A layer normalisation of input + skip + bias, which is output 3.
void skip_layer_normalization(Call& call) {
  graph::Graph& g = call.graph;
  Value sum = g.binary(Operator::add, call.value(0), call.value(1));
  if (call.given(4)) sum = g.binary(Operator::add, sum, call.value(4));
  const std::size_t dimensions = g.shape(sum).size();
  Value x = g.normalize(sum, graph::axes_between(dimensions - 1, dimensions), call.number("epsilon", 1e-12), call.name);
  x = g.binary(Operator::multiply, x, call.value(2));
  if (call.given(3)) x = g.binary(Operator::add, x, call.value(3));
  call.give(x);
  if (call.output_count() > 3) call.give(sum, 3);
}

}  // namespace

void add_microsoft_rules(Rules& rules) {
  const std::string domain = "com.microsoft.";
  rules[domain + "FusedConv"] = fused_convolution;
  rules[domain + "FusedMatMul"] = fused_matmul;
  rules[domain + "Gelu"] = rules[domain + "BiasGelu"] = [](Call& call) { gelu(call, Function::gelu); };
  rules[domain + "FastGelu"] = [](Call& call) { gelu(call, Function::gelu_tanh); };
  rules[domain + "QuickGelu"] = quick_gelu;
  rules[domain + "SkipLayerNormalization"] = skip_layer_normalization;
}

}  // namespace whycam::onnx
