// Single operators: the ONNX project's own tests of what operator sets 18 to 24 brought, which
// tests/fixtures/exporters.py collects, and what those leave open.
#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <limits>
#include <numeric>

#include "backends/onednn/plan.h"
#include "graph/evaluate.h"
#include "graph/passes.h"
#include "graph/program.h"
#include "onnx/model_builder.h"

namespace whycam::onnx {
namespace {

const std::filesystem::path folder = WHYCAM_SOURCE_DIR "/tests/onnx/exporters/operators";

std::vector<std::string> names_of_tests() {
  std::vector<std::string> names;
  for (const auto& entry : std::filesystem::directory_iterator(folder)) names.push_back(entry.path().stem().string());
  std::sort(names.begin(), names.end());
  return names;
}

class OnnxOperator : public testing::TestWithParam<std::string> {};

std::vector<double> weights_of(const proto::ModelProto& model, const std::string& name, graph::Shape& shape) {
  for (const auto& tensor : model.graph().initializer()) {
    if (tensor.name() != name) continue;
    const Tensor read = WeightReader(nullptr, {}).read(tensor);
    shape = read.shape;
    return {read.constant.numbers().get(), read.constant.numbers().get() + graph::element_count(read.shape)};
  }
  throw Error("no " + name);
}

/// The tests have numbers in single precision.
TEST_P(OnnxOperator, GivesWhatIsExpected) {
  const proto::ModelProto model = parse_file(folder / (GetParam() + ".onnx"));
  graph::Shape shape, result;
  const std::vector<double> x = weights_of(model, "given", shape), expected = weights_of(model, "expected", result);
  const auto network = Network::parse(model.SerializeAsString(), GetParam(), {});
  EXPECT_LT(relative_error(evaluated(*network, {shape}, {x}), expected), 1e-6);
  EXPECT_LT(relative_error(planned(*network, {shape}, {x}), expected), 1e-5);
}

INSTANTIATE_TEST_SUITE_P(All, OnnxOperator, testing::ValuesIn(names_of_tests()),
                         [](const auto& info) { return info.param; });

const graph::Shape image{1, 1, 8, 8};

ModelBuilder average_pool(bool counts_padding) {
  const Attributes window{{"kernel_shape", std::vector<std::int64_t>{3, 3}},
                          {"dilations", std::vector<std::int64_t>{2, 2}},
                          {"strides", std::vector<std::int64_t>{3, 3}},
                          {"pads", std::vector<std::int64_t>{1, 1, 0, 0}},
                          {"ceil_mode", std::int64_t{1}},
                          {"count_include_pad", std::int64_t{counts_padding}}};
  ModelBuilder builder(19);
  return builder.input("x", image).output("y").node("AveragePool", {"x"}, {"y"}, window);
}

/// The mean of a window's taps inside of the input, or of those inside of it and its padding.
std::vector<double> dilated_means(const std::vector<double>& x, bool counts_padding) {
  std::vector<double> means;
  for (std::int64_t i = -1; i < 8; i += 3)
    for (std::int64_t j = -1; j < 8; j += 3) {
      double sum = 0, count = 0;
      for (std::int64_t p = i; p < std::min<std::int64_t>(i + 6, 8); p += 2)
        for (std::int64_t q = j; q < std::min<std::int64_t>(j + 6, 8); q += 2) {
          const bool inside = p >= 0 && q >= 0;
          sum += inside ? x[static_cast<std::size_t>(p * 8 + q)] : 0;
          count += inside || counts_padding ? 1 : 0;
        }
      means.push_back(sum / count);
    }
  return means;
}

/// The sum of the results, weighted by g, has the gradient that the plan gives: A^T g x = g A x.
double adjoint(const Network& network, const std::vector<double>& x, const std::vector<float>& g) {
  Lowered lowered = network.lower({{"x", image}}, {}, false);
  const graph::Forward forward{std::move(lowered.graph), lowered.inputs, {}, lowered.outputs.at(0), {}, {}};
  const graph::Graph program = graph::program(forward, {{graph::ReluTreatment::Gradient::plain}});
  const onednn::Plan plan(graph::optimise(program));
  const auto run = plan.start();
  run->set(0, "x", std::vector<float>(x.begin(), x.end()).data());
  run->run(0);
  run->set(graph::gradient_section, "output_gradient", g.data());
  run->run(graph::gradient_section);
  std::vector<float> gradient(x.size());
  run->read(graph::input_gradient_name(0, 0), gradient.data());
  return std::inner_product(gradient.begin(), gradient.end(), x.begin(), 0.0);
}

TEST(OnnxAveragePool, DividesADilatedWindowByWhatLiesWithin) {
  const std::vector<double> x = wave(image);
  for (const bool counts_padding : {false, true}) {
    const auto network = average_pool(counts_padding).network();
    const std::vector<double> expected = dilated_means(x, counts_padding);
    EXPECT_LT(relative_error(evaluated(*network, {image}, {x}), expected), 1e-12);
    EXPECT_LT(relative_error(planned(*network, {image}, {x}), expected), 1e-6);
    const std::vector<float> g{1, -2, 3, 4, 5, -6, 7, 8, 9};
    EXPECT_NEAR(adjoint(*network, x, g), std::inner_product(expected.begin(), expected.end(), g.begin(), 0.0), 1e-5);
  }
}

TEST(OnnxOperators, RefuseAttributesOfYoungerOperatorSets) {
  const Attributes attributes{{"windows", std::int64_t{2}}};
  for (const std::int64_t operator_set : {24, 25}) {
    const auto network =
        ModelBuilder(operator_set).input("x", image).output("y").node("Relu", {"x"}, {"y"}, attributes).network();
    const std::string fault = fault_of(*network, {{"x", image}}, {{}, false, 0});
    EXPECT_EQ(fault.find("the attribute windows is not known") != std::string::npos, operator_set == 25) << fault;
  }
}

TEST(OnnxAttention, RefusesAMaskThatLetsAQueryLookNowhere) {
  const graph::Shape shape{1, 1, 2, 4};
  ModelBuilder builder(23);
  builder.input("x", shape).output("y");
  builder.tensor(integers_of("mask", {2, 2}, {0, 1, 1, 1}, proto::TensorProto::BOOL));
  const Attributes causal{{"is_causal", std::int64_t{1}}};
  builder.node("Attention", {"x", "x", "x", "mask"}, {"y"}, causal);
  const std::string fault = fault_of(*builder.network(), {{"x", shape}}, {{}, false, 0});
  EXPECT_NE(fault.find("a mask that lets a query look at no key"), std::string::npos) << fault;
}

/// max(x, 0) is a ReLU, and min of it and 6 a ReLU6.
TEST(OnnxMaximum, OfZeroIsAReluAndOfSixBelowItARelu6) {
  ModelBuilder builder(20);
  builder.input("x", image).output("y").tensor(tensor_of("zero", {}, {0})).tensor(tensor_of("six", {1}, {6}));
  builder.node("Max", {"zero", "x"}, {"r"});
  const auto with = [&](ModelBuilder made, const std::string& last) {
    return made.node("Min", {"r", "six"}, {last}).network()->lower({{"x", image}}, {}, false);
  };
  const Lowered six = with(builder, "y");
  EXPECT_EQ(six.graph[six.outputs[0]].activation, "relu6");
  const auto relu = ModelBuilder(builder).node("Identity", {"r"}, {"y"}).network()->lower({{"x", image}}, {}, false);
  EXPECT_EQ(relu.graph[relu.outputs[0]].activation, "relu");
}

/// Scores of 2 x 3, of which a mask takes some away, and their softmax.
ModelBuilder masked_softmax(const std::vector<std::int64_t>& mask, float filling) {
  ModelBuilder builder(19);
  builder.input("x", {2, 3})
      .output("y")
      .tensor(integers_of("mask", {2, 3}, mask, proto::TensorProto::BOOL))
      .tensor(tensor_of("filling", {}, {filling}))
      .node("Where", {"mask", "x", "filling"}, {"scores"})
      .node("Softmax", {"scores"}, {"y"});
  return builder;
}

TEST(OnnxChoices, OfMinusInfinityTakeScoresOutOfASoftmax) {
  const auto network = masked_softmax({1, 0, 1, 0, 1, 1}, -std::numeric_limits<float>::infinity()).network();
  const std::vector<double> x{0.3, 2, -0.4, 1.5, 0.2, 0.9};
  const double a = std::exp(0.3), b = std::exp(-0.4), c = std::exp(0.2), d = std::exp(0.9);
  const std::vector<double> expected{a / (a + b), 0, b / (a + b), 0, c / (c + d), d / (c + d)};
  EXPECT_LT(relative_error(evaluated(*network, {{2, 3}}, {x}), expected), 1e-12);
  EXPECT_LT(relative_error(planned(*network, {{2, 3}}, {x}), expected), 1e-6);
}

TEST(OnnxChoices, ThatArithmeticCannotMakeAreRefused) {
  const std::vector<Given> given{{"in.0", {2, 3}}};
  const float infinity = std::numeric_limits<float>::infinity();
  const auto fault = [&](const ModelBuilder& builder) { return fault_of(*builder.network(), given, {}); };
  EXPECT_NE(fault(masked_softmax({1, 0, 1, 0, 0, 0}, -infinity)).find("masked as a whole"), std::string::npos);
  EXPECT_NE(fault(masked_softmax({1, 0, 1, 0, 1, 1}, infinity)).find("a choice of inf"), std::string::npos);
  ModelBuilder of_inputs(19);
  of_inputs.input("x", {2, 3})
      .output("y")
      .tensor(tensor_of("zero", {}, {0}))
      .tensor(tensor_of("filling", {}, {-infinity}))
      .node("Greater", {"x", "zero"}, {"mask"})
      .node("Where", {"mask", "x", "filling"}, {"scores"})
      .node("Softmax", {"scores"}, {"y"});
  EXPECT_NE(fault(of_inputs).find("infinity or NaN that depends on the inputs"), std::string::npos);
}

TEST(OnnxAttention, WithAMaskThatDependsOnTheInputsIsRefused) {
  ModelBuilder builder(23);
  builder.input("x", {1, 1, 3, 3})
      .output("y")
      .tensor(tensor_of("zero", {}, {0}))
      .node("Greater", {"x", "zero"}, {"mask"})
      .node("Attention", {"x", "x", "x", "mask"}, {"y"});
  EXPECT_NE(fault_of(*builder.network(), {{"in.0", {1, 1, 3, 3}}}, {}).find("a mask that depends on the inputs"),
            std::string::npos);
}

}  // namespace
}  // namespace whycam::onnx
