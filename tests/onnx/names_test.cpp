// What PyTorch's exporter does to names and operators, and how it is understood.
#include <gtest/gtest.h>

#include <algorithm>

#include "core/warning_texts.h"
#include "explain/network_state.h"
#include "graph/differentiate.h"
#include "onnx/files.h"
#include "whycam/network.h"

namespace whycam::onnx {
namespace {

struct NodeText {
  std::string op, name;
  std::vector<std::string> inputs;
  std::string output;
  std::vector<std::pair<std::string, float>> attributes = {};
};

/// Nodes behind "x" of 1 x 4 x 6 x 6 that end in "y", with these tensors as weights of 1 x 1 convolutions.
std::shared_ptr<const Network> network(const std::vector<NodeText>& nodes, const std::vector<std::string>& weights,
                                       const std::vector<std::pair<std::string, float>>& numbers = {}) {
  proto::ModelProto model;
  model.set_ir_version(7);
  model.add_opset_import()->set_version(13);
  proto::GraphProto& graph = *model.mutable_graph();
  graph.set_name("names");
  for (const bool input : {true, false}) {
    proto::ValueInfoProto& port = input ? *graph.add_input() : *graph.add_output();
    port.set_name(input ? "x" : "y");
    auto& type = *port.mutable_type()->mutable_tensor_type();
    type.set_elem_type(proto::TensorProto::FLOAT);
    for (const std::int64_t extent : {1, 4, 6, 6}) type.mutable_shape()->add_dim()->set_dim_value(extent);
  }
  for (std::size_t i = 0; i < weights.size(); ++i) {
    proto::TensorProto& tensor = *graph.add_initializer();
    tensor.set_name(weights[i]);
    tensor.set_data_type(proto::TensorProto::FLOAT);
    for (const std::int64_t extent : {4, 4, 1, 1}) tensor.add_dims(extent);
    for (int k = 0; k < 16; ++k)
      tensor.add_float_data(static_cast<float>((k * 7 + static_cast<int>(i)) % 11) / 10 - 0.4F);
  }
  for (const auto& [name, number] : numbers) {
    proto::TensorProto& tensor = *graph.add_initializer();
    tensor.set_name(name);
    tensor.set_data_type(proto::TensorProto::FLOAT);
    tensor.add_float_data(number);
  }
  for (const NodeText& text : nodes) {
    proto::NodeProto& node = *graph.add_node();
    node.set_op_type(text.op);
    node.set_name(text.name);
    for (const std::string& input : text.inputs) node.add_input(input);
    node.add_output(text.output);
    for (const auto& [name, number] : text.attributes) {
      proto::AttributeProto& attribute = *node.add_attribute();
      attribute.set_name(name);
      attribute.set_type(proto::AttributeProto::FLOAT);
      attribute.set_f(number);
    }
  }
  return Network::parse(model.SerializeAsString(), "names.onnx", {});
}

graph::Value value_of(const Network& network, const std::string& layer) {
  const Lowered lowered = network.lower({{"x", {1, 4, 6, 6}}}, {layer}, false);
  return lowered.layers.at(0).at(0);
}

bool lists(const Network& network, const std::string& layer) {
  return std::any_of(network.layers().begin(), network.layers().end(),
                     [&](const Layer& one) { return one.name == layer; });
}

TEST(OnnxNames, OfAModuleThatIsCalledTwiceStandForTheLastCall) {
  const auto twice = network({{"Conv", "/block/conv/Conv", {"x", "block.conv.weight"}, "a"},
                              {"Relu", "/block/relu/Relu", {"a"}, "b"},
                              {"Conv", "/block_1/conv/Conv", {"b", "block.conv.weight"}, "c"},
                              {"Relu", "/block_1/relu/Relu", {"c"}, "y"}},
                             {"block.conv.weight"});
  EXPECT_EQ(value_of(*twice, "block"), value_of(*twice, "/block_1/relu/Relu"));
  EXPECT_EQ(value_of(*twice, "block.conv"), value_of(*twice, "/block_1/conv/Conv"));
  EXPECT_EQ(value_of(*twice, "block.relu"), value_of(*twice, "y"));
  EXPECT_EQ(value_of(*twice, "/block/conv/Conv"), value_of(*twice, "a")) << "a node's own name stands for that node";
}

TEST(OnnxNames, OfWhatMayBeSeveralCallsOrSeveralModulesAreNone) {
  const auto unclear = network({{"Conv", "/conv/Conv", {"x", "conv.weight"}, "a"},
                                {"Relu", "/relu/Relu", {"a"}, "b"},
                                {"Conv", "/other/Conv", {"b", "other.weight"}, "c"},
                                {"Relu", "/relu_1/Relu", {"c"}, "d"},
                                {"Relu", "/relu_2/Relu", {"d"}, "y"}},
                               {"conv.weight", "other.weight"});
  EXPECT_FALSE(unclear->has_layer("relu"));
  EXPECT_FALSE(lists(*unclear, "relu"));
  EXPECT_NE(unclear->fault_of_layer("relu").find("take \"relu_2\""), std::string::npos);
  EXPECT_TRUE(unclear->has_layer("relu_2"));
  EXPECT_TRUE(lists(*unclear, "/relu/Relu"));
  EXPECT_EQ(unclear->fault_of_layer("conv"), "");
}

TEST(OnnxNames, OfModulesWithWeightsOfTheirOwnStandForEach) {
  const auto several = network(
      {{"Conv", "/conv/Conv", {"x", "conv.weight"}, "a"}, {"Conv", "/conv_1/Conv", {"a", "conv_1.weight"}, "y"}},
      {"conv.weight", "conv_1.weight"});
  EXPECT_EQ(value_of(*several, "conv"), value_of(*several, "a"));
  EXPECT_EQ(value_of(*several, "conv_1"), value_of(*several, "y"));
}

TEST(OnnxNames, OfConvolutionsWithComputedWeightsAreDoubted) {
  const auto folded = network({{"Conv", "/stem/conv/Conv", {"x", "onnx::Conv_31"}, "a"},
                               {"Relu", "/stem/relu/Relu", {"a"}, "b"},
                               {"Conv", "/conv/Conv", {"b", "conv.weight"}, "y"}},
                              {"onnx::Conv_31", "conv.weight"});
  EXPECT_EQ(1, folded->warnings("stem.conv").size());
  EXPECT_EQ(1, folded->warnings("/stem/conv/Conv").size());
  EXPECT_TRUE(folded->warnings("stem").empty()) << "it ends in a ReLU";
  EXPECT_TRUE(folded->warnings("conv").empty());
}

TEST(OnnxNames, OfComputedConvolutionsAreDoubtedInEachExplanationOfThemAndInNoOther) {
  const whycam::Network folded(explain::graph_state(network({{"Conv", "/stem/Conv", {"x", "onnx::Conv_31"}, "a"},
                                                             {"Relu", "/relu/Relu", {"a"}, "b"},
                                                             {"Conv", "/conv/Conv", {"b", "conv.weight"}, "y"}},
                                                            {"onnx::Conv_31", "conv.weight"})));
  const whycam::Tensor x{{1, 4, 6, 6}, std::vector<float>(144, 0.5F)};
  const auto doubts = [&](const std::vector<std::string>& layers, const Options& options = {}) {
    const auto warnings = folded.explain({x}, layers, {Target::at({0, 0, 0})}, options).warnings;
    return std::count(warnings.begin(), warnings.end(), core::computed_convolution("/stem/Conv"));
  };
  Options entering, of_inputs;
  entering.attribute_to_layer_input = true;
  of_inputs.methods = {Method::guided_backprop};
  for (int turn = 0; turn < 2; ++turn) {  // the second ones' plans are there already
    EXPECT_EQ(doubts({"/stem/Conv"}), 1);
    EXPECT_EQ(doubts({"/conv/Conv"}), 0);
    EXPECT_EQ(doubts({"/conv/Conv", "/stem/Conv"}), 1);
    EXPECT_EQ(doubts({"/stem/Conv"}, entering), 0);
    EXPECT_EQ(doubts({"/stem/Conv"}, of_inputs), 0);
  }
}

TEST(OnnxOperators, AReluBeforeAClipToSixIsTheFunctionRelu6) {
  const auto of_bound = [](float high) {
    const auto found = network({{"Conv", "/conv/Conv", {"x", "conv.weight"}, "a"},
                                {"Relu", "/Relu", {"a"}, "b"},
                                {"Clip", "/Clip", {"b", "low", "high"}, "y"}},
                               {"conv.weight"}, {{"low", 0.0F}, {"high", high}});
    const Lowered lowered = found->lower({{"x", {1, 4, 6, 6}}}, {}, false);
    const graph::Node& clip = lowered.graph[lowered.outputs.at(0)];
    const graph::Node& relu = lowered.graph[clip.inputs.at(0)];
    EXPECT_EQ(clip.inputs.at(0), value_of(*found, "/Relu")) << "a layer as before";
    EXPECT_EQ(graph::is_relu(relu, false), relu.activation == "relu");
    return std::pair(clip.activation, relu.activation);
  };
  EXPECT_EQ(of_bound(6), std::pair(std::string("relu6"), std::string()));
  EXPECT_EQ(of_bound(5), std::pair(std::string("clamp"), std::string("relu")));
}

TEST(OnnxOperators, AReluThatOthersReadTooIsOneBeforeAClip) {
  const auto found = network(
      {{"Relu", "/Relu", {"x"}, "a"}, {"Clip", "/Clip", {"a", "low", "high"}, "b"}, {"Add", "/Add", {"a", "b"}, "y"}},
      {}, {{"low", 0.0F}, {"high", 6.0F}});
  const Lowered lowered = found->lower({{"x", {1, 4, 6, 6}}}, {"/Relu"}, false);
  EXPECT_TRUE(graph::is_relu(lowered.graph[lowered.layers.at(0).at(0)], false));
}

TEST(OnnxOperators, AShrinkGivesTheNumbersOfItsSpecification) {
  // test_shrink_hard and test_shrink_soft of the ONNX project.
  for (const auto& [bias, expected] :
       std::vector<std::pair<float, std::vector<double>>>{{0.0F, {-2, 0, 0, 0, 2}}, {1.5F, {-0.5, 0, 0, 0, 0.5}}}) {
    const auto found = network({{"Shrink", "/Shrink", {"x"}, "y", {{"lambd", 1.5F}, {"bias", bias}}}}, {});
    std::vector<double> x, y;
    for (int i = 0; i < 144; ++i) {
      x.push_back(i % 5 - 2);
      y.push_back(expected[static_cast<std::size_t>(i % 5)]);
    }
    EXPECT_EQ(evaluated(*found, {{1, 4, 6, 6}}, {x}), y);
    EXPECT_EQ(planned(*found, {{1, 4, 6, 6}}, {x}), y);
  }
}

}  // namespace
}  // namespace whycam::onnx
