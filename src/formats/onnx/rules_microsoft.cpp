// Operators that ONNX Runtime puts together when it optimises a network, of the domain com.microsoft.
#include "formats/onnx/rules.h"

namespace whycam::onnx {
namespace {

using graph::Function;
using graph::MatmulAttributes;
using graph::Operator;
using graph::Value;

/// The attributes that an activation's numbers stand for, where they are given in a row.
std::vector<const char*> names_of_parameters(const std::string& activation) {
  if (activation == "Clip") return {"min", "max"};
  return {"alpha", "beta"};
}

void add_number(proto::NodeProto& node, const std::string& name, float number) {
  proto::AttributeProto& attribute = *node.add_attribute();
  attribute.set_name(name);
  attribute.set_type(proto::AttributeProto::FLOAT);
  attribute.set_f(number);
}

/// The activation that a fused operator ends with: ONNX's operator of that name. FusedConv has its numbers in a row,
/// FusedGemm as attributes of their own.
void give_with_activation(Call& call, Value x) {
  proto::NodeProto node;
  node.set_op_type(call.text("activation", ""));
  if (node.op_type().empty()) return call.give(x);
  node.set_name(call.name);
  node.add_input("");
  node.add_output("");
  const std::vector<const char*> names = names_of_parameters(node.op_type());
  const proto::AttributeProto* row = call.find("activation_params");
  for (int i = 0; row && i < row->floats_size() && i < static_cast<int>(names.size()); ++i)
    add_number(node, names[static_cast<std::size_t>(i)], row->floats(i));
  for (const std::string name : {"alpha", "beta", "gamma"})
    if (const proto::AttributeProto* own = call.find("activation_" + name)) add_number(node, name, own->f());
  call.give_as(node, x);
}

/// activation(convolution(x, weights, bias) + z)
void fused_convolution(Call& call) {
  rules().at("Conv")(call);
  Value x = std::get<Value>(call.outputs().at(0));
  if (call.given(3)) x = call.graph.binary(Operator::add, x, call.value(3));
  give_with_activation(call, x);
}

/// activation(alpha * A * B + beta * C)
void fused_gemm(Call& call) {
  rules().at("Gemm")(call);
  give_with_activation(call, std::get<Value>(call.outputs().at(0)));
}

/// A factor whose rows are its first axis, with the batch behind it.
Value with_batch_first(Call& call, std::size_t i, const std::string& attribute) {
  const Value x = call.value(i);
  if (call.integer(attribute, 0) == 0) return x;
  const auto last = static_cast<std::int64_t>(call.dimensions(i)) - 1;
  if (last < 2) call.refuse("batches of a matrix that are transposed");
  graph::Integers permutation;
  for (std::int64_t d = 1; d < last; ++d) permutation.push_back(d);
  permutation.insert(permutation.end(), {0, last});
  return call.graph.transpose(x, permutation);
}

void fused_matmul(Call& call) {
  const Value a = with_batch_first(call, 0, "transBatchA"), b = with_batch_first(call, 1, "transBatchB");
  const MatmulAttributes attributes{call.integer("transA", 0) != 0, call.integer("transB", 0) != 0};
  const Value product = call.graph.add(Operator::matmul, {a, b}, attributes, call.name);
  const double alpha = call.number("alpha", 1);
  give_with_activation(call, alpha == 1 ? product : call.graph.unary(Function::linear, product, alpha));
}

/// Of the input and, where one is given, a bias.
void gelu(Call& call, Function function) {
  const Value x = call.given(1) ? call.graph.binary(Operator::add, call.value(0), call.value(1)) : call.value(0);
  call.give_activation(call.graph.unary(function, x), "gelu");
}

/// ONNX Runtime writes a SiLU as one with a factor of 1.
void quick_gelu(Call& call) {
  const double alpha = call.number("alpha", 1.702);
  call.give_activation(sigmoid_gated(call.graph, call.value(), alpha), alpha == 1 ? "silu" : "gelu");
}

/// A normalisation of input + skip + bias, which is output 3: of layers, or by the root of the mean square.
void skip_normalization(Call& call, bool of_layers) {
  graph::Graph& g = call.graph;
  const std::size_t bias = of_layers ? 4 : 3;
  Value sum = g.binary(Operator::add, call.value(0), call.value(1));
  if (call.given(bias)) sum = g.binary(Operator::add, sum, call.value(bias));
  const auto last = static_cast<std::int64_t>(g.shape(sum).size()) - 1;
  const double epsilon = call.number("epsilon", of_layers ? 1e-12 : 1e-5);
  Value x = of_layers ? g.normalize(sum, {last}, epsilon, call.name)
                      : g.add(Operator::multiply, {sum, inverse_root(g, sum, {last}, epsilon)}, {}, call.name);
  x = g.binary(Operator::multiply, x, call.value(2));
  if (of_layers && call.given(3)) x = g.binary(Operator::add, x, call.value(3));
  call.give(x);
  if (call.output_count() > 3) call.give(sum, 3);
}

}  // namespace

void add_microsoft_rules(Rules& rules) {
  const std::string domain = "com.microsoft.";
  rules[domain + "FusedConv"] = fused_convolution;
  rules[domain + "FusedGemm"] = fused_gemm;
  rules[domain + "FusedMatMul"] = fused_matmul;
  rules[domain + "Gelu"] = rules[domain + "BiasGelu"] = [](Call& call) { gelu(call, Function::gelu); };
  rules[domain + "FastGelu"] = [](Call& call) { gelu(call, Function::gelu_tanh); };
  rules[domain + "QuickGelu"] = quick_gelu;
  rules[domain + "SkipLayerNormalization"] = [](Call& call) { skip_normalization(call, true); };
  rules[domain + "SkipSimplifiedLayerNormalization"] = [](Call& call) { skip_normalization(call, false); };
}

}  // namespace whycam::onnx
