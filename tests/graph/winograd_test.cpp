// Convolutions by Winograd's algorithm: which are done so, and that they give the same numbers.
#include <gtest/gtest.h>

#include <cmath>
#include <map>
#include <set>
#include <tuple>

#include "backends/onednn/convolutions.h"
#include "backends/onednn/plan.h"
#include "backends/onednn/winograd.h"
#include "graph/cases.h"
#include "graph/differentiate.h"
#include "graph/evaluate.h"
#include "graph/passes.h"

namespace whycam::test {
namespace {

using graph::Function;
using graph::Graph;
using graph::Operator;
using graph::Shape;
using graph::Value;

struct Single {
  std::int64_t examples, inputs, outputs, height, width;
  bool bias, add, relu;
  double limit;
};

/// One convolution, or its gradient, in double precision.
class SingleConvolution : public testing::TestWithParam<std::tuple<Single, std::int64_t, bool>> {
 protected:
  std::vector<double> expected() {
    graph::Graph graph;
    graph::ConvolutionTransposeAttributes window;
    window.strides = window.dilation = window.padding_begin = window.padding_end = {1, 1};
    window.shape = y_.shape;
    const auto constant = [&](const graph::Tensor& of) {
      return graph.add_constant(graph::constant_of(of.values), of.shape);
    };
    const Value x = graph.add_input("x", x_.shape), weights = constant(weights_);
    Value y = turned_ ? graph.add(Operator::convolution_transpose, {x, weights}, window)
                      : graph.add(Operator::convolution, {x, weights}, graph::ConvolutionAttributes(window));
    if (of_.bias) y = graph.binary(Operator::add, y, constant({{1, of_.outputs, 1, 1}, bias_.values}));
    if (of_.add) y = graph.binary(Operator::add, y, constant(y_));
    if (of_.relu) y = of_.limit > 0 ? graph.unary(Function::hardtanh, y, 0, of_.limit) : graph.unary(Function::relu, y);
    graph.add_output("y", y);
    return graph::evaluate(graph, {{"x", x_}}).at("y").values;
  }

  std::vector<float> actual() {
    const onednn::WinogradConvolution convolution(x_.shape, y_.shape, tile_size_);
    const auto places = *onednn::places_of(convolution.matrix());
    const auto step = static_cast<std::int64_t>(convolution.matrix().get_size() / sizeof(float));
    onednn::kernels::WinogradPlaces in_pack{{}, places[turned_ ? 1 : 2], places[turned_ ? 2 : 1]};
    for (std::int64_t i = 0; i < convolution.elements(); ++i) in_pack.elements.push_back(i * step);
    std::vector<float> plain(weights_.values.begin(), weights_.values.end());
    std::vector<double> scales(static_cast<std::size_t>(weights_.shape[0]));  // by which nothing is rounded
    const std::size_t row = plain.size() / scales.size();
    for (std::size_t i = 0; i < scales.size(); ++i) scales[i] = std::ldexp(1.0, static_cast<int>(i % 7) - 3);
    for (std::size_t i = 0; i < plain.size(); ++i) plain[i] = static_cast<float>(plain[i] / scales[i / row]);
    const std::vector<float> bias(bias_.values.begin(), bias_.values.end());
    std::vector<float> packed(static_cast<std::size_t>(convolution.elements() * step));
    onednn::kernels::do_all(onednn::kernels::transform_weights(plain.data(), in_pack, scales, turned_, packed.data()));
    // What memory holds before, and what lies beside it, is none of the result.
    std::vector<float> scratch(static_cast<std::size_t>(convolution.scratch()), std::nanf(""));
    std::vector<float> x = channels_last(x_), y = channels_last(y_);
    x.insert(x.begin(), 64, std::nanf("")), x.insert(x.end(), 64, std::nanf(""));
    convolution.run(x.data() + 64, packed.data(),
                    {of_.bias ? bias.data() : nullptr, of_.add, of_.relu, static_cast<float>(of_.limit)},
                    scratch.data(), y.data());
    std::vector<float> result(y.size());
    for_each_channels_last(y_.shape, [&](std::size_t row_major, std::size_t last) { result[row_major] = y[last]; });
    return result;
  }

  static std::vector<float> channels_last(const graph::Tensor& of) {
    std::vector<float> result(of.values.size());
    for_each_channels_last(of.shape,
                           [&](std::size_t from, std::size_t to) { result[to] = static_cast<float>(of.values[from]); });
    return result;
  }

  const Single of_ = std::get<0>(GetParam());
  const std::int64_t tile_size_ = std::get<1>(GetParam());
  const bool turned_ = std::get<2>(GetParam());
  const graph::Tensor x_ = numbers({of_.examples, of_.inputs, of_.height, of_.width}, 1),
                      y_ = numbers({of_.examples, of_.outputs, of_.height, of_.width}, 2),
                      weights_ =
                          numbers({turned_ ? of_.inputs : of_.outputs, turned_ ? of_.outputs : of_.inputs, 3, 3}, 3),
                      bias_ = numbers({of_.outputs}, 4);
};

TEST_P(SingleConvolution, GivesTheEvaluatorsValues) {
  const auto truth = expected();
  const auto found = actual();
  double apart = 0, largest = 0;
  for (std::size_t i = 0; i < truth.size(); ++i) {
    largest = std::max(largest, std::abs(found[i] - truth[i]));
    apart += std::pow(found[i] - truth[i], 2) / static_cast<double>(truth.size());
  }
  // The size of a sum of so many products of numbers between -2.5 and 2.5.
  const double scale = 2.1 * std::sqrt(9 * static_cast<double>(of_.inputs));
  // float32 rounds by 6e-8 at most. Sums one after another of so many products make 2e-7 to 5e-7; small tiles make no
  // more, large ones, whose transforms subtract larger numbers than they leave, twice that. The largest of thousands of
  // errors is some ten times the usual one.
  EXPECT_LE(std::sqrt(apart), (tile_size_ == 2 ? 4e-7 : 1e-6) * scale);
  EXPECT_LE(largest, 1e-5 * scale);
}

// Rows, columns and tiles that leave a rest, sizes of one tile and of many, and what is fused.
INSTANTIATE_TEST_SUITE_P(Sizes, SingleConvolution,
                         testing::Combine(testing::Values(Single{1, 16, 16, 7, 7, false, false, false, 0},
                                                          Single{2, 32, 80, 5, 6, true, false, true, 0},
                                                          Single{3, 64, 48, 13, 9, true, true, true, 0},
                                                          Single{1, 128, 128, 14, 14, true, true, true, 2},
                                                          Single{2, 128, 64, 1, 3, false, true, false, 0},
                                                          Single{3, 16, 32, 45, 31, true, false, true, 6}),
                                          testing::Values(2, 4), testing::Bool()));

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
    graph::ConvolutionAttributes window;
    window.strides = window.dilation = {1, 1};
    window.padding_begin = window.padding_end = {kernel / 2, kernel / 2};
    const Value weights = constant({channels, graph.shape(x)[1], kernel, kernel}), bias = constant({channels});
    return graph.add(Operator::convolution, {x, weights, bias}, window);
  }
  /// Ends in a product with a matrix of `columns` columns; with the gradients of a plain and of a guided section.
  Graph finished(Value x, Value y, std::int64_t columns) {
    const Shape shape = graph.shape(y);
    const std::int64_t rows = shape[1] * shape[2] * shape[3];
    y = graph.add(Operator::matmul, {graph.reshape(y, {shape[0], rows}), constant({rows, columns})},
                  graph::MatmulAttributes{});
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

/// The same weights at three sizes, of which the last is too small for Winograd's algorithm to gain anything.
Graph sharing_network(std::int64_t columns) {
  Builder build;
  graph::Graph& g = build.graph;
  const Value x = g.add_input("x", {2, 64, 56, 56}), weights = build.constant({64, 64, 3, 3});
  graph::ConvolutionAttributes window;
  window.strides = window.dilation = window.padding_begin = window.padding_end = {1, 1};
  Value y = x;
  for (const std::int64_t size : {56, 28, 4}) {
    const graph::AveragePoolAttributes part{graph::window_of_parts(g.shape(y), {2, 64, size, size}), true};
    if (size < 56) y = g.add(Operator::average_pool, {y}, part);
    y = build.relu(g.add(Operator::convolution, {y, weights}, window));
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
    // float32 has 6e-8; sums of up to 1152 products make some fifty times that of it, oneDNN's direct convolutions too,
    // and large tiles twice as much. Of a million activations as many as ten are 0 up to that and have another mask,
    // and each is one of 50,000 or more terms of a gradient: the square root of 10 / 50,000.
    EXPECT_LE(std::sqrt(apart / scale), output.section == 0 ? 1e-5 : 1.5e-2) << output.name;
  }
}

INSTANTIATE_TEST_SUITE_P(Room, WinogradConvolutions,
                         testing::Combine(testing::Values(network, residual_network, sharing_network),
                                          testing::Values(1, 4)));

std::multiset<std::int64_t> tile_sizes(const Graph& graph, onednn::Room room = {2, 0}) {
  std::multiset<std::int64_t> found;
  for (const auto& [value, tile_size] : onednn::choose_winograd(graph, room)) found.insert(tile_size);
  return found;
}

TEST(WinogradChoice, TakesSmallTilesWhereThereIsLittleRoomAndLargeOnesWhereThereIsMuch) {
  if (!onednn::has_fast_products()) GTEST_SKIP() << "oneDNN has no fast products for this processor";
  const auto little = tile_sizes(network(1)), much = tile_sizes(network(4));
  EXPECT_GT(little.count(2), 0U);
  EXPECT_EQ(much.count(2), 0U);
  EXPECT_EQ(much.count(4), 6U) << "two convolutions, each forward and in both gradients";
  EXPECT_EQ(tile_sizes(residual_network(4)).size(), 9U) << "three convolutions";
  EXPECT_EQ(tile_sizes(sharing_network(512)).size(), 6U) << "two that share weights with a third, which is too small";
}

TEST(WinogradChoice, TakesLargeTilesAtOnceWhereTheyGainMoreForEachNumberThanSmallOnes) {
  if (!onednn::has_fast_products()) GTEST_SKIP() << "oneDNN has no fast products for this processor";
  for (const std::int64_t size : {28, 56, 112}) {
    Builder build;
    const Value x = build.graph.add_input("x", {1, 32, size, size});
    build.graph.add_output("y", build.convolved(x, 32, 3));
    EXPECT_EQ(tile_sizes(build.graph, onednn::room_for_packs), std::multiset<std::int64_t>{4}) << size;
  }
}

TEST(WinogradChoice, KeepsPackedWeightsWithinTheirRoom) {
  if (!onednn::has_fast_products()) GTEST_SKIP() << "oneDNN has no fast products for this processor";
  // Large enough that all as large tiles would not fit: eight times the convolutions' weights.
  for (const std::int64_t columns : {1, 2, 3, 4}) {
    Builder build;
    const Value x = build.graph.add_input("x", {1, 512, 28, 28});
    const Value y = build.relu(build.convolved(build.relu(build.convolved(x, 256, 3)), 512, 3));
    const Graph graph = build.finished(x, y, columns);
    const double own = 2 * 512 * 256 * 9 + 256 + 512 + 512 * 784 * static_cast<double>(columns);
    const double room = onednn::room_for_packs.networks * own + onednn::room_for_packs.numbers;
    ASSERT_LT(room, 8 * 2 * 512 * 256 * 9);
    EXPECT_LE(static_cast<double>(onednn::Plan(graph).packed_bytes()), sizeof(float) * room) << columns;
    const onednn::Plan fast(graph, Precision::fast);  // whose direct convolutions need half
    EXPECT_LE(static_cast<double>(fast.packed_bytes()), sizeof(float) * room) << columns;
  }
}

}  // namespace
}  // namespace whycam::test
