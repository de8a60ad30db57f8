// How inputs, arithmetic, products of matrices and sums are said in ONNX.
#include "formats/onnx/node_writer.h"
#include "graph/operators.h"

namespace whycam::onnx {

using graph::Integers;
using graph::Shape;

void write_node(Emitter& emitter, graph::Value value) {
#define OPERATOR(name, attributes, fewest, most) write_##name,
  static constexpr std::string (*all[])(const NodeWriter&) = {
#include "graph/operators.def"
  };
#undef OPERATOR
  const NodeWriter w(emitter, value);
  std::string result = all[static_cast<std::size_t>(w.node.op)](w);
  if (w.node.fused.relu) result = emitter.node("Relu", {result});
  if (w.node.fused.limit > 0) result = emitter.node("Min", {result, emitter.number(w.node.fused.limit)});
  emitter.put(value, result);
}

std::string write_input(const NodeWriter& w) { return w.to.add_input(w.value); }
std::string write_constant(const NodeWriter& w) { return w.to.add_constant(w.value); }
std::string write_add(const NodeWriter& w) { return w.in(0) + w.in(1); }
std::string write_subtract(const NodeWriter& w) { return w.in(0) - w.in(1); }
std::string write_multiply(const NodeWriter& w) { return w.in(0) * w.in(1); }
std::string write_divide(const NodeWriter& w) { return w.in(0) / w.in(1); }
std::string write_maximum(const NodeWriter& w) { return w.in(0).as("Max", w.in(1)); }
std::string write_minimum(const NodeWriter& w) { return w.in(0).as("Min", w.in(1)); }

std::string write_gate(const NodeWriter& w) {
  Term sum = w.in(1);
  for (std::size_t i = 2; i < w.node.inputs.size(); ++i) sum = sum + w.in(i);
  return where(w.in(0), sum, sum.number(0));
}

std::string write_scale_shift(const NodeWriter& w) {
  std::vector<Extent> along_channels(w.node.shape.size() - 1, Extent{1, 0});
  along_channels[0].size = w.node.shape[1];
  return w.in(0) * w.reshape(w.in(1), along_channels) + w.reshape(w.in(2), along_channels);
}

namespace {

Term with_transposed_matrices(const NodeWriter& w, std::size_t i) {
  Integers order;
  for (std::size_t d = 0; d < w.shape_in(i).size(); ++d) order.push_back(static_cast<std::int64_t>(d));
  std::swap(order[order.size() - 1], order[order.size() - 2]);
  return w.in(i).as("Transpose", {{"perm", order}});
}

}  // namespace

std::string write_matmul(const NodeWriter& w) {
  const auto& a = w.node.as<graph::MatmulAttributes>();
  const bool with_bias = w.node.inputs.size() > 2;
  if (w.shape_in(0).size() == 2 && w.shape_in(1).size() == 2) {
    Tensors inputs{w.in(0), w.in(1)};
    if (with_bias) inputs.push_back(w.in(2));
    return w.emit("Gemm", inputs, {{"transA", std::int64_t{a.transpose_a}}, {"transB", std::int64_t{a.transpose_b}}});
  }
  const Term left = a.transpose_a ? with_transposed_matrices(w, 0) : w.in(0);
  const Term right = a.transpose_b ? with_transposed_matrices(w, 1) : w.in(1);
  const Term product = left.as("MatMul", right);
  return with_bias ? product + w.in(2) : product;
}

namespace {

/// Divided by the sum of its absolute values, so that powers neither vanish nor overflow.
Term scaled(const NodeWriter& w, const Term& matrices) {
  return matrices / (w.emit("ReduceSum", {matrices.as("Abs"), w.to.integers({1, 2})}) + 1e-37);
}

}  // namespace

/// By powers of the matrix, which ONNX has no eigenvectors for: with the power of 2^11, an eigenvector whose eigenvalue
/// is a hundredth smaller weighs 1e-9 of the first. The matrix is squared eight times, and multiplied with the vector
/// eight times, which costs less than three more squarings.
std::string write_principal_eigenvector(const NodeWriter& w) {
  constexpr int squarings = 8, products = 8;
  Term matrices = scaled(w, w.in(0)), vectors = scaled(w, w.in(1));
  // The largest eigenvalue of a scaled matrix is at least one over the square of its rows: a few products may go by.
  for (int i = 0; i < squarings; ++i) {
    matrices = matrices.as("MatMul", matrices);
    if (i % 2 == 1) matrices = scaled(w, matrices);
  }
  for (int i = 0; i < products; ++i) {
    vectors = matrices.as("MatMul", vectors);
    if (i % 4 == 3) vectors = scaled(w, vectors);
  }
  const Term squares = w.emit("ReduceSum", {vectors * vectors, w.to.integers({1, 2})});
  return vectors / (squares + 1e-37).as("Sqrt");
}

namespace {

Term sum(const NodeWriter& w, const Term& x) {
  return w.emit("ReduceSum", {x, w.to.integers(w.node.as<graph::AxesAttributes>().axes)});
}

Term mean(const NodeWriter& w, const Term& x) {
  std::int64_t count = 1;
  for (const std::int64_t axis : w.node.as<graph::AxesAttributes>().axes)
    count *= w.node.shape[static_cast<std::size_t>(axis)];
  return sum(w, x) * (1 / static_cast<double>(count));
}

Term softmax(const NodeWriter& w, const std::string& op) {
  const Integers& axes = w.node.as<graph::AxesAttributes>().axes;
  if (axes.size() != 1) w.to.refuse("it runs over " + std::to_string(axes.size()) + " axes at once");
  return w.in().as(op, {{"axis", axes[0]}});
}

struct Normalised {
  Term result, deviation;
};
/// x less its mean, over its standard deviation.
Normalised normalised(const NodeWriter& w, const Term& x) {
  const Term apart = x - mean(w, x);
  const Term deviation = (mean(w, apart * apart) + w.node.as<graph::NormalizeAttributes>().epsilon).as("Sqrt");
  return {apart / deviation, deviation};
}

}  // namespace

std::string write_reduce_sum(const NodeWriter& w) { return sum(w, w.in()); }
std::string write_softmax(const NodeWriter& w) { return softmax(w, "Softmax"); }
std::string write_log_softmax(const NodeWriter& w) { return softmax(w, "LogSoftmax"); }
std::string write_normalize(const NodeWriter& w) { return normalised(w, w.in()).result; }

/// (g - mean(g) - y * mean(g * y)) / deviation
std::string write_normalize_gradient(const NodeWriter& w) {
  const Normalised y = normalised(w, w.in(1));
  const Term g = w.in(0);
  return (g - mean(w, g) - y.result * mean(w, g * y.result)) / y.deviation;
}

}  // namespace whycam::onnx
