// Convolutions that leave zeros out: that they give the evaluator's numbers, and which are done so.
#include <gtest/gtest.h>

#include <cmath>
#include <tuple>

#include "backends/onednn/builder.h"
#include "backends/onednn/convolutions.h"
#include "backends/onednn/kernels.h"
#include "backends/onednn/plan.h"
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
  std::int64_t examples, from, to;  ///< channels
  Shape size, kernel, stride, padding;
  Shape left_over = {0, 0};  ///< rows and columns of the result that no kernel ends at
};

class SparseConvolution : public testing::TestWithParam<std::tuple<Single, int>> {
 protected:
  SparseConvolution() {
    window_.padding_begin = window_.padding_end = of_.padding;
    window_.strides = of_.stride;
    window_.dilation = {1, 1};
    window_.shape = {of_.examples, of_.to, 0, 0};
    for (std::size_t d = 0; d < 2; ++d)
      window_.shape[d + 2] = (of_.size[d] - 1) * of_.stride[d] + of_.kernel[d] - 2 * of_.padding[d] + of_.left_over[d];
    for (std::size_t i = 0; i < y_.values.size(); ++i)
      if (std::get<1>(GetParam()) == 0 || i * i % 101 % static_cast<std::size_t>(std::get<1>(GetParam())) != 0)
        y_.values[i] = 0;
  }

  std::vector<double> expected() const {
    Graph graph;
    const Value y = graph.add_input("y", y_.shape);
    const Value weights = graph.add_constant(graph::constant_of(weights_.values), weights_.shape);
    graph.add_output("x", graph.add(Operator::convolution_transpose, {y, weights}, window_));
    return graph::evaluate(graph, {{"y", y_}}).at("x").values;
  }

  std::vector<float> actual() const {
    const onednn::kernels::SparseConvolution convolution(y_.shape, weights_.shape, window_.shape, window_);
    const std::vector<float> plain(weights_.values.begin(), weights_.values.end());
    // What memory holds before is none of the result.
    std::vector<float> packed(static_cast<std::size_t>(convolution.packed()), std::nanf("")),
        scratch(static_cast<std::size_t>(convolution.scratch()), std::nanf("")),
        x(static_cast<std::size_t>(graph::element_count(window_.shape)), std::nanf("")), y(y_.values.size()),
        result(x.size());
    convolution.pack(plain.data(), packed.data());
    for_each_channels_last(y_.shape,
                           [&](std::size_t from, std::size_t to) { y[to] = static_cast<float>(y_.values[from]); });
    convolution.run(y.data(), packed.data(), scratch.data(), x.data());
    for_each_channels_last(window_.shape,
                           [&](std::size_t row_major, std::size_t last) { result[row_major] = x[last]; });
    return result;
  }

  const Single of_ = std::get<0>(GetParam());
  graph::ConvolutionTransposeAttributes window_;
  graph::Tensor y_ = numbers({of_.examples, of_.from, of_.size[0], of_.size[1]}, 1);
  const graph::Tensor weights_ = numbers({of_.from, of_.to, of_.kernel[0], of_.kernel[1]}, 2);
};

TEST_P(SparseConvolution, GivesTheEvaluatorsValues) {
  const auto truth = expected();
  const auto found = actual();
  ASSERT_EQ(found.size(), truth.size());
  // The size of a sum of so many products of numbers between -2.5 and 2.5. float32 rounds by 6e-8 at most; sums one
  // after another of so many make 2e-7 to 5e-7, and the largest of thousands of errors is ten times the usual one.
  const double scale = 2.1 * std::sqrt(static_cast<double>(of_.from * of_.kernel[0] * of_.kernel[1]));
  for (std::size_t i = 0; i < truth.size(); ++i) ASSERT_NEAR(found[i], truth[i], 5e-6 * scale) << i;
}

// Kernels that fill one slice of the registers and many, uneven ones; strides, borders and rows that nothing reaches.
// All of the gradient is there, every third, every tenth number, or none.
INSTANTIATE_TEST_SUITE_P(Sizes, SparseConvolution,
                         testing::Combine(testing::Values(Single{1, 16, 16, {5, 7}, {1, 1}, {1, 1}, {0, 0}},
                                                          Single{2, 32, 112, {6, 5}, {1, 1}, {1, 1}, {0, 0}},
                                                          Single{3, 48, 32, {9, 4}, {3, 3}, {1, 1}, {1, 1}},
                                                          Single{1, 272, 80, {3, 5}, {3, 3}, {1, 1}, {0, 0}},
                                                          Single{2, 16, 64, {4, 6}, {5, 3}, {1, 1}, {2, 1}},
                                                          Single{1, 32, 16, {5, 4}, {3, 2}, {2, 3}, {1, 0}, {1, 2}},
                                                          Single{2, 16, 48, {1, 1}, {7, 7}, {2, 2}, {3, 3}},
                                                          Single{1, 16, 16, {3, 3}, {2, 2}, {4, 4}, {0, 0}, {3, 1}}),
                                          testing::Values(0, 1, 3, 10)));

/// A convolution, its ReLU, a maximum pooling by `stride`, and another convolution, with the gradient of their input.
Graph network(std::int64_t stride, graph::ReluTreatment::Gradient gradient_of_relu, std::int64_t channels = 32) {
  Graph graph;
  std::uint32_t seed = 0;
  const auto constant = [&](const Shape& shape) {
    const auto values = numbers(shape, ++seed).values;
    return graph.add_constant(graph::constant_of(std::vector<float>(values.begin(), values.end())), shape);
  };
  graph::ConvolutionAttributes window;
  window.strides = window.dilation = window.padding_begin = window.padding_end = {1, 1};
  const Value x = graph.add_input("x", {2, 32, 12, 10});
  Value y = graph.add(Operator::convolution, {x, constant({channels, 32, 3, 3})}, window);
  y = graph.unary(Function::relu, y);
  graph::PoolingAttributes pooling = graph::window_of_parts(graph.shape(y), graph.shape(y));
  pooling.kernel = {3, 3};
  pooling.strides = {stride, stride};
  pooling.padding_begin = {1, 1};
  pooling.shape[2] = (12 + 1 - 3) / stride + 1;
  pooling.shape[3] = (10 + 1 - 3) / stride + 1;
  y = graph.add(Operator::max_pool, {y}, pooling);
  y = graph.add(Operator::convolution, {y, constant({16, channels, 3, 3})}, window);
  graph.add_output("output", y);
  const Value gradient = graph.add_input("output_gradient", graph.shape(y));
  graph.add_output("x", graph::differentiate(graph, y, gradient, {x}, {gradient_of_relu})[0], 1);
  return graph::optimise(graph);
}

std::size_t sparse_ones(const Graph& graph) {
  std::size_t count = 0;
  for (Value value = 0; value < graph.size(); ++value) count += onednn::is_sparse(graph, value) ? 1 : 0;
  return count;
}

using Gradient = graph::ReluTreatment::Gradient;

TEST(SparseGradients, AreThoseBehindAMaximumPoolingAndAGuidedReluAlone) {
  if (onednn::Builder::preferred_block({1, 32, 8, 8}) != 32) GTEST_SKIP() << "oneDNN prefers blocks of channels here";
  EXPECT_EQ(sparse_ones(network(2, Gradient::guided)), 1U);
  EXPECT_EQ(sparse_ones(network(1, Gradient::guided)), 0U) << "each window may have its own maximum";
  EXPECT_EQ(sparse_ones(network(2, Gradient::plain)), 0U) << "a fourth may be other than 0";
  EXPECT_EQ(sparse_ones(network(2, Gradient::guided, 24)), 0U) << "channels that fill no vectors";
}

TEST(SparseGradients, HaveAPlanThatGivesTheEvaluatorsValues) {
  const Graph graph = network(2, Gradient::guided);
  const std::map<std::string, graph::Tensor> inputs{{"x", numbers({2, 32, 12, 10}, 20)},
                                                    {"output_gradient", numbers({2, 16, 6, 5}, 21)}};
  const auto expected = graph::evaluate(graph, inputs);
  for (const Precision precision : {Precision::exact, Precision::fast}) {
    const onednn::Plan plan(graph, precision);
    const auto run = plan.start();
    for (const int section : {0, 1}) {
      const std::string name = section == 0 ? "x" : "output_gradient";
      const auto& values = inputs.at(name).values;
      run->set(section, name, std::vector<float>(values.begin(), values.end()).data());
      run->run(section);
    }
    std::vector<float> found(expected.at("x").values.size());
    run->read("x", found.data());
    double apart = 0, size = 0;
    for (std::size_t i = 0; i < found.size(); ++i) {
      apart += std::pow(found[i] - expected.at("x").values[i], 2);
      size += std::pow(expected.at("x").values[i], 2);
    }
    // bfloat16 has 8 bits, where the processor multiplies it: the other convolution may be rounded.
    EXPECT_LE(std::sqrt(apart / size), precision == Precision::exact ? 1e-6 : 1e-2);
    EXPECT_GT(size, 0);
  }
}

}  // namespace
}  // namespace whycam::test
