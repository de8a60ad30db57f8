// Quantised operators on integers: the same as the operator on floating-point numbers between DequantizeLinear and
// QuantizeLinear, which is how ONNX defines them.
#include <gtest/gtest.h>

#include "onnx/model_builder.h"

namespace whycam::onnx {
namespace {

constexpr int int8 = proto::TensorProto::INT8, uint8 = proto::TensorProto::UINT8, int32 = proto::TensorProto::INT32;
constexpr double tolerance = 1e-6;

/// An input, quantised to "q".
ModelBuilder quantised_input(const graph::Shape& shape) {
  ModelBuilder builder;
  builder.input("x", shape).output("y");
  builder.tensor(tensor_of("xs", {}, {0.02F})).tensor(integers_of("xz", {}, {3}, int8));
  builder.tensor(tensor_of("ys", {}, {0.05F})).tensor(integers_of("yz", {}, {-7}, int8));
  builder.node("QuantizeLinear", {"x", "xs", "xz"}, {"q"});
  return builder;
}

void expect_equal(const ModelBuilder& integers, const ModelBuilder& floats, const graph::Shape& shape) {
  const std::vector<double> x = wave(shape, 2);
  const auto network = integers.network();
  const std::vector<double> expected = evaluated(*floats.network(), {shape}, {x});
  EXPECT_LE(relative_error(evaluated(*network, {shape}, {x}), expected), tolerance);
  EXPECT_LE(relative_error(planned(*network, {shape}, {x}), expected), tolerance);
}

/// The weights, a scale for each channel, and a bias that counts the product of both scales.
ModelBuilder with_weights(ModelBuilder builder, const graph::Shape& shape, const std::vector<std::int64_t>& numbers) {
  builder.tensor(integers_of("w", shape, numbers, int8)).tensor(tensor_of("ws", {2}, {0.01F, 0.03F}));
  builder.tensor(integers_of("wz", {2}, {0, 0}, int8)).tensor(integers_of("b", {2}, {500, -250}, int32));
  builder.tensor(tensor_of("bs", {2}, {0.02F * 0.01F, 0.02F * 0.03F}));
  return builder;
}

TEST(OnnxIntegerOperators, ConvolutionsAreThoseOfWhatTheNumbersStandFor) {
  const graph::Shape shape{1, 1, 4, 4};
  const std::vector<std::int64_t> kernel{10, -20, 30, 40, -50, 60, 70, -80};
  const Attributes strides{{"strides", std::vector<std::int64_t>{1, 2}}};
  ModelBuilder floats = with_weights(quantised_input(shape), {2, 1, 2, 2}, kernel);
  floats.node("DequantizeLinear", {"q", "xs", "xz"}, {"xf"})
      .node("DequantizeLinear", {"w", "ws", "wz"}, {"wf"}, {{"axis", std::int64_t{0}}})
      .node("DequantizeLinear", {"b", "bs"}, {"bf"}, {{"axis", std::int64_t{0}}})
      .node("Conv", {"xf", "wf", "bf"}, {"c"}, strides)
      .node("QuantizeLinear", {"c", "ys", "yz"}, {"r"})
      .node("DequantizeLinear", {"r", "ys", "yz"}, {"y"});
  for (const char* domain : {"", "com.microsoft"}) {
    ModelBuilder integers = with_weights(quantised_input(shape), {2, 1, 2, 2}, kernel);
    integers.node("QLinearConv", {"q", "xs", "xz", "w", "ws", "wz", "ys", "yz", "b"}, {"r"}, strides, "conv", domain)
        .node("DequantizeLinear", {"r", "ys", "yz"}, {"y"});
    expect_equal(integers, floats, shape);
    EXPECT_TRUE(integers.network()->has_layer("conv"));
  }
}

TEST(OnnxIntegerOperators, ProductsAndSumsAreThoseOfWhatTheNumbersStandFor) {
  const graph::Shape shape{2, 3};
  const std::vector<std::int64_t> matrix{10, -20, 30, 40, -50, 60};
  ModelBuilder floats = with_weights(quantised_input(shape), {3, 2}, matrix);
  floats.node("DequantizeLinear", {"q", "xs", "xz"}, {"xf"})
      .node("DequantizeLinear", {"w", "ws", "wz"}, {"wf"}, {{"axis", std::int64_t{1}}})
      .node("MatMul", {"xf", "wf"}, {"m"})
      .node("QuantizeLinear", {"m", "ys", "yz"}, {"r"})
      .node("DequantizeLinear", {"r", "ys", "yz"}, {"rf"})
      .node("Add", {"rf", "rf"}, {"s"})
      .node("QuantizeLinear", {"s", "ys", "yz"}, {"t"})
      .node("DequantizeLinear", {"t", "ys", "yz"}, {"y"});
  ModelBuilder integers = with_weights(quantised_input(shape), {3, 2}, matrix);
  integers.node("QLinearMatMul", {"q", "xs", "xz", "w", "ws", "wz", "ys", "yz"}, {"r"})
      .node("QLinearAdd", {"r", "ys", "yz", "r", "ys", "yz", "ys", "yz"}, {"t"}, {}, "sum", "com.microsoft")
      .node("DequantizeLinear", {"t", "ys", "yz"}, {"y"});
  expect_equal(integers, floats, shape);
}

TEST(OnnxIntegerOperators, AGemmMayGiveFloats) {
  const graph::Shape shape{2, 3};
  const std::vector<std::int64_t> matrix{10, -20, 30, 40, -50, 60};
  ModelBuilder floats = with_weights(quantised_input(shape), {2, 3}, matrix);
  floats.node("DequantizeLinear", {"q", "xs", "xz"}, {"xf"})
      .node("DequantizeLinear", {"w", "ws", "wz"}, {"wf"}, {{"axis", std::int64_t{0}}})
      .node("DequantizeLinear", {"b", "bs"}, {"bf"}, {{"axis", std::int64_t{0}}})
      .node("Gemm", {"xf", "wf", "bf"}, {"y"}, {{"transB", std::int64_t{1}}});
  ModelBuilder integers = with_weights(quantised_input(shape), {2, 3}, matrix);
  integers.node("QGemm", {"q", "xs", "xz", "w", "ws", "wz", "b"}, {"y"}, {{"transB", std::int64_t{1}}}, "fc",
                "com.microsoft");
  expect_equal(integers, floats, shape);
}

TEST(OnnxIntegerOperators, PoolingAndConcatenationAreThoseOfWhatTheNumbersStandFor) {
  const graph::Shape shape{1, 2, 3, 3};
  ModelBuilder floats = quantised_input(shape);
  floats.node("DequantizeLinear", {"q", "xs", "xz"}, {"xf"})
      .node("Concat", {"xf", "xf"}, {"c"}, {{"axis", std::int64_t{1}}})
      .node("QuantizeLinear", {"c", "ys", "yz"}, {"cq"})
      .node("DequantizeLinear", {"cq", "ys", "yz"}, {"cf"})
      .node("GlobalAveragePool", {"cf"}, {"p"})
      .node("QuantizeLinear", {"p", "ys", "yz"}, {"pq"})
      .node("DequantizeLinear", {"pq", "ys", "yz"}, {"y"});
  ModelBuilder integers = quantised_input(shape);
  integers
      .node("QLinearConcat", {"ys", "yz", "q", "xs", "xz", "q", "xs", "xz"}, {"cq"}, {{"axis", std::int64_t{1}}},
            "join", "com.microsoft")
      .node("QLinearGlobalAveragePool", {"cq", "ys", "yz", "ys", "yz"}, {"pq"}, {{"channels_last", std::int64_t{0}}},
            "pool", "com.microsoft")
      .node("DequantizeLinear", {"pq", "ys", "yz"}, {"y"});
  expect_equal(integers, floats, shape);
}

}  // namespace
}  // namespace whycam::onnx
