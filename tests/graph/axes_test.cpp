// Which axes are channels and space, followed through graphs that move them.
#include <gtest/gtest.h>

#include "graph/graph.h"
#include "graph/layout.h"

namespace whycam::test {
namespace {

using graph::Graph;
using graph::Operator;
using graph::Shape;
using graph::Value;

class AxesTest : public testing::Test {
 protected:
  Value weights(const Shape& shape) {
    const std::vector<float> numbers(static_cast<std::size_t>(graph::element_count(shape)), 0.5F);
    return graph_.add_constant(graph::constant_of(numbers), shape);
  }
  Value convolution(Value x, std::int64_t channels, std::int64_t kernel, std::int64_t stride) {
    graph::ConvolutionAttributes attributes;
    const std::size_t space = graph_.shape(x).size() - 2;
    attributes.strides = graph::Integers(space, stride);
    attributes.dilation = graph::Integers(space, 1);
    attributes.padding_begin = attributes.padding_end = graph::Integers(space, stride == kernel ? 0 : kernel / 2);
    Shape shape{channels, graph_.shape(x)[1]};
    shape.resize(space + 2, kernel);
    return graph_.add(Operator::convolution, {x, weights(shape)}, attributes);
  }
  Value linear(Value x, std::int64_t features) {
    return graph_.add(Operator::matmul, {x, weights({features, graph_.shape(x).back()})},
                      graph::MatmulAttributes{false, true});
  }
  Value concat(std::vector<Value> values, std::int64_t axis) {
    return graph_.add(Operator::concat, std::move(values), graph::ConcatAttributes{axis});
  }
  /// The layout as text; empty where it is not proven.
  std::string layout(Value value) const {
    const auto all = graph::find_axes(graph_, {x_});
    const auto found = graph::layout_of(all[static_cast<std::size_t>(value)]);
    return found ? graph::to_string(*found) : "";
  }
  Value input(const Shape& shape) { return x_ = graph_.add_input("input.0", shape); }
  /// The tokens of a patch convolution, with a class token in front where one is wanted.
  Value tokens(std::int64_t examples, bool with_class_token) {
    const Value patches = convolution(input({examples, 3, 32, 48}), 8, 8, 8);
    const Value tokens = graph_.transpose(graph_.reshape(patches, {examples, 8, 24}), {0, 2, 1});
    if (!with_class_token) return tokens;
    return concat({graph_.expand(weights({1, 1, 8}), {examples, 1, 8}), tokens}, 1);
  }
  /// Self-attention with two heads, and the sum with what it was computed from.
  Value attention(Value x) {
    const Shape shape = graph_.shape(x);
    const auto heads = [&](Value y) {
      return graph_.transpose(graph_.reshape(y, {shape[0], shape[1], 2, shape[2] / 2}), {0, 2, 1, 3});
    };
    const Value scores = graph_.add(Operator::matmul, {heads(linear(x, shape[2])), heads(linear(x, shape[2]))},
                                    graph::MatmulAttributes{false, true});
    const Value weighted =
        graph_.add(Operator::matmul,
                   {graph_.add(Operator::softmax, {scores}, graph::AxesAttributes{{3}}), heads(linear(x, shape[2]))},
                   graph::MatmulAttributes{});
    return graph_.binary(Operator::add, x,
                         linear(graph_.reshape(graph_.transpose(weighted, {0, 2, 1, 3}), shape), shape[2]));
  }

  Graph graph_;
  Value x_ = graph::no_value;
};

TEST_F(AxesTest, AConvolutionFixesThem) {
  const Value y = convolution(input({2, 3, 8, 10}), 4, 3, 2);
  EXPECT_EQ(layout(y), "nchw");
  EXPECT_EQ(layout(x_), "nchw");
}

TEST_F(AxesTest, ATransposeMovesThem) {
  const Value x = input({2, 8, 10, 3});
  const Value y = convolution(graph_.transpose(x, {0, 3, 1, 2}), 4, 3, 1);
  const Value back = graph_.unary(graph::Function::relu, graph_.transpose(y, {0, 2, 3, 1}));
  EXPECT_EQ(layout(x), "nhwc") << "followed back to the input";
  EXPECT_EQ(layout(back), "nhwc");
  EXPECT_EQ(layout(graph_.transpose(y, {0, 3, 2, 1})), "n,s1,s0,c");
}

TEST_F(AxesTest, PatchesBecomeTokensAndAGridAgain) {
  for (const std::int64_t examples : {1, 3}) {
    graph_ = Graph();
    const Value x = tokens(examples, false);
    EXPECT_EQ(layout(x), "4x6") << examples;
    EXPECT_EQ(layout(attention(x)), "4x6") << examples;
    const Value grid = graph_.reshape(graph_.transpose(x, {0, 2, 1}), {examples, 8, 4, 6});
    EXPECT_EQ(layout(grid), "nchw") << examples;
  }
}

TEST_F(AxesTest, AClassTokenStandsBeforeTheGrid) {
  for (const std::int64_t examples : {1, 3}) {
    graph_ = Graph();
    const Value x = attention(graph_.binary(Operator::add, tokens(examples, true), weights({1, 25, 8})));
    EXPECT_EQ(layout(x), "4x6+1") << examples;
    EXPECT_EQ(layout(graph_.slice(x, 1, 1, 24)), "4x6") << examples;
    EXPECT_EQ(layout(graph_.slice(x, 1, 0, 1)), "") << "the class token alone";
  }
}

TEST_F(AxesTest, WindowsAreJoinedAgain) {
  const Value y = graph_.transpose(convolution(input({2, 3, 16, 24}), 8, 4, 4), {0, 2, 3, 1});
  ASSERT_EQ(graph_.shape(y), (Shape{2, 4, 6, 8}));
  const Value apart = graph_.transpose(graph_.reshape(y, {2, 2, 2, 3, 2, 8}), {0, 1, 3, 2, 4, 5});
  const Value windows = graph_.reshape(apart, {12, 4, 8});
  EXPECT_EQ(layout(windows), "") << "windows are among the examples";
  const Value attended = attention(windows);
  const Value joined =
      graph_.reshape(graph_.transpose(graph_.reshape(attended, {2, 2, 3, 2, 2, 8}), {0, 1, 3, 2, 4, 5}), {2, 4, 6, 8});
  EXPECT_EQ(layout(joined), "nhwc");
}

TEST_F(AxesTest, MergedPatchesAreACoarserGrid) {
  const Value y = graph_.transpose(convolution(input({2, 3, 16, 24}), 8, 4, 4), {0, 2, 3, 1});
  const Value apart = graph_.transpose(graph_.reshape(y, {2, 2, 2, 3, 2, 8}), {0, 1, 3, 4, 2, 5});
  const Value patches = graph_.reshape(apart, {2, 2, 3, 32});
  EXPECT_EQ(layout(patches), "") << "places are among the channels";
  const Value merged = graph_.reshape(linear(graph_.reshape(patches, {12, 32}), 16), {2, 2, 3, 16});
  EXPECT_EQ(layout(merged), "nhwc");
  EXPECT_EQ(layout(linear(patches, 16)), "nhwc");
}

TEST_F(AxesTest, PatchesOfAPictureBecomeTokensByWeights) {
  const Value x = input({2, 3, 16, 24});
  const Value apart = graph_.transpose(graph_.reshape(x, {2, 3, 2, 8, 3, 8}), {0, 2, 4, 3, 5, 1});
  EXPECT_EQ(layout(linear(graph_.reshape(apart, {2, 6, 192}), 10)), "2x3");
}

TEST_F(AxesTest, WeightsMayBeComputedOfWeights) {
  const Value x = tokens(1, false);
  const Value turned = graph_.expand(graph_.transpose(weights({16, 8}), {1, 0}), {1, 8, 16});
  EXPECT_EQ(layout(graph_.add(Operator::matmul, {x, turned}, graph::MatmulAttributes{})), "4x6");
}

TEST_F(AxesTest, OfAnInputThatIsTakenApartTheOneThatIsLeftIsTheChannels) {
  const Value x = input({2, 3, 8, 10});
  std::vector<Value> scaled;
  for (std::int64_t c = 0; c < 3; ++c)
    scaled.push_back(graph_.reshape(graph_.reshape(graph_.slice(x, 1, c, 1), {2, 8, 10}), {2, 1, 8, 10}));
  convolution(concat(scaled, 1), 4, 3, 1);
  const auto axes = graph::find_axes(graph_, {x_}).at(static_cast<std::size_t>(x));
  const auto found = graph::layout_of_input(axes);
  ASSERT_TRUE(found);
  EXPECT_EQ(graph::to_string(*found), "nchw");
}

TEST_F(AxesTest, ShuffledChannelsStayChannels) {
  const Value y = convolution(input({2, 4, 6, 6}), 8, 3, 1);
  const Value shuffled =
      graph_.reshape(graph_.transpose(graph_.reshape(y, {2, 2, 4, 6, 6}), {0, 2, 1, 3, 4}), {2, 8, 6, 6});
  EXPECT_EQ(layout(shuffled), "nchw");
}

TEST_F(AxesTest, RepeatedPlacesAreMoreOfThem) {
  const Value y = graph_.transpose(convolution(input({2, 3, 6, 6}), 4, 3, 1), {0, 2, 3, 1});
  const Value repeated = graph_.expand(graph_.reshape(y, {2, 6, 1, 6, 1, 4}), {2, 6, 2, 6, 2, 4});
  EXPECT_EQ(layout(graph_.reshape(repeated, {2, 12, 12, 4})), "nhwc");
}

TEST_F(AxesTest, AreNotGuessed) {
  const Value x = tokens(2, false);
  const Value mixed =
      linear(graph_.transpose(x, {0, 2, 1}), 24);  // among places: nothing says that these are places again
  EXPECT_EQ(layout(mixed), "");
  EXPECT_EQ(layout(graph_.binary(Operator::add, mixed, graph_.transpose(x, {0, 2, 1}))), "n,c,s0,s1 of 4x6")
      << "the sum with the tokens tells it";
}

TEST_F(AxesTest, OfInputsAreChannelsFirstWhereNoOperatorFixesThem) {
  const Value x = input({2, 5, 6, 4});
  EXPECT_FALSE(graph::fixes_axes(graph_));
  EXPECT_EQ(layout(graph_.transpose(x, {0, 2, 3, 1})), "nhwc");
  EXPECT_EQ(layout(linear(graph_.reshape(x, {2, 5, 24}), 8)), "") << "among places";
}

}  // namespace
}  // namespace whycam::test
