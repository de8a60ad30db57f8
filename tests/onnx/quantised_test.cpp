// Quantised networks: QuantizeLinear and DequantizeLinear. Numbers of ONNX Runtime where no formula says them.
#include <gtest/gtest.h>

#include <cmath>

#include "graph/evaluate.h"
#include "graph/program.h"
#include "onnx/model_builder.h"

namespace whycam::onnx {
namespace {

constexpr int int8 = proto::TensorProto::INT8, uint8 = proto::TensorProto::UINT8, int32 = proto::TensorProto::INT32;
constexpr double tolerance = 1e-6;

/// x quantised and back, with these scales and zero points.
ModelBuilder there_and_back(const graph::Shape& shape, const proto::TensorProto& scale,
                            const proto::TensorProto& zero_point) {
  ModelBuilder builder;
  builder.input("x", shape).output("y", shape).tensor(scale).tensor(zero_point);
  builder.node("QuantizeLinear", {"x", "s", "z"}, {"q"}).node("DequantizeLinear", {"q", "s", "z"}, {"y"});
  return builder;
}

void expect(const ModelBuilder& builder, const graph::Shape& shape, const std::vector<double>& x,
            const std::vector<double>& expected) {
  const auto network = builder.network();
  EXPECT_LE(relative_error(evaluated(*network, {shape}, {x}), expected), tolerance);
  EXPECT_LE(relative_error(planned(*network, {shape}, {x}), expected), tolerance);
}

TEST(OnnxQuantised, NumbersAreONNXRuntimes) {
  const graph::Shape shape{1, 2, 2, 3};
  expect(there_and_back(shape, tensor_of("s", {}, {0.01F}), integers_of("z", {}, {-20}, int8)), shape, wave(shape, 2),
         {0.78, 1.47, -1.08, -1.08, 1.47, 1.0, -1.08, -0.53, 1.47, 0.02, -1.08, 0.5});
}

TEST(OnnxQuantised, ChannelsHaveScalesOfTheirOwn) {
  const graph::Shape shape{1, 2, 2, 3};
  expect(there_and_back(shape, tensor_of("s", {2}, {0.01F, 0.125F}), integers_of("z", {2}, {128, 3}, uint8)), shape,
         wave(shape, 2), {0.78, 1.27, -1.22, -1.28, 1.27, 1.0, -0.375, -0.375, 2.0, 0.0, -0.375, 0.5});
}

TEST(OnnxQuantised, HalvesAreRoundedToEvenAndTheRestCutOff) {
  expect(there_and_back({1, 8}, tensor_of("s", {}, {1}), integers_of("z", {}, {1}, int8)), {1, 8},
         {0.5, 1.5, 2.5, -0.5, -1.5, -2.5, 300, -300}, {0, 2, 2, 0, -2, -2, 126, -129});
}

/// The derivative of the sum of what the network gives, by x.
std::vector<double> gradient(const Network& network, const graph::Shape& shape, const std::vector<double>& x,
                             const std::vector<graph::ReluTreatment>& rules = {{}}) {
  Lowered lowered = network.lower({{"x", shape}}, {}, false);
  const graph::Forward forward{std::move(lowered.graph), lowered.inputs, {}, lowered.outputs.at(0), {}, {}};
  const graph::Graph program = graph::program(forward, rules);
  graph::Tensor ones{program.shape(program.output("output")), {}};
  ones.values.assign(static_cast<std::size_t>(graph::element_count(ones.shape)), 1.0);
  return graph::evaluate(program, {{"x", {shape, x}}, {"output_gradient", ones}})
      .at(graph::input_gradient_name(0, 0))
      .values;
}

TEST(OnnxQuantised, TheGradientPassesStraightThroughWithinTheRange) {
  const auto network = there_and_back({1, 6}, tensor_of("s", {}, {0.5F}), integers_of("z", {}, {100}, int8)).network();
  // Whole numbers from -228 to 27 of halves: from -114 to 13.5.
  EXPECT_EQ(gradient(*network, {1, 6}, {0.3, -113.9, -114.3, 13.6, 13.8, 500}),
            (std::vector<double>{1, 1, 0, 1, 0, 0}));
}

/// A convolution with its weights as integers, in front of a quantised activation.
ModelBuilder convolution(const proto::TensorProto& zero_point) {
  ModelBuilder builder;
  builder.input("x", {1, 1, 1, 4}).output("y");
  builder.tensor(integers_of("w_q", {2, 1, 1, 1}, {4, -6}, int8)).tensor(tensor_of("w_s", {2}, {0.5F, 0.25F}));
  builder.tensor(integers_of("w_z", {2}, {0, 2}, int8)).tensor(integers_of("b_q", {2}, {10, -1000}, int32));
  builder.tensor(tensor_of("b_s", {2}, {0.1F, 0.001F})).tensor(tensor_of("s", {}, {0.25F})).tensor(zero_point);
  builder.node("DequantizeLinear", {"w_q", "w_s", "w_z"}, {"w"}, {{"axis", std::int64_t{0}}})
      .node("DequantizeLinear", {"b_q", "b_s"}, {"b"}, {{"axis", std::int64_t{0}}})
      .node("Conv", {"x", "w", "b"}, {"c"})
      .node("QuantizeLinear", {"c", "s", "z"}, {"q"})
      .node("DequantizeLinear", {"q", "s", "z"}, {"y"});
  return builder;
}

TEST(OnnxQuantised, WeightsAreWhatTheyStandFor) {
  // Weights 4 * 0.5 and (-6 - 2) * 0.25, biases 1 and -1.
  expect(convolution(integers_of("z", {}, {0}, int8)), {1, 1, 1, 4}, {1, -1, 2, 0.5}, {3, -1, 5, 2, -3, 1, -5, -2});
}

TEST(OnnxQuantised, AReluThatTheBoundTookOverIsGuided) {
  const auto network = convolution(integers_of("z", {}, {-128}, int8)).network();
  const std::vector<double> x{1, -1, 2, 0.5};
  EXPECT_LE(relative_error(evaluated(*network, {{1, 1, 1, 4}}, {x}), {3, 0, 5, 2, 0, 1, 0, 0}), tolerance);
  EXPECT_EQ(gradient(*network, {1, 1, 1, 4}, x), (std::vector<double>{2, -2, 2, 2}));
  const Lowered lowered = network->lower({{"x", {1, 1, 1, 4}}}, {}, false);
  int relus = 0;
  for (graph::Value value = 0; value < lowered.graph.size(); ++value)
    relus += graph::is_relu(lowered.graph[value], false) && lowered.graph[value].activation == "relu";
  EXPECT_EQ(relus, 1);
  const auto picture = there_and_back({1, 4}, tensor_of("s", {}, {0.25F}), integers_of("z", {}, {0}, uint8)).network();
  const Lowered other = picture->lower({{"x", {1, 4}}}, {}, false);
  for (graph::Value value = 0; value < other.graph.size(); ++value)
    EXPECT_FALSE(graph::is_relu(other.graph[value], false)) << "a picture has nothing below 0";
}

TEST(OnnxQuantised, WeightsOfFourBitsHaveScalesOfBlocks) {
  ModelBuilder builder(21);
  builder.model.set_ir_version(10);
  builder.input("x", {1, 2}).output("y");
  proto::TensorProto weights;  // -8 7 3 -1 | 0 1 -2 5, two a byte, the first in the lower half
  weights.set_name("w_q");
  weights.set_data_type(int4_type);
  weights.add_dims(2);
  weights.add_dims(4);
  weights.set_raw_data(std::string("\x78\xF3\x10\x5E", 4));
  builder.tensor(weights).tensor(tensor_of("w_s", {2, 2}, {1, 0.5F, 10, 100}));
  builder.node("DequantizeLinear", {"w_q", "w_s"}, {"w"}, {{"axis", std::int64_t{1}}, {"block_size", std::int64_t{2}}})
      .node("MatMul", {"x", "w"}, {"y"});
  expect(builder, {1, 2}, {1, 0}, {-8, 7, 1.5, -0.5});
  expect(builder, {1, 2}, {0, 1}, {0, 10, -200, 500});
}

TEST(OnnxQuantised, OperatorsOnIntegersAreRefusedWithAWay) {
  ModelBuilder builder;
  builder.input("x", {1, 4}).output("y");
  builder.node("DynamicQuantizeLinear", {"x"}, {"q", "s", "z"}).node("DequantizeLinear", {"q", "s", "z"}, {"y"});
  EXPECT_NE(fault_of(*builder.network(), {{"x", {1, 4}}}, {}).find("QDQ"), std::string::npos);
}

TEST(OnnxQuantised, ScalesThatDoNotFitAreRefused) {
  for (const auto& [scale, says] :
       std::vector<std::pair<proto::TensorProto, const char*>>{{tensor_of("s", {}, {0}), "a scale of 0"},
                                                               {tensor_of("s", {3}, {1, 2, 3}), "different numbers"},
                                                               {tensor_of("s", {}, {-1}), "a scale of -1"}})
    EXPECT_NE(fault_of(*there_and_back({1, 4}, scale, integers_of("z", {}, {0}, int8)).network(), {{"x", {1, 4}}}, {})
                  .find(says),
              std::string::npos)
        << says;
}

}  // namespace
}  // namespace whycam::onnx
