// Concatenations that start with another one's inputs, before and after they start with that one itself.
#include <gtest/gtest.h>

#include <map>

#include "graph/cases.h"
#include "graph/differentiate.h"
#include "graph/evaluate.h"
#include "graph/passes.h"

namespace whycam::test {
namespace {

using graph::ConcatAttributes;
using graph::Function;
using graph::Graph;
using graph::Operator;
using graph::Value;
using Gradient = graph::ReluTreatment::Gradient;

enum class Between { products, relus };

/// Layers that read all that came before them: products, or ReLUs, which the concatenations enter directly.
Graph block(Between between, bool asks_for_the_second) {
  Graph graph;
  std::vector<Value> all{graph.add_input("x", {2, 3})};
  Value concat = all[0];
  for (int layer = 1; layer <= 4; ++layer) {
    const Value read = between == Between::relus ? graph.unary(Function::relu, concat)
                                                 : graph.binary(Operator::multiply, concat, concat);
    all.push_back(graph.slice(read, 1, layer, 2));
    concat = graph.add(Operator::concat, all, ConcatAttributes{1});
    if (layer == 2 && asks_for_the_second) graph.add_output("layer", concat);
  }
  graph.add_output("output", concat);
  return graph;
}

std::map<std::string, graph::Tensor> answers(Graph graph, Gradient rule) {
  const Value output = graph.output("output"), x = graph.input("x");
  std::vector<Value> wanted{x};
  for (const graph::Output& one : graph.outputs())
    if (one.name == "layer") wanted.push_back(one.value);
  const Value seed = graph.add_input("seed", graph.shape(output));
  const auto gradients = graph::differentiate(graph, output, seed, wanted, {rule});
  for (std::size_t i = 0; i < wanted.size(); ++i)
    if (gradients[i] != graph::no_value) graph.add_output("gradient " + std::to_string(i), gradients[i]);
  return graph::evaluate(graph, {{"x", numbers({2, 3}, 1)}, {"seed", numbers(graph.shape(output), 2)}});
}

/// What is read by all concatenations together.
std::size_t parts_of(const Graph& graph) {
  std::size_t count = 0;
  for (Value value = 0; value < graph.size(); ++value)
    if (graph[value].op == Operator::concat) count += graph[value].inputs.size();
  return count;
}

void expect_the_same(Between between, bool asks_for_the_second, std::size_t parts) {
  const Graph before = block(between, asks_for_the_second), after = graph::nest_concats(before);
  graph::verify(after);
  EXPECT_EQ(parts_of(before), 2U + 3 + 4 + 5);
  EXPECT_EQ(parts_of(after), parts);
  for (const Gradient rule : {Gradient::plain, Gradient::guided, Gradient::deconvolution}) {
    const auto expected = answers(before, rule), actual = answers(after, rule);
    ASSERT_EQ(actual.size(), expected.size());
    for (const auto& [name, tensor] : expected)
      for (std::size_t i = 0; i < tensor.values.size(); ++i)
        EXPECT_NEAR(actual.at(name).values[i], tensor.values[i], 1e-12) << name << ", element " << i;
  }
}

TEST(NestConcats, StartsEachWithTheLongestThatItStartsWith) {
  expect_the_same(Between::products, false, 2 + 2 + 2 + 2);
}

TEST(NestConcats, LeavesALayersGradientAsItIs) { expect_the_same(Between::products, true, 2 + 2 + 3 + 2); }

TEST(NestConcats, LeavesWhatEntersAReluAsItIs) { expect_the_same(Between::relus, false, 2 + 3 + 4 + 5); }

TEST(NestConcats, TellsAxesAndOtherPartsApart) {
  Graph graph;
  const Value x = graph.add_input("x", {2, 2}), y = graph.add_input("y", {2, 2});
  graph.add_output("beside", graph.add(Operator::concat, {x, y}, ConcatAttributes{0}));
  graph.add_output("swapped", graph.add(Operator::concat, {y, x, x}, ConcatAttributes{1}));
  const Value narrow = graph.add(Operator::concat, {x, y}, ConcatAttributes{1});
  graph.add_output("product", graph.binary(Operator::multiply, narrow, narrow));
  graph.add_output("wide", graph.add(Operator::concat, {x, y, y}, ConcatAttributes{1}));
  const Graph nested = graph::nest_concats(graph);
  EXPECT_EQ(parts_of(graph) - parts_of(nested), 1U) << "the wide one alone";
  const std::map<std::string, graph::Tensor> inputs{{"x", numbers({2, 2}, 1)}, {"y", numbers({2, 2}, 2)}};
  const auto expected = graph::evaluate(graph, inputs), actual = graph::evaluate(nested, inputs);
  for (const auto& [name, tensor] : expected) EXPECT_EQ(actual.at(name).values, tensor.values) << name;
}

}  // namespace
}  // namespace whycam::test
