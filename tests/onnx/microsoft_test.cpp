// ONNX Runtime's fused operators beside the operators that they are put together of.
#include <gtest/gtest.h>

#include "onnx/model_builder.h"

namespace whycam::onnx {
namespace {

const char* const domain = "com.microsoft";

/// A network with x of 1 x 3 x 6 x 6, or of 2 x 5 x 4, and weights of each rank.
ModelBuilder builder(const graph::Shape& shape) {
  ModelBuilder made(20);
  made.input("x", shape).output("y");
  made.weights("w", {3, 3, 3, 3})
      .weights("b", {3}, 1)
      .weights("m", {4, 4}, 2)
      .weights("v", {4}, 3)
      .weights("s", {4}, 4);
  made.weights("skip", {2, 5, 4}, 5);
  return made;
}

double error_between(const ModelBuilder& fused, const ModelBuilder& apart, const graph::Shape& shape) {
  return relative_error(evaluated(*fused.network(), {shape}, {wave(shape)}),
                        evaluated(*apart.network(), {shape}, {wave(shape)}));
}

const graph::Shape image{1, 3, 6, 6}, tokens{2, 5, 4};
constexpr double rounding = 1e-12;  // both are computed in double precision

TEST(OnnxRuntimesOperators, AConvolutionTakesASumAndAnActivation) {
  const Attributes pads{{"pads", std::vector<std::int64_t>{1, 1, 1, 1}}};
  Attributes with_relu = pads;
  with_relu.emplace_back("activation", std::string("Relu"));
  const ModelBuilder fused = builder(image).node("FusedConv", {"x", "w", "b", "x"}, {"y"}, with_relu, "fused", domain);
  const ModelBuilder apart = builder(image)
                                 .node("Conv", {"x", "w", "b"}, {"c"}, pads)
                                 .node("Add", {"c", "x"}, {"d"})
                                 .node("Relu", {"d"}, {"y"});
  EXPECT_LT(error_between(fused, apart, image), rounding);
  const Lowered lowered = fused.network()->lower({{"input.0", image}}, {}, false);
  EXPECT_EQ(lowered.graph[lowered.outputs[0]].activation, "relu");
}

TEST(OnnxRuntimesOperators, OfAnActivationThatIsNotKnownAreRefused) {
  const Attributes attributes{{"activation", std::string("Snake")}};
  const auto network = builder(image).node("FusedConv", {"x", "w"}, {"y"}, attributes, "fused", domain).network();
  EXPECT_NE(fault_of(*network, {{"input.0", image}}, {{}, false, 0}).find("the activation Snake"), std::string::npos);
}

TEST(OnnxRuntimesOperators, AProductTakesTransposesAndAFactor) {
  const Attributes attributes{{"transB", std::int64_t{1}}, {"alpha", 0.5F}};
  const ModelBuilder fused = builder(tokens).node("FusedMatMul", {"x", "skip"}, {"y"}, attributes, "fused", domain);
  const ModelBuilder apart = builder(tokens)
                                 .tensor(tensor_of("half", {}, {0.5F}))
                                 .node("Transpose", {"skip"}, {"t"}, {{"perm", std::vector<std::int64_t>{0, 2, 1}}})
                                 .node("MatMul", {"x", "t"}, {"p"})
                                 .node("Mul", {"p", "half"}, {"y"});
  EXPECT_LT(error_between(fused, apart, tokens), rounding);
}

TEST(OnnxRuntimesOperators, GeluIsExactOrByTanh) {
  const ModelBuilder exact = builder(tokens).node("Gelu", {"x"}, {"y"}, {}, "fused", domain);
  EXPECT_LT(error_between(exact, builder(tokens).node("Gelu", {"x"}, {"y"}), tokens), rounding);
  const ModelBuilder fast = builder(tokens).node("FastGelu", {"x", "v"}, {"y"}, {}, "fused", domain);
  const ModelBuilder apart =
      builder(tokens).node("Add", {"x", "v"}, {"a"}).node("Gelu", {"a"}, {"y"}, {{"approximate", std::string("tanh")}});
  EXPECT_LT(error_between(fast, apart, tokens), rounding);
}

TEST(OnnxRuntimesOperators, ANormalisationTakesWhatIsSkipped) {
  const Attributes epsilon{{"epsilon", 1e-3F}};
  const ModelBuilder fused =
      builder(tokens).node("SkipLayerNormalization", {"x", "skip", "s", "v"}, {"y"}, epsilon, "fused", domain);
  const ModelBuilder apart =
      builder(tokens).node("Add", {"x", "skip"}, {"a"}).node("LayerNormalization", {"a", "s", "v"}, {"y"}, epsilon);
  EXPECT_LT(error_between(fused, apart, tokens), rounding);
}

TEST(OnnxRuntimesOperators, AGemmTakesAnActivationWithItsNumbers) {
  const graph::Shape rows{3, 4};
  const Attributes attributes{{"alpha", 0.5F}, {"activation", std::string("LeakyRelu")}, {"activation_alpha", 0.25F}};
  const ModelBuilder fused = builder(rows).node("FusedGemm", {"x", "m", "v"}, {"y"}, attributes, "fused", domain);
  const ModelBuilder apart = builder(rows)
                                 .node("Gemm", {"x", "m", "v"}, {"g"}, {{"alpha", 0.5F}})
                                 .node("LeakyRelu", {"g"}, {"y"}, {{"alpha", 0.25F}});
  EXPECT_LT(error_between(fused, apart, rows), rounding);
}

TEST(OnnxRuntimesOperators, AProductTakesBatchesBehindRows) {
  const Attributes attributes{{"transBatchA", std::int64_t{1}}, {"transB", std::int64_t{1}}};
  const ModelBuilder fused = builder(tokens)
                                 .weights("other", {5, 3, 4})
                                 .node("FusedMatMul", {"x", "other"}, {"y"}, attributes, "fused", domain);
  const ModelBuilder apart =
      builder(tokens)
          .weights("other", {5, 3, 4})
          .node("Transpose", {"x"}, {"turned_x"}, {{"perm", std::vector<std::int64_t>{1, 0, 2}}})
          .node("Transpose", {"other"}, {"turned_other"}, {{"perm", std::vector<std::int64_t>{0, 2, 1}}})
          .node("MatMul", {"turned_x", "turned_other"}, {"y"});
  EXPECT_LT(error_between(fused, apart, tokens), rounding);
}

TEST(OnnxRuntimesOperators, AttentionIsOnnxsWithItsProjections) {
  ModelBuilder apart(23), with_weights(23), with_biases(23);
  for (ModelBuilder* one : {&apart, &with_weights, &with_biases})
    one->input("x", tokens).output("y").weights("w", {4, 12}).weights("b", {12}, 1);
  const Attributes thirds{{"axis", std::int64_t{2}}, {"num_outputs", std::int64_t{3}}},
      heads{{"num_heads", std::int64_t{2}}}, both{{"q_num_heads", std::int64_t{2}}, {"kv_num_heads", std::int64_t{2}}};
  apart.node("MatMul", {"x", "w"}, {"p"}).node("Add", {"p", "b"}, {"s"});
  apart.node("Split", {"s"}, {"q", "k", "v"}, thirds).node("Attention", {"q", "k", "v"}, {"y"}, both);
  with_weights.node("Attention", {"x", "w", "b"}, {"y"}, heads, "fused", domain);
  with_biases.node("MatMul", {"x", "w"}, {"p"}).node("Split", {"p"}, {"q", "k", "v"}, thirds);
  with_biases.node("MultiHeadAttention", {"q", "k", "v", "b"}, {"y"}, heads, "fused", domain);
  EXPECT_LT(error_between(with_weights, apart, tokens), rounding);
  EXPECT_LT(error_between(with_biases, apart, tokens), rounding);
}

TEST(OnnxRuntimesOperators, ANormalisationByTheRootOfTheMeanSquareTakesWhatIsSkipped) {
  const ModelBuilder fused =
      ModelBuilder(builder(tokens))
          .node("SkipSimplifiedLayerNormalization", {"x", "skip", "s", "v"}, {"y"}, {}, "fused", domain);
  ModelBuilder apart(23);
  apart.input("x", tokens).output("y").weights("v", {4}, 3).weights("s", {4}, 4).weights("skip", {2, 5, 4}, 5);
  apart.node("Add", {"x", "skip"}, {"a"}).node("Add", {"a", "v"}, {"b"}).node("RMSNormalization", {"b", "s"}, {"y"});
  EXPECT_LT(error_between(fused, apart, tokens), rounding);
}

}  // namespace
}  // namespace whycam::onnx
