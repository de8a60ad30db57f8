// Convolutions by Winograd's algorithm: which are done so, and that they give the same numbers.
#include <gtest/gtest.h>

#include <cmath>
#include <map>
#include <set>

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

/// Three examples, two convolutions with ReLUs, and a product with a matrix of `columns` columns, whose size leaves that much room for the
/// convolutions' weights: packed ones may take twice as much as all together.
Graph network(std::int64_t columns) {
  Graph graph;
  const auto constant = [&](const Shape& shape, std::uint32_t seed) {
    const auto values = numbers(shape, seed).values;
    return graph.add_constant(graph::constant_of(std::vector<float>(values.begin(), values.end())), shape);
  };
  graph::Attributes window;
  window.strides = window.dilation = window.padding_begin = window.padding_end = {1, 1};
  const Value x = graph.add_input("x", {3, 128, 28, 28});
  Value y = graph.unary(Function::relu, graph.add(Operator::convolution, {x, constant({32, 128, 3, 3}, 1), constant({32}, 2)}, window));
  y = graph.unary(Function::relu, graph.add(Operator::convolution, {y, constant({128, 32, 3, 3}, 3)}, window));
  y = graph.add(Operator::matmul, {graph.reshape(y, {3, 128 * 784}), constant({128 * 784, columns}, 4)});
  graph.add_output("output", y);
  const Value gradient = graph.add_input("output_gradient", {3, columns});
  using Gradient = graph::ReluTreatment::Gradient;
  for (const int section : {1, 2}) {
    const auto found = graph::differentiate(graph, y, gradient, {x}, {section == 1 ? Gradient::plain : Gradient::guided});
    graph.add_output("x" + std::to_string(section), found[0], section);
  }
  return graph::optimise(graph);
}

class WinogradConvolutions : public testing::TestWithParam<std::int64_t> {};

TEST_P(WinogradConvolutions, GiveTheEvaluatorsValues) {
  const Graph graph = network(GetParam());
  const std::map<std::string, graph::Tensor> inputs{{"x", numbers({3, 128, 28, 28}, 5)}, {"output_gradient", numbers({3, GetParam()}, 6)}};
  const auto expected = graph::evaluate(graph, inputs);
  const onednn::Plan plan(graph);
  const auto run = plan.start();
  for (const graph::Output& output : graph.outputs()) {
    for (const auto& [name, tensor] : inputs)
      if ((name == "x") == (output.section == 0)) run->set(output.section, name, std::vector<float>(tensor.values.begin(), tensor.values.end()).data());
    run->run(output.section);
    const auto& truth = expected.at(output.name).values;
    std::vector<float> actual(truth.size());
    run->read(output.name, actual.data());
    double apart = 0, scale = 0;
    for (std::size_t i = 0; i < truth.size(); ++i) apart += std::pow(actual[i] - truth[i], 2), scale += std::pow(truth[i], 2);
    // float32 has 6e-8; sums of up to 1152 products and two convolutions make some fifty times that of it, oneDNN's direct convolutions too.
    EXPECT_LE(std::sqrt(apart / scale), 5e-6) << output.name;
  }
}

INSTANTIATE_TEST_SUITE_P(Room, WinogradConvolutions, testing::Values(1, 4));

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
}

TEST(WinogradChoice, KeepsPackedWeightsWithinTwiceTheNetworksOwn) {
  for (const std::int64_t columns : {1, 2, 3, 4}) {
    const double own = sizeof(float) * (2 * 128 * 32 * 9 + 32 + 128 * 784 * static_cast<double>(columns));
    EXPECT_LE(static_cast<double>(onednn::Plan(network(columns)).packed_bytes()), 2 * own) << columns;
  }
}

}  // namespace
}  // namespace whycam::test
