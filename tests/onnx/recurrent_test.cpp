// RNN, GRU and LSTM: ONNX Runtime's numbers.
#include <gtest/gtest.h>

#include "onnx/model_builder.h"

namespace whycam::onnx {
namespace {

const graph::Shape shape{3, 2, 3};

ModelBuilder recurrent(const std::string& op, std::int64_t gates, Attributes attributes = {}) {
  ModelBuilder builder(14);
  builder.input("x", shape).output("y");
  builder.weights("w", {2, gates * 2, 3}, 1).weights("r", {2, gates * 2, 2}, 2).weights("b", {2, 2 * gates * 2}, 3);
  builder.weights("h", {2, 2, 2}, 4).weights("c", {2, 2, 2}, 5);
  attributes.push_back({"hidden_size", std::int64_t{2}});
  attributes.push_back({"direction", std::string("bidirectional")});
  std::vector<std::string> inputs{"x", "w", "r", "b", "", "h"}, outputs{"y", "last"};
  if (op == "LSTM") inputs.push_back("c"), outputs.push_back("last_cell");
  return builder.node(op, inputs, outputs, attributes, "recurrent");
}

void expect(const ModelBuilder& builder, const std::vector<double>& expected) {
  const auto network = builder.network();
  EXPECT_LE(relative_error(evaluated(*network, {shape}, {wave(shape)}), expected), 1e-6);
  EXPECT_LE(relative_error(planned(*network, {shape}, {wave(shape)}), expected), 1e-6);
}

TEST(OnnxRecurrent, LstmsAreFollowedInBothDirections) {
  ModelBuilder builder = recurrent("LSTM", 4);
  expect(builder, {-0.08404912, 0.2222944, -0.007118504, 0.2156477, 0.1319322,  -0.1860247, 0.1318422,   -0.2120591,
                   0.0417868,   0.1996471, 0.01123964,   0.1785325, 0.1002038,  -0.2625502, 0.01338664,  -0.3010679,
                   0.007587509, 0.1736236, -0.03607969,  0.2321481, 0.06309766, -0.2243283, -0.04050025, -0.1753107});
  builder.model.mutable_graph()->mutable_output(0)->set_name("last_cell");
  expect(builder, {0.02808204, 0.3923435, -0.1023211, 0.416444, 0.2845198, -0.4773296, 0.3429091, -0.6826613});
}

TEST(OnnxRecurrent, GrusResetBeforeOrBehindTheProduct) {
  expect(recurrent("GRU", 3, {{"linear_before_reset", std::int64_t{1}}}),
         {-0.1624731,  -0.03735434, -0.4014004,    -0.2764474, 0.2385389,   -0.1863166, -0.02417519, -0.02671871,
          -0.08787146, -0.2305694,  0.06592795,    -0.1540132, -0.06929639, 0.05584346, -0.1161059,  0.2811324,
          0.3093263,   -0.1486605,  -0.0003425553, -0.2217908, 0.1142594,   0.1443885,  0.2496393,   0.1326627});
  expect(recurrent("GRU", 3),
         {-0.3152118, -0.04994849, -0.4974672, -0.2967375, 0.2944615,   -0.3919843,  0.0433789,   -0.2349685,
          -0.301855,  -0.2564464,  -0.1345113, -0.1874837, -0.01731008, -0.1606684,  -0.06209543, 0.07689033,
          0.06837907, -0.1610431,  -0.217745,  -0.2429819, 0.1425677,   -0.02168259, 0.2784457,   0.01657045});
}

TEST(OnnxRecurrent, RnnsAreFollowed) {
  ModelBuilder builder = recurrent("RNN", 1);
  expect(builder, {-0.7786499, 0.2149085,  -0.1467836, -0.1318329, 0.7069136, 0.4297836,   0.4465204, 0.2024553,
                   0.2101539,  -0.5964184, -0.5807079, -0.3234978, 0.105233,  -0.3300267,  -0.232263, -0.2333838,
                   -0.9132298, 0.2627386,  -0.8291811, 0.1322429,  0.4668287, -0.09500158, 0.4931006, 0.6019247});
  builder.model.mutable_graph()->mutable_output(0)->set_name("last");
  expect(builder, {-0.9132298, 0.2627386, -0.8291811, 0.1322429, 0.7069136, 0.4297836, 0.4465204, 0.2024553});
}

TEST(OnnxRecurrent, WhatOtherwiseComputesIsRefusedByName) {
  const std::vector<Given> given{{"x", shape}};
  const auto fault = [&](const std::string& op, std::int64_t gates, const Attributes& attributes) {
    return fault_of(*recurrent(op, gates, attributes).network(), given, {});
  };
  EXPECT_NE(
      fault("LSTM", 4, {{"activations", std::vector<std::string>{"Sigmoid", "Softsign", "Tanh"}}}).find("Softsign"),
      std::string::npos);
  EXPECT_NE(fault("LSTM", 4, {{"input_forget", std::int64_t{1}}}).find("input_forget"), std::string::npos);
  EXPECT_NE(fault("GRU", 3, {{"clip", 1.0F}}).find("clip"), std::string::npos);
  ModelBuilder lengths = recurrent("GRU", 3);
  lengths.tensor(integers_of("lengths", {2}, {3, 2}, proto::TensorProto::INT32));
  lengths.model.mutable_graph()->mutable_node(0)->set_input(4, "lengths");
  EXPECT_NE(fault_of(*lengths.network(), given, {}).find("different lengths"), std::string::npos);
}

}  // namespace
}  // namespace whycam::onnx
