// Attention that libtorch has as one operator. Its fused inference operators have no gradient in libtorch; here they
// are what they compute.
#include <cmath>
#include <optional>

#include "formats/aten/rules.h"
#include "graph/attention.h"

namespace whycam::aten {
namespace {

using graph::Function;
using graph::MatmulAttributes;
using graph::Operator;
using graph::Shape;
using graph::Value;

/// What is added to the scores. A mask of true and false must not depend on the inputs.
Value mask_of(Call& call, std::size_t at) {
  if (call.type(at) != Type::boolean) return call.tensor(at);
  return graph::mask_of_flags(call.graph, call.numbers_of(at), call.shape(at));
}

/// Where the arguments stand; query, key and value come first, the scale is number 6. `groups`: whether several heads
/// of queries share keys.
struct Places {
  std::size_t mask, dropout, causal;
  std::optional<std::size_t> groups;
};

void attention(Call& call, const Places& at) {
  if (call.number(at.dropout) != 0) call.refuse("a dropout in training mode");
  graph::Graph& g = call.graph;
  const Shape q = call.shape(0), k = call.shape(1);
  if (q.size() != k.size() || q.size() < 2) call.refuse("queries and keys of different numbers of dimensions");
  Value mask = graph::no_value;
  if (call.given(at.mask)) mask = mask_of(call, at.mask);
  if (call.boolean(at.causal)) mask = graph::causal_mask(g, q[q.size() - 2], k[k.size() - 2]);
  const double scale = call.number(6, 1 / std::sqrt(static_cast<double>(q.back())));
  const std::int64_t heads = q.size() < 3 ? 1 : q[q.size() - 3];
  const bool groups = at.groups && call.boolean(*at.groups);
  const auto shared = [&](Value x) { return groups ? graph::for_each_head(g, x, heads) : x; };
  call.give(graph::attention(g, call.tensor(0), shared(call.tensor(1)), shared(call.tensor(2)), scale, mask));
}

/// x weight^T + bias
Value linear(graph::Graph& g, Value x, Value weight, Value bias) {
  return g.binary(Operator::add, g.add(Operator::matmul, {x, weight}, MatmulAttributes{false, true}), bias);
}

/// Self-attention of N x T x E, with all projections; weights of 3E x E, and of E x E behind.
Value self_attention(Call& call, Value x, std::int64_t heads, std::size_t weights_at) {
  graph::Graph& g = call.graph;
  const Shape shape = g.shape(x);
  const std::int64_t width = shape[2], of_head = width / heads;
  const Value all = linear(g, x, call.tensor(weights_at), call.tensor(weights_at + 1));
  std::vector<Value> parts;
  for (std::int64_t i = 0; i < 3; ++i) parts.push_back(graph::split_heads(g, g.slice(all, 2, i * width, width), heads));
  const Value joined = graph::attention(g, parts[0], parts[1], parts[2], 1 / std::sqrt(static_cast<double>(of_head)));
  return linear(g, graph::join_heads(g, joined), call.tensor(weights_at + 2), call.tensor(weights_at + 3));
}

void check_self_attention(Call& call, std::size_t mask_at, std::int64_t heads) {
  if (call.given(mask_at)) call.refuse("a mask");
  if (call.dimensions() != 3 || heads < 1 || call.shape()[2] % heads != 0) call.refuse("other than N x T x E");
}

/// (query, key, value, embed_dim, num_head, qkv weight and bias, projection's, mask, need_weights, ...)
void native_multi_head_attention(Call& call) {
  check_self_attention(call, 9, call.integer(4));
  if (!call.is_same_tensor(0, 1) || !call.is_same_tensor(0, 2)) call.refuse("keys or values that are not the queries");
  call.give(self_attention(call, call.tensor(), call.integer(4), 5));
}

Value layer_norm(Call& call, Value x, std::size_t weight_at) {
  graph::Graph& g = call.graph;
  x = g.normalize(x, {2}, call.number(9), call.name);
  return g.binary(Operator::add, g.binary(Operator::multiply, x, call.tensor(weight_at)), call.tensor(weight_at + 1));
}

/// (src, embed_dim, num_heads, qkv weight and bias, projection's, use_gelu, norm_first, eps, weight and bias of both
/// norms and of both linear layers, mask, mask_type): torch.nn.TransformerEncoderLayer.
void transformer_encoder_layer(Call& call) {
  check_self_attention(call, 18, call.integer(2));
  graph::Graph& g = call.graph;
  const bool norm_first = call.boolean(8);
  const Value x = call.tensor();
  Value attended = self_attention(call, norm_first ? layer_norm(call, x, 10) : x, call.integer(2), 3);
  attended = g.binary(Operator::add, x, attended);
  if (!norm_first) attended = layer_norm(call, attended, 10);
  Value hidden = linear(g, norm_first ? layer_norm(call, attended, 12) : attended, call.tensor(14), call.tensor(15));
  hidden = g.unary(call.boolean(7) ? Function::gelu : Function::relu, hidden);
  g.set_activation(hidden, call.boolean(7) ? "gelu" : "relu");
  const Value result = g.binary(Operator::add, attended, linear(g, hidden, call.tensor(16), call.tensor(17)));
  call.give(norm_first ? result : layer_norm(call, result, 12));
}

}  // namespace

void add_attention_rules(Rules& rules) {
  rules["scaled_dot_product_attention"] = [](Call& call) { attention(call, {3, 4, 5, 7}); };
  rules["_scaled_dot_product_flash_attention_for_cpu"] = [](Call& call) { attention(call, {5, 3, 4, std::nullopt}); };
  rules["_native_multi_head_attention"] = native_multi_head_attention;
  rules["_transformer_encoder_layer_fwd"] = transformer_encoder_layer;
}

}  // namespace whycam::aten
