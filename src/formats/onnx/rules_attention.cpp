// Attention and rotary positions: ONNX's own operators, and those that ONNX Runtime's tools put together.
#include <algorithm>
#include <cmath>

#include "formats/onnx/rules.h"
#include "graph/attention.h"
#include "graph/operators.h"

namespace whycam::onnx {
namespace {

using graph::Function;
using graph::Integers;
using graph::Operator;
using graph::Shape;
using graph::Value;

/// What is added to the scores: a known mask, of true and false or of numbers.
Value mask_of(Call& call, std::size_t at, bool causal, std::int64_t queries, std::int64_t keys) {
  require_known({queries, keys});
  const Array allowed =
      causal ? Array{true, {queries, keys}, graph::causal_flags(queries, keys)} : Array{true, {}, {1}};
  const auto scores = [&](const Array& flags) { return graph::mask_of_flags(call.graph, flags.numbers, flags.shape); };
  if (!call.given(at)) return causal ? scores(allowed) : graph::no_value;
  if (!call.known(at, std::int64_t{1} << 24)) call.refuse("a mask that depends on the inputs");
  const auto* flags = std::get_if<Array>(&call.item(at));
  if (flags && flags->integers) return scores(fold("And", {flags, &allowed}, {}));
  return causal ? call.graph.binary(Operator::add, call.value(at), scores(allowed)) : call.value(at);
}

void refuse_given(Call& call, std::size_t from, std::size_t to, const char* what) {
  for (std::size_t i = from; i < to; ++i)
    if (call.given(i)) call.refuse(what);
}

/// Queries, keys and values of N x heads x places x channels, or of N x places x (heads * channels). Those of the past
/// belong to networks that write a text word by word.
void attention(Call& call) {
  refuse_given(call, 4, 6, "keys and values of the past");
  refuse_given(call, 6, 7, "numbers of keys for each example");
  if (call.number("softcap", 0) != 0) call.refuse("scores that are capped");
  if (call.is_read(3)) call.refuse("scores as an output");
  graph::Graph& g = call.graph;
  const bool rows = call.dimensions() == 3;
  Value q = call.value(0), k = call.value(1), v = call.value(2);
  if (rows) {
    q = graph::split_heads(g, q, call.integer("q_num_heads", 0));
    k = graph::split_heads(g, k, call.integer("kv_num_heads", 0));
    v = graph::split_heads(g, v, call.integer("kv_num_heads", 0));
  }
  const Shape shape = g.shape(q);
  if (shape.size() != 4) call.refuse("queries of " + std::to_string(shape.size()) + " dimensions");
  const Value mask = mask_of(call, 3, call.integer("is_causal", 0) != 0, shape[2], g.shape(k).at(2));
  const double scale = call.number("scale", 1 / std::sqrt(static_cast<double>(shape[3])));
  const Value y =
      graph::attention(g, q, graph::for_each_head(g, k, shape[1]), graph::for_each_head(g, v, shape[1]), scale, mask);
  call.give(rows ? graph::join_heads(g, y) : y);
  if (call.output_count() > 1) call.give(k, 1);
  if (call.output_count() > 2) call.give(v, 2);
}

/// ONNX Runtime's: 0 stands for the default.
double scale_of(const Call& call, const graph::Shape& queries) {
  const double given = call.number("scale", 0);
  return given != 0 ? given : 1 / std::sqrt(static_cast<double>(queries.back()));
}

/// ONNX Runtime's, of queries, keys and values that are projected already.
void multi_head_attention(Call& call) {
  refuse_given(call, 4, 5, "a mask of keys");
  refuse_given(call, 6, call.count(), "keys and values of the past");
  if (!call.given(1) || !call.given(2) || call.dimensions(1) != 3)
    call.refuse("queries, keys and values in one tensor");
  if (call.is_read(1)) call.refuse("keys as an output");
  graph::Graph& g = call.graph;
  const std::int64_t heads = call.integer("num_heads", 0), width = call.shape().back();
  std::vector<Value> parts;
  for (std::size_t i = 0; i < 3; ++i) {
    Value x = call.value(i);
    if (call.given(3)) {  // the biases of all three behind each other
      const std::int64_t begin = static_cast<std::int64_t>(i) * width, size = g.shape(x).back();
      x = g.binary(Operator::add, x, g.slice(call.value(3), 0, begin, size));
    }
    parts.push_back(graph::split_heads(g, x, heads));
  }
  const Shape q = g.shape(parts[0]);
  const Value mask = mask_of(call, 5, call.integer("unidirectional", 0) != 0, q[2], g.shape(parts[1])[2]);
  call.give(graph::join_heads(g, graph::attention(g, parts[0], parts[1], parts[2], scale_of(call, q), mask)));
}

/// ONNX Runtime's, which projects x to queries, keys and values itself: weights of channels x 3 channels.
void projecting_attention(Call& call) {
  refuse_given(call, 3, call.count(), "a mask or keys and values of the past");
  if (call.has("qkv_hidden_sizes") || call.integer("do_rotary", 0) != 0) call.refuse("projections of unlike sizes");
  if (call.integer("unidirectional", 0) != 0 || call.is_read(1)) call.refuse("keys that are kept");
  graph::Graph& g = call.graph;
  Value all = g.add(Operator::matmul, {call.value(0), call.value(1)}, graph::MatmulAttributes{}, call.name);
  if (call.given(2)) all = g.binary(Operator::add, all, call.value(2));
  const std::int64_t width = g.shape(all).back() / 3, heads = call.integer("num_heads", 0);
  std::vector<Value> parts;
  for (std::int64_t i = 0; i < 3; ++i) parts.push_back(graph::split_heads(g, g.slice(all, 2, i * width, width), heads));
  const double scale = scale_of(call, g.shape(parts[0]));
  call.give(graph::join_heads(g, graph::attention(g, parts[0], parts[1], parts[2], scale)));
}

/// The cosines or sines of the positions, of N x places x 1 x pairs.
Value angles(Call& call, std::size_t at, std::int64_t examples, std::int64_t places) {
  graph::Graph& g = call.graph;
  Value table = call.value(at);
  if (call.given(3)) {
    const Array positions = call.array(3);
    table = take(g, table, 0, positions.to_integers());
    table = g.reshape(table, {positions.shape.at(0), positions.shape.at(1), g.shape(table).back()});
  }
  const Shape shape = g.shape(table);
  if (shape.size() != 3 || shape[0] != examples || shape[1] != places)
    call.refuse("angles of the shape " + graph::to_string(shape));
  return g.reshape(table, {shape[0], shape[1], 1, shape[2]});
}

/// Pairs of channels, turned by the angles of their places (Su et al. 2021).
void rotary_embedding(Call& call) {
  graph::Graph& g = call.graph;
  const bool rows = call.dimensions() == 3;
  if (!rows && call.dimensions() != 4) call.refuse("an input of " + std::to_string(call.dimensions()) + " dimensions");
  Value x = rows ? graph::split_heads(g, call.value(), call.integer("num_heads", 0)) : call.value();
  x = g.transpose(x, {0, 2, 1, 3});  // N x places x heads x channels
  const Shape shape = g.shape(x);
  const std::int64_t given = call.integer("rotary_embedding_dim", 0), turned = given > 0 ? given : shape[3];
  if (turned > shape[3] || turned % 2 != 0) call.refuse(std::to_string(turned) + " channels that are turned");
  const Value cosines = angles(call, 1, shape[0], shape[1]), sines = angles(call, 2, shape[0], shape[1]);
  const bool interleaved = call.integer("interleaved", 0) != 0;
  const std::int64_t half = turned / 2, step = interleaved ? 2 : 1;
  const Value a = g.slice(x, 3, 0, half, step), b = g.slice(x, 3, interleaved ? 1 : half, half, step);
  const auto times = [&](Value p, Value q) { return g.binary(Operator::multiply, p, q); };
  Value real = g.binary(Operator::subtract, times(a, cosines), times(b, sines));
  Value imaginary = g.binary(Operator::add, times(a, sines), times(b, cosines));
  if (interleaved) {
    real = g.reshape(real, {shape[0], shape[1], shape[2], half, 1});
    imaginary = g.reshape(imaginary, {shape[0], shape[1], shape[2], half, 1});
  }
  Value y = g.add(Operator::concat, {real, imaginary}, graph::ConcatAttributes{interleaved ? 4 : 3});
  y = g.reshape(y, {shape[0], shape[1], shape[2], turned});
  if (turned < shape[3])
    y = g.add(Operator::concat, {y, g.slice(x, 3, turned, shape[3] - turned)}, graph::ConcatAttributes{3});
  call.give(rows ? g.reshape(y, call.shape()) : g.transpose(y, {0, 2, 1, 3}));
}

}  // namespace

void add_attention_rules(Rules& rules) {
  rules["Attention"] = attention;
  rules["RotaryEmbedding"] = rotary_embedding;
  rules["com.microsoft.MultiHeadAttention"] = multi_head_attention;
  rules["com.microsoft.Attention"] = projecting_attention;
}

}  // namespace whycam::onnx
