// Which graphs keep the examples of a batch apart, and how many are computed at a time.
#include <gtest/gtest.h>

#include <functional>
#include <string>
#include <vector>

#include "backends/onednn/batch.h"
#include "graph/cases.h"
#include "graph/evaluate.h"
#include "graph/examples.h"

namespace whycam::test {
namespace {

using graph::Graph;
using graph::Operator;
using graph::Shape;
using graph::Value;

constexpr std::int64_t examples = 4;

Value constant(Graph& graph, const Shape& shape) {
  return graph.add_constant(graph::constant_of(numbers(shape, 7).values), shape);
}

bool stay_apart(const std::function<Value(Graph&)>& build) {
  Graph graph;
  graph.add_output("y", build(graph));
  const auto of_two = graph::for_examples(graph, 2);
  if (!of_two) return false;
  EXPECT_EQ(of_two->shape(of_two->output("y"))[0], 2);
  graph::Tensor x = numbers(graph.shape(graph.input("x")), 3);
  const graph::Tensor whole = graph::evaluate(graph, {{"x", x}}).at("y");
  for (std::size_t part = 0; part < 2; ++part) {
    graph::Tensor some{x.shape, {}};
    some.shape[0] = 2;
    const std::size_t half = x.values.size() / 2, of_result = whole.values.size() / 2;
    some.values.assign(x.values.begin() + static_cast<std::ptrdiff_t>(part * half),
                       x.values.begin() + static_cast<std::ptrdiff_t>((part + 1) * half));
    const graph::Tensor y = graph::evaluate(*of_two, {{"x", some}}).at("y");
    for (std::size_t i = 0; i < of_result; ++i)
      EXPECT_NEAR(y.values[i], whole.values[part * of_result + i], 1e-12) << i;
  }
  return true;
}

Value input(Graph& graph) { return graph.add_input("x", {examples, 4, 3, 3}); }
Value rows(Graph& graph) { return graph.add_input("x", {examples, 6}); }

TEST(ExamplesOfABatch, StayApartInWhatNetworksAreMadeOf) {
  graph::ConvolutionAttributes window;
  window.strides = window.dilation = window.padding_begin = window.padding_end = {1, 1};
  EXPECT_TRUE(stay_apart([&](Graph& g) {
    const Value y = g.add(Operator::convolution, {input(g), constant(g, {8, 4, 3, 3}), constant(g, {8})}, window);
    return g.reshape(g.unary(graph::Function::relu, y), {examples, 8, 9});
  }));
  EXPECT_TRUE(stay_apart([](Graph& g) {
    return g.binary(Operator::add, g.binary(Operator::multiply, input(g), constant(g, {4, 1, 1})),
                    constant(g, {1, 4, 3, 3}));
  }));
  EXPECT_TRUE(stay_apart([](Graph& g) { return g.sum(g.transpose(input(g), {0, 2, 3, 1}), {1, 2}); }));
  EXPECT_TRUE(stay_apart(
      [](Graph& g) { return g.add(Operator::matmul, {rows(g), constant(g, {6, 5})}, graph::MatmulAttributes{}); }));
  EXPECT_TRUE(stay_apart([](Graph& g) {  // tokens by tokens
    const Value x = g.reshape(input(g), {examples, 4, 9});
    return g.add(Operator::matmul, {x, x}, graph::MatmulAttributes{false, true});
  }));
}

/// As a class token is put before those of the picture.
TEST(ExamplesOfABatch, StayApartWhereAConstantIsRepeatedForEach) {
  EXPECT_TRUE(stay_apart([](Graph& g) {
    const Value token = g.expand(constant(g, {1, 1, 9}), {examples, 1, 9});
    const Value all =
        g.add(Operator::concat, {token, g.reshape(input(g), {examples, 4, 9})}, graph::ConcatAttributes{1});
    return g.binary(Operator::add, all, g.expand(constant(g, {5, 9}), {examples, 5, 9}));
  }));
  // The same constant once for each example, and once as weights of as many outputs.
  EXPECT_TRUE(stay_apart([](Graph& g) {
    const Value repeated = g.expand(constant(g, {1, 6}), {examples, 6});
    const Value product = g.add(Operator::matmul, {g.binary(Operator::add, rows(g), repeated), repeated},
                                graph::MatmulAttributes{false, true});
    return product;
  }));
}

TEST(ExamplesOfABatch, MixWhereAnOperatorReachesAcrossThem) {
  const auto square = [](Graph& g) { return g.add_input("x", {examples, examples}); };
  EXPECT_FALSE(stay_apart([](Graph& g) { return g.sum(input(g), {0}); }));
  EXPECT_FALSE(stay_apart([](Graph& g) { return g.expand(g.sum(rows(g), {0}), {examples, 6}); }));
  EXPECT_FALSE(stay_apart([](Graph& g) { return g.add(Operator::softmax, {rows(g)}, graph::AxesAttributes{{0}}); }));
  EXPECT_FALSE(stay_apart([](Graph& g) { return g.normalize(input(g), {0, 2, 3}, 1e-5, "batch norm in training"); }));
  EXPECT_FALSE(stay_apart([&](Graph& g) { return g.transpose(square(g), {1, 0}); }));
  EXPECT_FALSE(stay_apart([](Graph& g) { return g.slice(input(g), 0, 1, 2); }));
  EXPECT_FALSE(stay_apart([](Graph& g) { return g.pad(g.slice(rows(g), 0, 0, 2), {1, 0}, {1, 0}, 0); }));
  EXPECT_FALSE(stay_apart([](Graph& g) {
    const Value x = rows(g);
    return g.slice(g.add(Operator::concat, {x, x}, graph::ConcatAttributes{0}), 0, 2, examples);
  }));
  EXPECT_FALSE(stay_apart([&](Graph& g) {  // every row by every row
    const Value x = square(g);
    return g.add(Operator::matmul, {x, x}, graph::MatmulAttributes{});
  }));
  EXPECT_FALSE(stay_apart([&](Graph& g) {
    return g.add(Operator::matmul, {square(g), constant(g, {examples, 5})}, graph::MatmulAttributes{true, false});
  }));
  EXPECT_FALSE(stay_apart([&](Graph& g) {  // a constant for each
    return g.binary(Operator::multiply, rows(g), constant(g, {examples, 6}));
  }));
  EXPECT_FALSE(stay_apart([&](Graph& g) {  // the axis of examples meets that of channels
    return g.binary(Operator::add, g.reshape(square(g), {examples, 1, examples, 1}), g.transpose(square(g), {0, 1}));
  }));
  EXPECT_FALSE(stay_apart([](Graph& g) { return g.reshape(rows(g), {2, 12}); }));
  EXPECT_FALSE(stay_apart([](Graph& g) {  // all examples as groups of one
    const Value x = g.reshape(input(g), {1, examples * 4, 3, 3});
    return g.reshape(x, {examples, 36});
  }));
  EXPECT_FALSE(stay_apart([](Graph& g) {  // weights that are computed
    graph::ConvolutionAttributes window;
    window.strides = window.dilation = {1, 1};
    window.padding_begin = window.padding_end = {0, 0};
    const Value x = g.add_input("x", {examples, examples, 1, 1});
    return g.add(Operator::convolution, {x, x}, window);
  }));
}

TEST(ExamplesOfABatch, AreCountedWhereAllInputsHaveThem) {
  Graph graph;
  EXPECT_EQ(graph::example_count(graph), 0);
  graph.add_input("x", {3, 2});
  graph.add_input("y", {3});
  EXPECT_EQ(graph::example_count(graph), 3);
  graph.add_input("z", {1, 2});
  EXPECT_EQ(graph::example_count(graph), 0);
}

/// Layers of convolutions, so many channels each.
std::int64_t at_once(std::int64_t batch, std::int64_t channels, std::int64_t extent, std::int64_t fewest = 1) {
  graph::ConvolutionAttributes window;
  window.strides = window.dilation = window.padding_begin = window.padding_end = {1, 1};
  Graph graph;
  Value x = graph.add_input("x", {batch, channels, extent, extent});
  for (int i = 0; i < 4; ++i)
    x = graph.add(Operator::convolution, {x, constant(graph, {channels, channels, 3, 3})}, window);
  graph.add_output("y", x);
  return onednn::examples_at_once(graph, fewest);
}

TEST(ExamplesOfABatch, AreComputedTogetherWhereThatSparesMemory) {
  EXPECT_EQ(at_once(8, 16, 8), 8) << "small values stay in the cache";
  EXPECT_EQ(at_once(8, 512, 8), 8) << "weights would be read again and again";
  EXPECT_EQ(at_once(1, 16, 200), 1);
  // A step reads and writes 4 MiB for each example.
  EXPECT_EQ(at_once(6, 16, 180), 6);
  EXPECT_EQ(at_once(12, 16, 180), 6);
  EXPECT_EQ(at_once(24, 16, 180), 6);
  EXPECT_EQ(at_once(10, 16, 180), 5) << "parts are of one size";
  EXPECT_EQ(at_once(13, 16, 180), 1) << "of a prime number";
  EXPECT_EQ(at_once(13, 16, 180, 2), 13);
  EXPECT_EQ(at_once(12, 16, 180, 8), 12);
  EXPECT_EQ(at_once(12, 16, 180, 100), 12);
}

/// As an upsampling turns a batch of maps to rows.
TEST(ExamplesOfABatch, StayApartAsSeveralRowsEach) {
  EXPECT_TRUE(stay_apart([](Graph& g) {
    const Value x = g.reshape(input(g), {examples * 12, 3});
    const Value y = g.add(Operator::matmul, {x, constant(g, {3, 5})}, graph::MatmulAttributes{});
    return g.reshape(y, {examples, 4, 3, 5});
  }));
  EXPECT_FALSE(stay_apart([](Graph& g) {  // half of the rows, which are those of half of the examples
    return g.slice(g.reshape(rows(g), {examples * 2, 3}), 0, 0, examples);
  }));
  EXPECT_FALSE(stay_apart([](Graph& g) {  // padded by rows behind all others
    return g.reshape(g.pad(rows(g), {0, 0}, {examples, 0}, 0), {examples, 12});
  }));
  EXPECT_FALSE(stay_apart([](Graph& g) {  // rows that meet those of other examples
    const Value x = g.reshape(rows(g), {examples * 2, 3});
    return g.reshape(g.binary(Operator::add, g.slice(x, 0, 0, examples), g.slice(x, 0, examples, examples)),
                     {examples, 3});
  }));
}

}  // namespace
}  // namespace whycam::test
