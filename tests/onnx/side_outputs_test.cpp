// What stands beside the explained output stands in nobody's way.
#include <gtest/gtest.h>

#include <cmath>

#include "explain/layers.h"
#include "explain/network_file.h"
#include "graph/differentiate.h"
#include "onnx/model_builder.h"
#include "whycam/errors.h"

namespace whycam::onnx {
namespace {

const std::vector<Given> given{{"input.0", {1, 2, 6, 6}}};

/// conv - relu - mean to the scores, and beside them the best class, the two best, and what no operator gives.
ModelBuilder with_side_outputs() {
  ModelBuilder builder;
  builder.input("image", {1, 2, 6, 6})
      .output("label", {}, proto::TensorProto::INT64)
      .output("scores")
      .output("best")
      .output("places", {}, proto::TensorProto::INT64)
      .weights("w", {4, 2, 3, 3})
      .tensor(integers_of("k", {1}, {2}))
      .tensor(integers_of("flat", {2}, {1, -1}))
      .node("Conv", {"image", "w"}, {"c"}, {}, "conv")
      .node("Relu", {"c"}, {"r"}, {}, "relu")
      .node("GlobalAveragePool", {"r"}, {"p"})
      .node("Reshape", {"p", "flat"}, {"scores"}, {}, "scores_node")
      .node("ArgMax", {"scores"}, {"label"}, {}, "argmax")
      .node("TopK", {"scores", "k"}, {"best", "places"}, {}, "topk");
  return builder;
}

TEST(OnnxSideOutputs, ThatCannotBeFollowedAreLeftOut) {
  const auto network = with_side_outputs().network();
  const Lowered lowered = network->lower(given, {{"relu"}, false, 1});
  EXPECT_NE(lowered.outputs.at(1), graph::no_value);
  EXPECT_EQ(lowered.faults.at(1), "");
  EXPECT_EQ(lowered.layers.at(0).size(), 1U);
  for (const std::size_t other : {0, 2, 3}) {
    EXPECT_EQ(lowered.outputs.at(other), graph::no_value);
    EXPECT_NE(lowered.faults.at(other), "");
  }
}

TEST(OnnxSideOutputs, AreErrorsWhereTheyAreExplained) {
  const auto network = with_side_outputs().network();
  EXPECT_NE(fault_of(*network, given, {{}, false, 0}).find("\"argmax\" (ArgMax)"), std::string::npos);
  EXPECT_NE(fault_of(*network, given, {{"argmax"}, false, 1}).find("\"argmax\" (ArgMax)"), std::string::npos);
  EXPECT_THROW(network->lower(given, {}, false), Error) << "all outputs";
}

TEST(OnnxSideOutputs, StandInNoLayersWay) {
  const auto network = with_side_outputs().network();
  const std::vector<LayerInfo> layers = explain::layers_of(*network, given);
  std::map<std::string, std::size_t> tensors;
  for (const LayerInfo& layer : layers) tensors[layer.path] = layer.output_shapes.size();
  EXPECT_EQ(tensors.at("relu"), 1U);
  EXPECT_EQ(tensors.at("topk"), 0U);
  EXPECT_EQ(explain::default_layer_of(layers), "relu");
}

TEST(OnnxSideOutputs, OfWholeNumbersLeaveOneToExplain) {
  ModelBuilder builder = with_side_outputs();
  builder.model.mutable_graph()->mutable_output()->DeleteSubrange(2, 2);
  EXPECT_EQ(explain::chosen_output(*builder.network(), {}), 1U);
  EXPECT_THROW(explain::chosen_output(*with_side_outputs().network(), {}), ModelError) << "the two best are, too";
}

TEST(OnnxSideOutputs, AreAllThatThereIs) {
  ModelBuilder builder = with_side_outputs();
  auto& outputs = *builder.model.mutable_graph()->mutable_output();
  outputs.DeleteSubrange(1, 1);
  EXPECT_NE(fault_of(*builder.network(), given, {}).find("ArgMax"), std::string::npos);
}

TEST(OnnxSideOutputs, WithNumbersThatAreNoneAreLeftOut) {
  ModelBuilder builder = with_side_outputs();
  builder.tensor(tensor_of("bad", {2}, {std::nanf(""), 1.0F}))
      .output("spoilt")
      .node("Slice", {"scores", "zero", "two", "one"}, {"part"})
      .tensor(integers_of("zero", {1}, {0}))
      .tensor(integers_of("one", {1}, {1}))
      .tensor(integers_of("two", {1}, {2}))
      .node("Add", {"part", "bad"}, {"spoilt"});
  const auto network = builder.network();
  EXPECT_NE(network->lower(given, {{}, false, 1}).faults.at(4).find("NaN"), std::string::npos);
  EXPECT_NE(fault_of(*network, given, {{}, false, 4}).find("NaN"), std::string::npos);
}

/// A ReLU of another head clips what passes through the tensor that enters it, as Captum's hook does.
TEST(OnnxSideOutputs, KeepTheirRelusGuidedWhereTheyEnter) {
  ModelBuilder builder;
  builder.input("image", {1, 2, 6, 6}).output("scores").output("other").weights("w", {2, 2, 1, 1});
  builder.node("Conv", {"image", "w"}, {"c"}).node("Sigmoid", {"c"}, {"scores"}).node("Relu", {"c"}, {"other"});
  const Lowered lowered = builder.network()->lower(given, {{}, false, 0});
  EXPECT_TRUE(graph::is_relu(lowered.graph[lowered.outputs.at(1)], false));
}

}  // namespace
}  // namespace whycam::onnx
