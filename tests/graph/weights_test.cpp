// Weights that are not kept in their own order, and packed ones that plans share.
#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <limits>
#include <map>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "backends/onednn/plan.h"
#include "graph/cases.h"
#include "graph/evaluate.h"
#include "graph/graph.h"

namespace whycam::test {
namespace {

using graph::Graph;
using graph::Operator;
using graph::Shape;
using graph::Value;

struct Convolution {
  std::string name;
  Shape weights;
  std::int64_t groups, padding;
};

/// One network's weights, of which it holds no other copy, and what plans of it give.
class Network {
 public:
  explicit Network(const Convolution& convolution)
      : of_(convolution), original_(noise(graph::element_count(of_.weights), 1)) {
    const auto memory = std::make_shared<const std::vector<float>>(original_);
    watched_ = memory;
    weights_ = std::make_shared<const graph::Weights>(std::shared_ptr<const float>(memory, memory->data()),
                                                      static_cast<std::int64_t>(memory->size()));
  }

  /// A convolution, and backward the gradient of its input; scaled: each row of the weights.
  Graph explanation(std::int64_t examples, bool scaled = false) const {
    graph::ConvolutionTransposeAttributes window;
    window.strides = window.dilation = {1, 1};
    window.padding_begin = window.padding_end = {of_.padding, of_.padding};
    window.groups = of_.groups;
    const Shape x_shape{examples, of_.weights[1] * of_.groups, 9, 9};
    Graph graph;
    const Value x = graph.add_input("input0", x_shape);
    graph::Constant constant;
    constant.weights = weights_;
    Value weights = graph.add_constant(constant, of_.weights);
    if (scaled) {
      const Value scale = graph.add_constant(graph::constant_of(noise(of_.weights[0], 2)), {of_.weights[0], 1, 1, 1});
      weights = graph.binary(Operator::multiply, weights, scale);
    }
    const Value y = graph.add(Operator::convolution, {x, weights}, graph::ConvolutionAttributes(window));
    const Value gradient = graph.binary(Operator::add, graph.add_input("output_gradient", graph.shape(y)), y);
    window.shape = x_shape;
    graph.add_output("y", y);
    graph.add_output("dx", graph.add(Operator::convolution_transpose, {gradient, weights}, window), 1);
    return graph;
  }

  /// How far a plan's numbers are from the evaluator's.
  double error(const onednn::Plan& plan, const Graph& graph) const {
    std::map<std::string, graph::Tensor> inputs;
    std::map<std::string, std::vector<float>> outputs;
    const auto run = plan.start();
    int section = 0;
    for (const auto& [input, output] : {std::pair("input0", "y"), std::pair("output_gradient", "dx")}) {
      const Shape& shape = graph.shape(graph.input(input));
      const std::vector<float> numbers = noise(graph::element_count(shape), 3);
      inputs[input] = {shape, {numbers.begin(), numbers.end()}};
      run->set(section, input, numbers.data());
      run->run(section++);
      outputs[output].resize(static_cast<std::size_t>(graph::element_count(graph.shape(graph.output(output)))));
      run->read(output, outputs[output].data());
    }
    const auto expected = graph::evaluate(graph, inputs);
    double difference = 0, norm = 0;
    for (const auto& [output, numbers] : outputs)
      for (std::size_t i = 0; i < numbers.size(); ++i) {
        const double wanted = expected.at(output).values[i];
        difference += (numbers[i] - wanted) * (numbers[i] - wanted);
        norm += wanted * wanted;
      }
    return std::sqrt(difference / norm);
  }

  bool holds_its_copy() const { return !watched_.expired(); }
  const graph::Weights& weights() const { return *weights_; }
  std::vector<float> numbers() const {
    const auto held = weights_->numbers();
    return {held.get(), held.get() + weights_->count()};
  }
  const std::vector<float>& original() const { return original_; }

 private:
  Convolution of_;
  std::vector<float> original_;
  std::weak_ptr<const std::vector<float>> watched_;
  std::shared_ptr<const graph::Weights> weights_;
};

constexpr double tolerance = 2e-6;  // float32 sums of a few hundred products

class GivenUpWeights : public testing::TestWithParam<Convolution> {};

TEST_P(GivenUpWeights, AreWrittenAnewAsTheyWere) {
  const Network network(GetParam());
  const Graph graph = network.explanation(1);
  ASSERT_TRUE(network.holds_its_copy());
  const onednn::Plan plan(graph, Precision::exact);
  EXPECT_FALSE(network.holds_its_copy());
  EXPECT_EQ(network.numbers(), network.original());
  EXPECT_LT(network.error(plan, graph), tolerance);
}

TEST_P(GivenUpWeights, OutliveThePlanThatPackedThem) {
  const Network network(GetParam());
  {
    const onednn::Plan plan(network.explanation(1), Precision::exact);
  }
  EXPECT_FALSE(network.holds_its_copy());
  EXPECT_EQ(network.numbers(), network.original());
  const Graph graph = network.explanation(3);
  const onednn::Plan plan(graph, Precision::exact);
  EXPECT_LT(network.error(plan, graph), tolerance);
  EXPECT_EQ(network.numbers(), network.original());
}

TEST_P(GivenUpWeights, AreHeldByWhoReadsThem) {
  const Network network(GetParam());
  const auto held = network.weights().numbers();
  const onednn::Plan plan(network.explanation(1), Precision::exact);
  EXPECT_TRUE(network.holds_its_copy());
  EXPECT_TRUE(std::equal(network.original().begin(), network.original().end(), held.get()));
}

TEST_P(GivenUpWeights, AreKeptWhereAPackHasThemScaled) {
  const Network network(GetParam());
  const Graph graph = network.explanation(1, true);
  const onednn::Plan plan(graph, Precision::exact);
  EXPECT_TRUE(network.holds_its_copy());
  EXPECT_LT(network.error(plan, graph), tolerance);
}

TEST_P(GivenUpWeights, AreNotPackedAgainByASecondPlan) {
  const Network network(GetParam());
  const onednn::Plan first(network.explanation(1), Precision::exact);
  int written = 0;
  network.weights().give_up([&](float* numbers) {
    ++written;
    std::copy(network.original().begin(), network.original().end(), numbers);
  });
  const Graph graph = network.explanation(1);
  const onednn::Plan second(graph, Precision::exact);
  EXPECT_EQ(written, 0);
  EXPECT_LT(network.error(second, graph), tolerance);
  EXPECT_EQ(network.numbers(), network.original());
}

TEST_P(GivenUpWeights, AreSharedOnlyWithEqualScales) {
  const Network network(GetParam());
  const Graph plain = network.explanation(1), scaled = network.explanation(1, true);
  const onednn::Plan first(plain, Precision::exact), second(scaled, Precision::exact), third(scaled, Precision::exact);
  EXPECT_LT(network.error(first, plain), tolerance);
  EXPECT_LT(network.error(second, scaled), tolerance);
  EXPECT_LT(network.error(third, scaled), tolerance);
}

// Of kernels of one place and of more; in blocks that are full and in those that are not; in groups, and of one channel
// each.
INSTANTIATE_TEST_SUITE_P(All, GivenUpWeights,
                         testing::Values(Convolution{"Pointwise", {64, 32, 1, 1}, 1, 0},
                                         Convolution{"Unfilled", {40, 21, 1, 1}, 1, 0},
                                         Convolution{"FiveByFive", {32, 48, 5, 5}, 1, 2},
                                         Convolution{"Groups", {64, 16, 5, 5}, 2, 2},
                                         Convolution{"Depthwise", {32, 1, 3, 3}, 32, 1}),
                         [](const auto& info) { return info.param.name; });

TEST(Weights, KnowWhetherTheyAreFinite) {
  for (const std::size_t place : {0, 4095, 4096, 4999}) {
    const auto numbers = std::make_shared<std::vector<float>>(5000, 1.0F);
    const auto weights = [&] { return graph::Weights(std::shared_ptr<const float>(numbers, numbers->data()), 5000); };
    EXPECT_TRUE(weights().are_finite());
    (*numbers)[place] = -std::numeric_limits<float>::infinity();
    EXPECT_FALSE(weights().are_finite()) << place;
    (*numbers)[place] = std::numeric_limits<float>::quiet_NaN();
    EXPECT_FALSE(weights().are_finite()) << place;
  }
}

TEST(Weights, KeepNothingThatNobodyHolds) {
  const std::vector<float> numbers{1, 2};
  const graph::Weights weights(std::shared_ptr<const float>(std::make_shared<int>(), numbers.data()), 2);
  const std::shared_ptr<const float> first = std::make_shared<const float>(1.0F),
                                     other = std::make_shared<const float>();
  EXPECT_EQ(weights.packed({1, 2}), nullptr);
  weights.keep({1, 2}, first);
  {
    const auto second = std::make_shared<const float>(2.0F);
    weights.keep({1, 3}, second);
    EXPECT_EQ(weights.packed({1, 3}), second);
  }
  EXPECT_EQ(weights.packed({1, 2}), first);
  EXPECT_EQ(weights.packed({1, 3}), nullptr);
  EXPECT_EQ(weights.packed({1}), nullptr);
  weights.keep({1, 2}, other);
  EXPECT_EQ(weights.packed({1, 2}), other);
}

}  // namespace
}  // namespace whycam::test
