// Sizes that oneDNN, which multiplies some of them in 32 bits, does not bear: they go another way, or are refused.
#include <gtest/gtest.h>

#include "backends/onednn/plan.h"
#include "graph/differentiate.h"
#include "graph/graph.h"

namespace whycam::test {
namespace {

using graph::Graph;
using graph::Integers;
using graph::Operator;
using graph::Shape;
using graph::Value;

graph::WindowAttributes window(std::int64_t stride, std::int64_t padding, std::int64_t dilation) {
  graph::WindowAttributes a;
  a.strides = {stride, stride};
  a.dilation = {dilation, dilation};
  a.padding_begin = a.padding_end = {padding, padding};
  return a;
}

Value pool(Graph& graph, Operator op, Value x, const Integers& kernel, const Shape& y, std::int64_t stride = 1,
           std::int64_t padding = 0, std::int64_t dilation = 1) {
  const graph::PoolingAttributes pooling{window(stride, padding, dilation), {y}, kernel};
  if (op == Operator::average_pool) return graph.add(op, {x}, graph::AveragePoolAttributes{pooling, false});
  return graph.add(op, {x}, pooling);
}

/// Why there is no plan of the value, and of its gradient to x.
std::string refusal_of(Graph& graph, Value x, Value value) {
  graph.add_output("output", value);
  const Value gradient = graph.add_input("output_gradient", graph.shape(value));
  const Value found = graph::differentiate(graph, value, gradient, {x}, {})[0];
  if (found != graph::no_value) graph.add_output("1.x", found, 1);
  try {
    const onednn::Plan plan(graph);
  } catch (const backends::CannotPlan& refusal) {
    return refusal.what();
  }
  return "there is a plan";
}

TEST(LargeWindows, OfAveragesAreAddedUpInDoublePrecision) {
  constexpr std::int64_t side = 4100;  // more than 2^24 places
  Graph graph;
  const Value x = graph.add_input("x", {1, 1, side, side});
  const Value mean = pool(graph, Operator::average_pool, x, {side, side}, {1, 1, 1, 1});
  graph.add_output("output", mean);
  const Value gradient = graph.add_input("output_gradient", {1, 1, 1, 1});
  graph.add_output("1.x", graph::differentiate(graph, mean, gradient, {x}, {})[0], 1);
  std::vector<float> numbers(side * side);
  double sum = 0;
  for (std::size_t i = 0; i < numbers.size(); ++i) sum += numbers[i] = static_cast<float>(i % 7);
  const onednn::Plan plan(graph);
  const auto run = plan.start();
  run->set(0, "x", numbers.data());
  run->run(0);
  float result = 0;
  run->read("output", &result);
  EXPECT_FLOAT_EQ(result, static_cast<float>(sum / (side * side)));
  const float one = 1;
  run->set(1, "output_gradient", &one);
  run->run(1);
  run->read("1.x", numbers.data());
  for (const std::size_t i : {std::size_t{0}, numbers.size() / 2, numbers.size() - 1})
    EXPECT_FLOAT_EQ(numbers[i], 1.0F / (side * side));
}

/// The case of 2^32 places, which oneDNN divides by as by 0; it is planned here, and not run for its 16 GB.
TEST(LargeWindows, Of65536By65536PlacesAreNotOneDnns) {
  Graph graph;
  constexpr std::int64_t side = 1 << 16;
  const Value x = graph.add_input("x", {1, 1, side, side});
  EXPECT_EQ(refusal_of(graph, x, pool(graph, Operator::average_pool, x, {side, side}, {1, 1, 1, 1})),
            "there is a plan");
}

TEST(LargeWindows, OfMaximaAreRefused) {
  Graph graph;
  constexpr std::int64_t side = 1 << 16;
  const Value x = graph.add_input("x", {1, 1, side, side});
  EXPECT_NE(refusal_of(graph, x, pool(graph, Operator::max_pool, x, {side, side}, {1, 1, 1, 1})).find("2^31 - 1"),
            std::string::npos);
}

TEST(LargeWindows, ThatReachFarAreRefusedBeforeTheyAreFollowed) {
  for (const std::int64_t far : {1 << 17, 1 << 20, 1 << 29, 1 << 30}) {
    const Shape y{1, 1, 4, 4};
    Graph graph;
    const Value x = graph.add_input("x", {1, 1, 4, 4});
    const Value weights = graph.add_constant(graph::constant_of(std::vector<double>(9, 1)), {1, 1, 3, 3});
    const graph::ConvolutionAttributes a{window(1, far, far), 1};
    EXPECT_NE(refusal_of(graph, x, graph.add(Operator::convolution, {x, weights}, a)).find("further than 65536"),
              std::string::npos)
        << far;
    Graph pooled;
    const Value from = pooled.add_input("x", {1, 1, 4, 4});
    const Value maxima = pool(pooled, Operator::max_pool, from, {3, 3}, y, 1, far, far);
    EXPECT_NE(refusal_of(pooled, from, maxima).find("further than 65536"), std::string::npos) << far;
  }
}

/// A step that is never taken is no product of anything.
TEST(LargeStrides, OfOneWindowMeanNothing) {
  Graph graph;
  const Value x = graph.add_input("x", {1, 1, 4, 4});
  graph.add_output("output", pool(graph, Operator::max_pool, x, {3, 3}, {1, 1, 1, 1}, 1 << 30));
  const onednn::Plan plan(graph);
  const auto run = plan.start();
  std::vector<float> numbers(16);
  for (std::size_t i = 0; i < 16; ++i) numbers[i] = static_cast<float>(i);
  run->set(0, "x", numbers.data());
  run->run(0);
  float result = 0;
  run->read("output", &result);
  EXPECT_EQ(result, 10.0F);
}

TEST(LargeTensors, AreRefusedWhereOneDnnComputesWithThem) {
  Graph graph;
  const Value x = graph.add_input("x", {1, 4, 1 << 15, 1 << 15});
  const Value weights = graph.add_constant(graph::constant_of(std::vector<double>(16, 1)), {4, 4, 1, 1});
  const graph::ConvolutionAttributes a{window(1, 0, 1), 1};
  EXPECT_NE(refusal_of(graph, x, graph.add(Operator::convolution, {x, weights}, a)).find("2^31 - 1 numbers"),
            std::string::npos);
}

}  // namespace
}  // namespace whycam::test
