// Convolutions by Winograd's algorithm: which are done so, and that they give the same numbers.
#include <gtest/gtest.h>

#include <cmath>
#include <map>
#include <set>
#include <tuple>

#include "graph/cases.h"
#include "graph/differentiate.h"
#include "graph/evaluate.h"
#include "graph/passes.h"
#include "onednn/convolutions.h"
#include "onednn/plan.h"

namespace whycam::test {
namespace {

using graph::Function;
using graph::Graph;
using graph::Operator;
using graph::Shape;
using graph::Value;
using onednn::Winograd;

class Builder {
 public:
  Graph graph;
  Value constant(const Shape& shape) {
    const auto values = numbers(shape, ++seed_).values;
    return graph.add_constant(graph::constant_of(std::vector<float>(values.begin(), values.end())), shape);
  }
  Value relu(Value x) { return graph.unary(Function::relu, x); }
  /// With an odd kernel, padding that keeps the size, and a bias.
  Value convolved(Value x, std::int64_t channels, std::int64_t kernel) {
    graph::Attributes window;
    window.strides = window.dilation = {1, 1};
    window.padding_begin = window.padding_end = {kernel / 2, kernel / 2};
    const Value weights = constant({channels, graph.shape(x)[1], kernel, kernel}), bias = constant({channels});
    return graph.add(Operator::convolution, {x, weights, bias}, window);
  }
  /// Ends in a product with a matrix of `columns` columns; with the gradients of a plain and of a guided section.
  Graph finished(Value x, Value y, std::int64_t columns) {
    const Shape shape = graph.shape(y);
    const std::int64_t rows = shape[1] * shape[2] * shape[3];
    y = graph.add(Operator::matmul, {graph.reshape(y, {shape[0], rows}), constant({rows, columns})});
    graph.add_output("output", y);
    const Value gradient = graph.add_input("output_gradient", {shape[0], columns});
    using Gradient = graph::ReluTreatment::Gradient;
    for (const int section : {1, 2}) {
      const auto found =
          graph::differentiate(graph, y, gradient, {x}, {section == 1 ? Gradient::plain : Gradient::guided});
      graph.add_output("x" + std::to_string(section), found[0], section);
    }
    return graph::optimise(graph);
  }

 private:
  std::uint32_t seed_ = 0;
};

/// Three examples, two convolutions with ReLUs, and a product with a matrix of `columns` columns, whose size leaves
/// that much room for the convolutions' weights: packed ones may take twice as much as all together.
Graph network(std::int64_t columns) {
  Builder build;
  const Value x = build.graph.add_input("x", {3, 128, 28, 28});
  const Value y = build.relu(build.convolved(build.relu(build.convolved(x, 32, 3)), 128, 3));
  return build.finished(x, y, columns);
}

/// What residual networks add up meets in different layouts: Winograd's algorithm wants blocks of channels, the
/// convolutions around it like the channels last. One of the sums adds to a convolution what that reads.
Graph residual_network(std::int64_t columns) {
  Builder build;
  graph::Graph& g = build.graph;
  const Value x = g.add_input("x", {3, 64, 28, 28});
  const Value stem = build.relu(build.convolved(x, 64, 1));
  Value y = build.relu(build.convolved(build.relu(build.convolved(stem, 64, 1)), 64, 3));
  y = build.relu(g.binary(Operator::add, build.convolved(y, 96, 1), build.convolved(stem, 96, 1)));
  const Value narrow = build.relu(build.convolved(y, 64, 1));
  y = build.relu(g.binary(Operator::add, build.convolved(build.relu(build.convolved(narrow, 64, 3)), 96, 1), y));
  const Value last = build.relu(build.convolved(y, 64, 5));
  return build.finished(x, build.relu(g.binary(Operator::add, build.convolved(last, 64, 3), last)), columns);
}

/// The same weights at three sizes, of which oneDNN may want two in other orders and does not take the third by
/// Winograd's algorithm.
Graph sharing_network(std::int64_t columns) {
  Builder build;
  graph::Graph& g = build.graph;
  const Value x = g.add_input("x", {2, 64, 56, 56}), weights = build.constant({64, 64, 3, 3});
  graph::Attributes window, half;
  window.strides = window.dilation = window.padding_begin = window.padding_end = {1, 1};
  half.kernel = half.strides = {2, 2};
  half.dilation = {1, 1};
  half.padding_begin = half.padding_end = {0, 0};
  Value y = x;
  for (const std::int64_t size : {56, 28, 14}) {
    y = build.relu(g.add(Operator::convolution, {y, weights}, window));
    half.shape = {2, 64, size / 2, size / 2};
    if (size > 14) y = g.add(Operator::average_pool, {y}, half);
  }
  return build.finished(x, y, columns);
}

class WinogradConvolutions : public testing::TestWithParam<std::tuple<Graph (*)(std::int64_t), std::int64_t>> {};

TEST_P(WinogradConvolutions, GiveTheEvaluatorsValues) {
  const auto [of_columns, columns] = GetParam();
  const Graph graph = of_columns(columns);
  const std::map<std::string, graph::Tensor> inputs{{"x", numbers(graph.shape(0), 5)},
                                                    {"output_gradient", numbers({graph.shape(0)[0], columns}, 6)}};
  const auto expected = graph::evaluate(graph, inputs);
  const onednn::Plan plan(graph);
  const auto run = plan.start();
  for (const graph::Output& output : graph.outputs()) {
    for (const auto& [name, tensor] : inputs)
      if ((name == "x") == (output.section == 0))
        run->set(output.section, name, std::vector<float>(tensor.values.begin(), tensor.values.end()).data());
    run->run(output.section);
    const auto& truth = expected.at(output.name).values;
    std::vector<float> actual(truth.size());
    run->read(output.name, actual.data());
    double apart = 0, scale = 0;
    for (std::size_t i = 0; i < truth.size(); ++i)
      apart += std::pow(actual[i] - truth[i], 2), scale += std::pow(truth[i], 2);
    // float32 has 6e-8; sums of up to 1152 products make some fifty times that of it, oneDNN's direct convolutions too.
    // Of a million activations as many as ten are 0 up to that and have another mask, and each is one of 50,000 or more
    // terms of a gradient: the square root of 10 / 50,000.
    EXPECT_LE(std::sqrt(apart / scale), output.section == 0 ? 5e-6 : 1.5e-2) << output.name;
  }
}

INSTANTIATE_TEST_SUITE_P(Room, WinogradConvolutions,
                         testing::Combine(testing::Values(network, residual_network, sharing_network),
                                          testing::Values(1, 4)));

std::multiset<Winograd> kinds(const Graph& graph) {
  std::multiset<Winograd> found;
  for (const auto& [value, kind] : onednn::choose_winograd(graph)) found.insert(kind);
  return found;
}

TEST(WinogradChoice, TakesSmallPacksWhereThereIsLittleRoomAndLargeOnesWhereThereIsMuch) {
  const auto little = kinds(network(1)), much = kinds(network(4));
  if (much.empty()) GTEST_SKIP() << "oneDNN has no Winograd's algorithm for this processor";
  EXPECT_GT(little.count(Winograd::example_by_example), 0U);
  EXPECT_EQ(much.count(Winograd::example_by_example), 0U);
  EXPECT_EQ(much.count(Winograd::all_examples), 6U) << "two convolutions, each forward and in both gradients";
  EXPECT_EQ(kinds(residual_network(4)).size(), 9U) << "three convolutions";
  EXPECT_EQ(kinds(sharing_network(64)).size(), 6U) << "two that share weights with a third, which is too small";
}

TEST(WinogradChoice, KeepsPackedWeightsWithinTwiceTheNetworksOwn) {
  for (const std::int64_t columns : {1, 2, 3, 4}) {
    const double own = sizeof(float) * (2 * 128 * 32 * 9 + 32 + 128 * 784 * static_cast<double>(columns));
    EXPECT_LE(static_cast<double>(onednn::Plan(network(columns)).packed_bytes()), 2 * own) << columns;
  }
  for (const std::int64_t columns : {8, 16, 32, 64}) {
    const double own = sizeof(float) * (64 * 64 * 9 + 64 * 196 * static_cast<double>(columns));
    EXPECT_LE(static_cast<double>(onednn::Plan(sharing_network(columns)).packed_bytes()), 2 * own) << columns;
  }
}

}  // namespace
}  // namespace whycam::test
