// What a name means where a module runs several times, or a layer gives several tensors.
#include <gtest/gtest.h>

#include "explain/explanation_graph.h"
#include "explain/network_file.h"
#include "formats/onnx/metadata.h"
#include "onnx/model_builder.h"
#include "whycam/errors.h"

namespace whycam::onnx {
namespace {

const std::vector<Given> given{{"input.0", {1, 4, 6, 6}}};

std::vector<graph::Value> values_of(const Network& network, const std::string& layer, bool inputs = false) {
  return network.lower(given, {{layer}, inputs, 0}).layers.at(0);
}

/// The first value of a layer.
graph::Value value_of(const Network& network, const std::string& layer) { return values_of(network, layer).at(0); }

ModelBuilder on_picture() {
  ModelBuilder builder;
  builder.input("x", {1, 4, 6, 6}).output("y").weights("body.0.weight", {4, 4, 1, 1}).weights("w", {4, 4, 1, 1}, 1);
  return builder;
}

/// A container that runs twice, as PyTorch's older exporter writes it: only what is within it is told apart.
ModelBuilder called_twice() {
  ModelBuilder builder = on_picture();
  builder.node("Conv", {"x", "body.0.weight"}, {"a0"}, {}, "/body/body.0/Conv")
      .node("Relu", {"a0"}, {"a1"}, {}, "/body/body.1/Relu")
      .node("Sigmoid", {"a1"}, {"s"}, {}, "/Sigmoid")
      .node("Conv", {"s", "body.0.weight"}, {"b0"}, {}, "/body/body.0_1/Conv")
      .node("Relu", {"b0"}, {"b1"}, {}, "/body/body.1_1/Relu")
      .node("Add", {"a1", "b1"}, {"y"}, {}, "/Add");
  return builder;
}

TEST(OnnxCalls, AContainersNameStandsForItsLast) {
  const auto network = called_twice().network();
  EXPECT_EQ(values_of(*network, "body"), values_of(*network, "b1"));
  EXPECT_EQ(values_of(*network, "body@1"), values_of(*network, "b1"));
  EXPECT_EQ(values_of(*network, "body@0"), values_of(*network, "a1"));
  EXPECT_EQ(values_of(*network, "body", true), values_of(*network, "s"));
  const Lowered lowered = network->lower(given, {{"body@0"}, true, 0});
  EXPECT_EQ(lowered.layers.at(0), lowered.inputs);
}

TEST(OnnxCalls, OfAContainerTellThoseOfWhatIsWithinIt) {
  const auto network = called_twice().network();
  EXPECT_EQ(value_of(*network, "body.1"), value_of(*network, "b1"));
  EXPECT_EQ(value_of(*network, "body.1@0"), value_of(*network, "a1"));
  EXPECT_EQ(value_of(*network, "body.0"), value_of(*network, "b0"));
  EXPECT_EQ(value_of(*network, "body.0@0"), value_of(*network, "a0"));
  EXPECT_EQ(value_of(*network, "/body/body.1/Relu"), value_of(*network, "a1")) << "a node's own name";
}

TEST(OnnxCalls, ThatThereAreNotAreRefused) {
  const auto network = called_twice().network();
  EXPECT_FALSE(network->has_layer("body@2"));
  EXPECT_NE(network->fault_of_layer("body@2").find("runs 2 times"), std::string::npos);
  EXPECT_NE(network->fault_of_layer("/Add@1").find("runs once"), std::string::npos);
  EXPECT_TRUE(network->has_layer("/Add@0"));
  EXPECT_EQ(network->fault_of_layer("nothing@0"), "");
  EXPECT_FALSE(network->has_layer("nothing@0"));
}

/// The same module twice in a row, without anything between.
TEST(OnnxCalls, AreToldByTheirWeights) {
  ModelBuilder builder = on_picture();
  builder.node("Conv", {"x", "body.0.weight"}, {"a0"}, {}, "/body/0/Conv")
      .node("Relu", {"a0"}, {"a1"}, {}, "/body/1/Relu")
      .node("Conv", {"a1", "body.0.weight"}, {"b0"}, {}, "/body/0_1/Conv")
      .node("Relu", {"b0"}, {"y"}, {}, "/body/1_1/Relu");
  const auto network = builder.network();
  EXPECT_EQ(value_of(*network, "body@0"), value_of(*network, "a1"));
  EXPECT_EQ(value_of(*network, "body"), value_of(*network, "y"));
}

TEST(OnnxCalls, AreNotMadeUpWhereOneCallRepeatsItself) {
  ModelBuilder builder = on_picture();
  builder.node("Conv", {"x", "body.0.weight"}, {"a0"}, {}, "/body/0/Conv")
      .node("Relu", {"a0"}, {"a1"}, {}, "/body/1/Relu")
      .node("Conv", {"a1", "w"}, {"b0"}, {}, "/body/2/Conv")
      .node("Relu", {"b0"}, {"y"}, {}, "/body/3/Relu");
  const auto network = builder.network();
  EXPECT_FALSE(network->has_layer("body@1"));
  EXPECT_EQ(values_of(*network, "body", true), values_of(*network, "/body/0/Conv", true));
}

TEST(OnnxCalls, OfWhatMayBeSeveralModulesHaveNumbersAllTheSame) {
  ModelBuilder builder = on_picture();
  builder.node("Relu", {"x"}, {"a"}, {}, "/relu/Relu")
      .node("Sigmoid", {"a"}, {"b"}, {}, "/Sigmoid")
      .node("Relu", {"b"}, {"y"}, {}, "/relu_1/Relu");
  const auto network = builder.network();
  EXPECT_NE(network->fault_of_layer("relu").find("\"relu@0\""), std::string::npos);
  EXPECT_EQ(value_of(*network, "relu@0"), value_of(*network, "a"));
  EXPECT_EQ(value_of(*network, "relu@1"), value_of(*network, "y"));
}

void add_scopes(ModelBuilder& builder, const std::string& scopes) {
  // As files have it: the field 9 of a node, which older versions of ONNX do not know.
  proto::StringStringEntryProto entry;
  entry.set_key("pkg.torch.onnx.name_scopes");
  entry.set_value(scopes);
  const std::string content = entry.SerializeAsString();
  std::string bytes = builder.model.graph().node(builder.model.graph().node_size() - 1).SerializeAsString();
  bytes += static_cast<char>(9 << 3 | 2);
  ASSERT_LT(content.size(), 128U);
  bytes += static_cast<char>(content.size());
  ASSERT_TRUE(builder.model.mutable_graph()->mutable_node()->rbegin()->ParseFromString(bytes + content));
}

/// What PyTorch's newer exporter writes: plain names of nodes, and module paths as metadata.
ModelBuilder with_scopes(const std::string& second_call) {
  ModelBuilder builder = on_picture();
  builder.node("Conv", {"x", "body.0.weight"}, {"a0"}, {}, "node_conv2d");
  add_scopes(builder, "['', 'body', 'body.0', 'conv2d']");
  builder.node("Relu", {"a0"}, {"a1"}, {}, "node_relu");
  add_scopes(builder, "['', 'body', 'body.1', 'relu']");
  builder.node("Sigmoid", {"a1"}, {"s"}, {}, "node_sigmoid");
  add_scopes(builder, "['', 'sigmoid']");
  builder.node("Conv", {"s", "body.0.weight"}, {"b0"}, {}, "node_conv2d_1");
  add_scopes(builder, "['', '" + second_call + "', '" + second_call + ".0', 'conv2d_1']");
  builder.node("Relu", {"b0"}, {"b1"}, {}, "node_relu_1");
  add_scopes(builder, "['', '" + second_call + "', '" + second_call + ".1', 'relu_1']");
  builder.node("Add", {"a1", "b1"}, {"y"}, {}, "node_add");
  return builder;
}

TEST(OnnxCalls, AreFoundInMetadata) {
  for (const char* second_call : {"body", "body@1"}) {
    const auto network = with_scopes(second_call).network();
    EXPECT_EQ(value_of(*network, "body"), value_of(*network, "b1"));
    EXPECT_EQ(value_of(*network, "body@0"), value_of(*network, "a1"));
    EXPECT_EQ(value_of(*network, "body.1"), value_of(*network, "b1"));
    EXPECT_EQ(value_of(*network, "body.1@0"), value_of(*network, "a1"));
    EXPECT_EQ(value_of(*network, "body.0@1"), value_of(*network, "b0"));
    EXPECT_EQ(value_of(*network, "node_relu"), value_of(*network, "a1"));
  }
}

TEST(OnnxCalls, ListsInMetadataArePythons) {
  using Texts = std::vector<std::string>;
  EXPECT_EQ(texts_of_list("['', 'a', \"b'c\", 'd\\'e']"), (Texts{"", "a", "b'c", "d'e"}));
  EXPECT_EQ(texts_of_list("[]"), Texts());
  for (const char* damaged : {"", "[", "['a", "['a]", "[a]", "['a', 3]", "'a'", "['\\"})
    EXPECT_EQ(texts_of_list(damaged), Texts());
}

ModelBuilder split() {
  ModelBuilder builder = on_picture();
  builder.tensor(integers_of("flat", {2}, {1, -1}))
      .node("Split", {"x"}, {"left", "r2:0"}, {{"axis", std::int64_t{1}}}, "split")
      .node("Relu", {"r2:0"}, {"r"}, {}, "relu")
      .node("Sigmoid", {"left"}, {"l"}, {}, "sigmoid")
      .node("Add", {"l", "r"}, {"y"}, {}, "add");
  return builder;
}

TEST(OnnxTensors, OfALayerAreNamedByIndexOrName) {
  const auto network = split().network();
  EXPECT_EQ(values_of(*network, "split").size(), 2U);
  EXPECT_EQ(values_of(*network, "split:0"), values_of(*network, "left"));
  EXPECT_EQ(values_of(*network, "split:1"), values_of(*network, "r2:0"));
  EXPECT_EQ(values_of(*network, "split:left"), values_of(*network, "left"));
  EXPECT_EQ(values_of(*network, "split@0:1"), values_of(*network, "r2:0"));
  EXPECT_EQ(values_of(*network, "r2:0").size(), 1U) << "a tensor of exactly that name comes first";
  EXPECT_NE(network->fault_of_layer("split:2").find("\"left\", \"r2:0\""), std::string::npos);
}

TEST(OnnxTensors, OfWhichTheLastWithSpatialExtentIsMeant) {
  ModelBuilder builder = on_picture();
  builder.node("Relu", {"x"}, {"a"}, {}, "/stem/Relu")
      .node("GlobalAveragePool", {"a"}, {"p"}, {}, "/stem/GlobalAveragePool")
      .node("Add", {"a", "p"}, {"y"}, {}, "/Add");
  const auto network = builder.network();
  const auto parts_at = [&](const std::string& layer) {
    Options options;
    options.methods = {Method::grad_cam};
    const methods::Settings settings = methods::settings_of(options, {layer});
    return explain::explanation_graph(explain::forward_of(*network, given, 1, 0, settings.layer_names, false), settings)
        .parts;
  };
  const methods::Parts parts = parts_at("stem");
  ASSERT_EQ(parts.nodes.size(), 2U) << "at the layer and at the input";
  EXPECT_EQ(parts.nodes[0].shape, (graph::Shape{1, 1, 6, 6}));
  ASSERT_EQ(parts.warnings.size(), 1U);
  EXPECT_NE(parts.warnings[0].message.find("gives 2 tensors"), std::string::npos);
  EXPECT_NE(parts.warnings[0].message.find("\"stem:0\""), std::string::npos);
  EXPECT_TRUE(parts_at("stem:0").warnings.empty());
  EXPECT_THROW(parts_at("stem:2"), LayerError);
}

}  // namespace
}  // namespace whycam::onnx
