// Networks with scores in place of the probabilities that their files end in.
#include "explain/before_softmax.h"

#include <gtest/gtest.h>

#include "onnx/model_builder.h"
#include "whycam/errors.h"

namespace whycam::onnx {
namespace {

const std::vector<Given> given{{"input.0", {2, 3, 8, 8}}};

ModelBuilder ending_in(const std::string& op) {
  ModelBuilder builder;
  builder.input("x", {-1, 3, 8, 8}).output("y");
  builder.node("Relu", {"x"}, {"r"})
      .node("GlobalAveragePool", {"r"}, {"p"})
      .node("Flatten", {"p"}, {"scores"}, {}, "scores_node")
      .node(op, {"scores"}, {"y"});
  return builder;
}

TEST(BeforeSoftmax, IsWhatEntersIt) {
  for (const std::string op : {"Softmax", "LogSoftmax", "Sigmoid"}) {
    const Lowered lowered = explain::before_softmax(ending_in(op).network(), 0)->lower(given, {{"scores"}, false, 0});
    EXPECT_EQ(lowered.outputs.at(0), lowered.layers.at(0).at(0)) << op;
  }
}

TEST(BeforeSoftmax, IsFoundThroughReshapesAndTransposes) {
  ModelBuilder builder;
  builder.input("x", {-1, 3, 8, 8}).output("y").tensor(integers_of("flat", {2}, {0, -1}));
  builder.node("Relu", {"x"}, {"r"})
      .node("Softmax", {"r"}, {"s"}, {{"axis", std::int64_t{1}}})
      .node("Transpose", {"s"}, {"t"}, {{"perm", std::vector<std::int64_t>{0, 2, 3, 1}}})
      .node("Reshape", {"t", "flat"}, {"y"});
  const Lowered lowered = explain::before_softmax(builder.network(), 0)->lower(given, {{}, false, 0});
  const graph::Node& reshape = lowered.graph[lowered.outputs.at(0)];
  EXPECT_EQ(reshape.shape, (graph::Shape{2, 192}));
  const graph::Node& transpose = lowered.graph[reshape.inputs.at(0)];
  EXPECT_EQ(transpose.op, graph::Operator::transpose);
  EXPECT_EQ(lowered.graph[transpose.inputs.at(0)].op, graph::Operator::unary) << "the ReLU";
}

TEST(BeforeSoftmax, IsNothingForOthers) {
  try {
    explain::before_softmax(ending_in("Tanh").network(), 0)->lower(given, {{}, false, 0});
    FAIL();
  } catch (const Error& error) {
    EXPECT_NE(std::string(error.what()).find("the output \"y\" comes from no softmax or sigmoid"), std::string::npos);
  }
}

}  // namespace
}  // namespace whycam::onnx
