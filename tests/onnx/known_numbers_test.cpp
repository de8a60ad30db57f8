// What is computed as a network is read: constants, branches, loops.
#include <gtest/gtest.h>

#include <cmath>

#include "onnx/model_builder.h"

namespace whycam::onnx {
namespace {

const graph::Shape shape{1, 4};
constexpr int boolean = proto::TensorProto::BOOL;

/// y = x * c, where c is computed from constants.
std::vector<double> factor(ModelBuilder builder) {
  builder.input("x", shape).output("y").node("Mul", {"x", "c"}, {"y"});
  return evaluated(*builder.network(), {shape}, {{1, 1, 1, 1}});
}

TEST(OnnxKnownNumbers, OfWhateverOperatorAreComputed) {
  using Numbers = std::vector<double>;
  const proto::TensorProto four = tensor_of("a", {4}, {-1.5F, 0.5F, 2.5F, 4});
  const auto of = [&](const std::string& op, const Attributes& attributes = {}) {
    return factor(ModelBuilder(14).tensor(four).node(op, {"a"}, {"c"}, attributes));
  };
  EXPECT_EQ(of("Floor"), (Numbers{-2, 0, 2, 4}));
  EXPECT_EQ(of("Ceil"), (Numbers{-1, 1, 3, 4}));
  EXPECT_EQ(of("Round"), (Numbers{-2, 0, 2, 4}));
  EXPECT_EQ(of("Sign"), (Numbers{-1, 1, 1, 1}));
  EXPECT_EQ(of("Atan")[3], static_cast<double>(static_cast<float>(std::atan(4.0))));
  EXPECT_EQ(of("ReduceProd"), (Numbers{-7.5, -7.5, -7.5, -7.5}));
  EXPECT_EQ(of("ReduceMin"), (Numbers{-1.5, -1.5, -1.5, -1.5}));
  EXPECT_EQ(of("ReduceMax"), (Numbers{4, 4, 4, 4}));
  EXPECT_EQ(of("Cast", {{"to", std::int64_t{proto::TensorProto::INT64}}}), (Numbers{-1, 0, 2, 4}));
  EXPECT_EQ(of("Cast", {{"to", std::int64_t{proto::TensorProto::BOOL}}}), (Numbers{1, 1, 1, 1}));
  const auto with = [&](const std::string& op, const proto::TensorProto& b, const Attributes& attributes = {}) {
    return factor(ModelBuilder(14).tensor(four).tensor(b).node(op, {"a", "b"}, {"c"}, attributes));
  };
  EXPECT_EQ(with("Pow", tensor_of("b", {4}, {2, 2, 1, 0.5F})), (Numbers{2.25, 0.25, 2.5, 2}));
  EXPECT_EQ(with("CumSum", integers_of("b", {}, {0})), (Numbers{-1.5, -1, 1.5, 5.5}));
  EXPECT_EQ(with("CumSum", integers_of("b", {}, {0}), {{"exclusive", std::int64_t{1}}, {"reverse", std::int64_t{1}}}),
            (Numbers{7, 6.5, 4, 0}));
  EXPECT_EQ(with("MatMul", tensor_of("b", {4}, {1, 2, 3, 4})), (Numbers{23, 23, 23, 23})) << "two vectors";
  ModelBuilder chosen(14);
  chosen.tensor(four).tensor(tensor_of("b", {}, {9})).tensor(integers_of("m", {4}, {1, 0, 1, 0}, boolean));
  EXPECT_EQ(factor(chosen.node("Where", {"m", "a", "b"}, {"c"})), (Numbers{-1.5, 9, 2.5, 9}));
  ModelBuilder ramp(14);
  ramp.tensor(tensor_of("s", {}, {0.5F})).tensor(tensor_of("e", {}, {2.5F})).tensor(tensor_of("d", {}, {0.5F}));
  EXPECT_EQ(factor(ramp.node("Range", {"s", "e", "d"}, {"c"})), (Numbers{0.5, 1, 1.5, 2}));
}

TEST(OnnxKnownNumbers, AreProductsOfMatricesAndVectors) {
  ModelBuilder builder(14);
  builder.input("x", {2, 3}).output("y").tensor(tensor_of("v", {3}, {1, 10, 100})).node("MatMul", {"x", "v"}, {"y"});
  EXPECT_EQ(evaluated(*builder.network(), {{2, 3}}, {{1, 2, 3, 4, 5, 6}}), (std::vector<double>{321, 654}));
  ModelBuilder before(14);
  before.input("x", {3, 2}).output("y").tensor(tensor_of("v", {3}, {1, 10, 100})).node("MatMul", {"v", "x"}, {"y"});
  EXPECT_EQ(evaluated(*before.network(), {{3, 2}}, {{1, 2, 3, 4, 5, 6}}), (std::vector<double>{531, 642}));
}

TEST(OnnxKnownNumbers, OfWhichTheInputsAreRounded) {
  ModelBuilder builder(14);
  builder.input("x", shape).output("y").tensor(tensor_of("two", {}, {2}));
  builder.node("Floor", {"x"}, {"f"}).node("Pow", {"two", "f"}, {"y"});
  EXPECT_LE(relative_error(evaluated(*builder.network(), {shape}, {{0.5, 1.5, -0.5, 3}}), {1, 2, 0.5, 8}), 1e-12);
}

ModelBuilder with_branches(bool condition) {
  ModelBuilder builder(14);
  builder.input("x", shape).output("y").tensor(integers_of("c", {}, {condition}, boolean));
  const proto::GraphProto then_branch = graph_of({}, {node_of("Neg", {"x"}, {"t"})}, {"t"});
  const proto::GraphProto else_branch =
      graph_of({}, {node_of("ArgMax", {"x"}, {"unused"}), node_of("Add", {"x", "x"}, {"e"})}, {"e"});
  return builder.node("If", {"c"}, {"y"}, {{"then_branch", then_branch}, {"else_branch", else_branch}});
}

TEST(OnnxKnownNumbers, ChooseBranches) {
  EXPECT_EQ(evaluated(*with_branches(true).network(), {shape}, {{1, 2, 3, 4}}), (std::vector<double>{-1, -2, -3, -4}));
  EXPECT_EQ(evaluated(*with_branches(false).network(), {shape}, {{1, 2, 3, 4}}), (std::vector<double>{2, 4, 6, 8}));
}

/// Doubles the state in each round, and stacks what it was.
proto::GraphProto doubling() {
  return graph_of({"i", "go_in", "s_in"},
                  {node_of("Identity", {"go_in"}, {"go_out"}), node_of("Add", {"s_in", "s_in"}, {"s_out"}),
                   node_of("Identity", {"s_in"}, {"seen"})},
                  {"go_out", "s_out", "seen"});
}

ModelBuilder loop(std::int64_t rounds) {
  ModelBuilder builder(14);
  builder.input("x", shape).output("y").output("all").tensor(integers_of("n", {}, {rounds}));
  return builder.tensor(integers_of("go", {}, {1}, boolean))
      .node("Loop", {"n", "go", "x"}, {"y", "all"}, {{"body", doubling()}}, "loop");
}

TEST(OnnxKnownNumbers, SayHowOftenALoopRuns) {
  ModelBuilder builder = loop(3);
  EXPECT_EQ(evaluated(*builder.network(), {shape}, {{1, 2, 3, 4}}), (std::vector<double>{8, 16, 24, 32}));
  builder.model.mutable_graph()->mutable_output(0)->set_name("all");
  builder.model.mutable_graph()->mutable_output()->RemoveLast();
  EXPECT_EQ(evaluated(*builder.network(), {shape}, {{1, 2, 3, 4}}),
            (std::vector<double>{1, 2, 3, 4, 2, 4, 6, 8, 4, 8, 12, 16}));
}

TEST(OnnxKnownNumbers, EndALoop) {
  ModelBuilder builder(14);
  builder.input("x", shape)
      .output("y")
      .tensor(integers_of("go", {}, {1}, boolean))
      .tensor(integers_of("four", {}, {4}));
  const proto::GraphProto body =
      graph_of({"i", "go_in", "s_in"},
               {node_of("Less", {"i", "four"}, {"go_out"}), node_of("Add", {"s_in", "x"}, {"s"})}, {"go_out", "s"});
  builder.node("Loop", {"", "go", "x"}, {"y"}, {{"body", body}}, "loop");
  EXPECT_EQ(evaluated(*builder.network(), {shape}, {{1, 2, 3, 4}}), (std::vector<double>{6, 12, 18, 24})) << "5 rounds";
}

TEST(OnnxKnownNumbers, AreNeededWhereALoopHasNoEnd) {
  EXPECT_NE(fault_of(*loop(std::int64_t{1} << 60).network(), {{"x", shape}}, {}).find("2^17"), std::string::npos);
  ModelBuilder builder = loop(1);
  *builder.model.mutable_graph()->mutable_node(0)->mutable_attribute(0)->mutable_g()->mutable_node(0) =
      node_of("Greater", {"s_in", "s_in"}, {"go_out"});
  EXPECT_NE(fault_of(*builder.network(), {{"x", shape}}, {}).find("depends on the inputs"), std::string::npos);
}

TEST(OnnxKnownNumbers, AreTheStepsOfAScan) {
  ModelBuilder builder(14);
  builder.input("x", {3, 2}).output("y").tensor(tensor_of("zero", {2}, {0, 0}));
  const proto::GraphProto body =
      graph_of({"sum", "row"}, {node_of("Add", {"sum", "row"}, {"next"}), node_of("Identity", {"next"}, {"out"})},
               {"next", "out"});
  builder.node("Scan", {"zero", "x"}, {"last", "y"}, {{"body", body}, {"num_scan_inputs", std::int64_t{1}}}, "scan");
  EXPECT_EQ(evaluated(*builder.network(), {{3, 2}}, {{1, 2, 3, 4, 5, 6}}), (std::vector<double>{1, 2, 4, 6, 9, 12}));
}

}  // namespace
}  // namespace whycam::onnx
