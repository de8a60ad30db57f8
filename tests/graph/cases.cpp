#include "graph/cases.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <random>

namespace whycam::test {
namespace {

using graph::Function;
using graph::Graph;
using graph::Integers;
using graph::Operator;
using graph::Shape;
using graph::Value;

Value constant(Graph& g, const Shape& shape, std::uint32_t seed) {
  return g.add_constant(graph::constant_of(numbers(shape, seed).values), shape);
}

graph::ConvolutionAttributes window(std::size_t spatial, std::int64_t stride, std::int64_t padding,
                                    std::int64_t dilation = 1) {
  graph::ConvolutionAttributes a;
  a.strides.assign(spatial, stride);
  a.dilation.assign(spatial, dilation);
  a.padding_begin.assign(spatial, padding);
  a.padding_end.assign(spatial, padding);
  return a;
}

OperatorCase convolution(const std::string& name, const Shape& x, const Shape& w,
                         const graph::ConvolutionAttributes& attributes, bool bias) {
  return {"convolution_" + name, [=](Graph& g) {
            std::vector<Value> inputs{g.add_input("x", x), constant(g, w, 2)};
            if (bias) inputs.push_back(constant(g, {w[0]}, 3));
            return g.add(Operator::convolution, inputs, attributes);
          }};
}

graph::PoolingAttributes pooling_window(const graph::WindowAttributes& window, const Shape& y, std::int64_t kernel) {
  return {window, {y}, Integers(y.size() - 2, kernel)};
}

OperatorCase max_pool(const std::string& name, const Shape& x, const graph::WindowAttributes& window, const Shape& y,
                      std::int64_t kernel) {
  return {"max_pool" + name, [=](Graph& g) {
            return g.add(Operator::max_pool, {g.add_input("x", x)}, pooling_window(window, y, kernel));
          }};
}

OperatorCase average_pool(const std::string& name, const Shape& x, const graph::WindowAttributes& window,
                          const Shape& y, std::int64_t kernel, bool count_padding = true) {
  return {"average_pool" + name, [=](Graph& g) {
            const graph::AveragePoolAttributes attributes{pooling_window(window, y, kernel), count_padding};
            return g.add(Operator::average_pool, {g.add_input("x", x)}, attributes);
          }};
}

OperatorCase binary(const std::string& name, Operator op, const Shape& a, const Shape& b) {
  return {name, [=](Graph& g) {
            Value y = g.add_input("y", b);
            if (op == Operator::divide) y = g.unary(Function::linear, g.unary(Function::absolute, y), 1, 1);
            return g.binary(op, g.add_input("x", a), y);
          }};
}

std::vector<OperatorCase> convolutions() {
  std::vector<OperatorCase> cases;
  graph::ConvolutionAttributes grouped = window(2, 1, 1), depthwise = window(2, 2, 1), uneven = window(2, 2, 0);
  grouped.groups = 2;
  depthwise.groups = 16;
  uneven.padding_begin = {0, 1};
  uneven.padding_end = {2, 0};
  cases.push_back(convolution("plain", {2, 3, 7, 6}, {4, 3, 3, 3}, window(2, 1, 1), true));
  cases.push_back(convolution("of_many_channels", {2, 16, 5, 5}, {32, 16, 1, 1}, window(2, 1, 0), false));
  cases.push_back(convolution("with_stride_that_leaves_a_rest", {1, 3, 8, 8}, {5, 3, 3, 3}, window(2, 2, 0), true));
  cases.push_back(convolution("dilated", {1, 4, 9, 9}, {4, 4, 3, 3}, window(2, 1, 2, 2), true));
  cases.push_back(convolution("grouped", {2, 8, 6, 6}, {6, 4, 3, 3}, grouped, true));
  cases.push_back(convolution("depthwise", {1, 16, 8, 8}, {16, 1, 3, 3}, depthwise, true));
  cases.push_back(convolution("unevenly_padded", {1, 3, 6, 7}, {4, 3, 2, 3}, uneven, true));
  cases.push_back(convolution("1d", {2, 3, 12}, {5, 3, 4}, window(1, 2, 1), true));
  cases.push_back(convolution("3d", {1, 2, 5, 6, 4}, {3, 2, 3, 3, 3}, window(3, 1, 1), true));
  cases.push_back(convolution("of_a_picture", {1, 3, 21, 22}, {8, 3, 7, 7}, window(2, 2, 3), true));
  cases.push_back(convolution("of_a_picture_with_stride_4", {2, 3, 31, 31}, {16, 3, 11, 11}, window(2, 4, 2), true));
  cases.push_back(convolution("of_a_picture_to_80_channels", {2, 3, 19, 18}, {80, 3, 5, 5}, window(2, 1, 2), true));
  cases.push_back(convolution("of_a_grey_picture", {2, 1, 18, 35}, {24, 1, 3, 3}, window(2, 1, 1), true));
  cases.push_back(convolution("of_a_picture_unpadded", {1, 3, 17, 16}, {8, 3, 3, 3}, window(2, 2, 0), true));
  // Channels and strides that oneDNN 3 has a rule of its own for, which must not be asked where caches are unknown.
  for (const auto& [from, to, stride] : std::vector<std::array<std::int64_t, 3>>{
           {256, 1024, 1}, {1024, 512, 1}, {512, 2048, 1}, {512, 1024, 2}, {1024, 2048, 2}})
    cases.push_back(convolution("of_single_places_" + std::to_string(from) + "_to_" + std::to_string(to),
                                {2, from, stride, 2}, {to, from, 1, 1}, window(2, stride, 0), true));
  const graph::ConvolutionTransposeAttributes transposed{window(2, 2, 1), {{1, 3, 8, 8}}};
  cases.push_back({"convolution_transpose", [=](Graph& g) {
                     return g.add(Operator::convolution_transpose,
                                  {g.add_input("x", {1, 4, 4, 4}), constant(g, {4, 3, 3, 3}, 2)}, transposed);
                   }});
  return cases;
}

std::vector<OperatorCase> poolings() {
  const graph::ShapeAttributes adaptive{{2, 3, 3, 2}};
  return {
      max_pool("", {2, 3, 8, 8}, window(2, 2, 0), {2, 3, 4, 4}, 2),
      max_pool("_overlapping_and_padded", {1, 16, 9, 9}, window(2, 2, 1), {1, 16, 5, 5}, 3),
      max_pool("_rounded_up", {1, 16, 8, 8}, window(2, 2, 0), {1, 16, 4, 4}, 3),
      max_pool("_dilated", {1, 2, 9, 9}, window(2, 1, 0, 2), {1, 2, 5, 5}, 3),
      max_pool("_1d", {2, 3, 9}, window(1, 3, 0), {2, 3, 3}, 3),
      max_pool("_3d", {1, 2, 4, 4, 4}, window(3, 2, 0), {1, 2, 2, 2, 2}, 2),
      average_pool("", {2, 3, 8, 8}, window(2, 2, 1), {2, 3, 5, 5}, 2),
      average_pool("_without_padding", {1, 16, 8, 8}, window(2, 2, 1), {1, 16, 4, 4}, 3, false),
      average_pool("_rounded_up", {1, 2, 6, 6}, window(2, 2, 0), {1, 2, 3, 3}, 3),
      {"adaptive_average_pool",
       [=](Graph& g) { return g.add(Operator::adaptive_average_pool, {g.add_input("x", {2, 3, 7, 5})}, adaptive); }},
  };
}

std::vector<OperatorCase> functions() {
  std::vector<OperatorCase> cases;
  const auto add = [&](Function function, double alpha, double beta) {
    for (const Shape& shape : {Shape{2, 5}, Shape{1, 16, 3, 3}})
      cases.push_back(
          {std::string(graph::record(function).name) + "_" + std::to_string(shape.size()) + "d", [=](Graph& g) {
             Value x = g.add_input("x", shape);
             if (function == Function::log || function == Function::sqrt || (function == Function::power && alpha != 2))
               x = g.unary(Function::linear, g.unary(Function::absolute, x), 1, 0.5);
             return g.unary(function, x, alpha, beta);
           }});
  };
  for (std::size_t i = 0; i < graph::function_count; ++i) {
    const auto function = static_cast<Function>(i);
    switch (function) {
      case Function::hardtanh:
        add(function, 0, 1);
        break;
      case Function::clamp:
        add(function, -1, 1);
        break;
      case Function::power:
        add(function, -0.5, 0), add(function, 2, 0);
        break;
      case Function::linear:
        add(function, -3, 0.5);
        break;
      case Function::leaky_relu:
        add(function, 0.1, 0);
        break;
      case Function::elu:
        add(function, 1.3, 0);
        break;
      case Function::shrink:
        add(function, 1, 0.25);
        break;
      case Function::quantize:
        add(function, -1, 1);
        for (auto one = cases.end() - 2; one != cases.end(); ++one) one->smooth = false;
        break;
      case Function::detach:
        add(function, 0, 0);
        for (auto one = cases.end() - 2; one != cases.end(); ++one) one->smooth = false;
        break;
      case Function::softplus:
        add(function, 2, 20);
        break;
      default:
        add(function, 0, 0);
    }
  }
  return cases;
}

std::vector<OperatorCase> arithmetic() {
  std::vector<OperatorCase> cases;
  const std::pair<const char*, Operator> operators[] = {
      {"add", Operator::add},       {"subtract", Operator::subtract}, {"multiply", Operator::multiply},
      {"divide", Operator::divide}, {"maximum", Operator::maximum},   {"minimum", Operator::minimum}};
  for (const auto& [name, op] : operators) {
    cases.push_back(binary(std::string(name) + "_of_one_shape", op, {2, 3, 4, 4}, {2, 3, 4, 4}));
    cases.push_back(binary(std::string(name) + "_per_channel", op, {2, 16, 4, 4}, {2, 16, 1, 1}));
    cases.push_back(binary(std::string(name) + "_broadcast_both_ways", op, {2, 1, 4}, {3, 1}));
    cases.push_back(binary(std::string(name) + "_with_a_number", op, {2, 3, 4}, {}));
  }
  const auto matmul = [](const Shape& a, const Shape& b, bool transpose_a, bool transpose_b, bool bias) {
    return [=](Graph& g) {
      std::vector<Value> inputs{g.add_input("x", a), bias ? constant(g, b, 4) : g.add_input("y", b)};
      if (bias) inputs.push_back(constant(g, {transpose_b ? b[b.size() - 2] : b.back()}, 5));
      return g.add(Operator::matmul, inputs, graph::MatmulAttributes{transpose_a, transpose_b});
    };
  };
  cases.push_back({"matmul", matmul({3, 4}, {4, 5}, false, false, false)});
  cases.push_back({"matmul_with_bias", matmul({3, 4}, {5, 4}, false, true, true)});
  cases.push_back({"matmul_by_a_constant", [](Graph& g) {
                     return g.add(Operator::matmul,
                                  {g.unary(Function::relu, g.add_input("x", {3, 37})), constant(g, {37, 50}, 4)},
                                  graph::MatmulAttributes{});
                   }});
  cases.push_back({"matmul_transposed", matmul({2, 4, 3}, {2, 5, 4}, true, true, false)});
  cases.push_back({"matmul_broadcast", matmul({2, 3, 4}, {4, 5}, false, false, false)});
  return cases;
}

std::vector<OperatorCase> shapings() {
  std::vector<OperatorCase> cases;
  const auto one = [&](const std::string& name, Operator op, const Shape& x, const graph::Attributes& attributes) {
    cases.push_back({name, [=](Graph& g) { return g.add(op, {g.add_input("x", x)}, attributes); }});
  };
  one("reshape", Operator::reshape, {2, 3, 4}, graph::ShapeAttributes{{4, 6}});
  one("transpose", Operator::transpose, {2, 3, 4, 5}, graph::TransposeAttributes{{2, 0, 3, 1}});
  graph::EmbedAttributes part{{{{2, 2, 2}}, {0, 1, 0}, {1, 2, 3}}, 0.5};
  one("slice", Operator::slice, {2, 5, 4}, static_cast<graph::SliceAttributes>(part));
  part.shape = {3, 5, 7};
  one("embed", Operator::embed, {2, 2, 2}, part);
  graph::EmbedAttributes second_of_odd{{{{2, 3, 4, 4}}, {0, 0, 0, 0}, {1, 1, 2, 2}}, 0};
  one("slice_second_of_odd", Operator::slice, {2, 3, 7, 7}, static_cast<graph::SliceAttributes>(second_of_odd));
  second_of_odd.shape = {2, 3, 7, 7};
  one("embed_second_of_odd", Operator::embed, {2, 3, 4, 4}, second_of_odd);
  one("expand_area", Operator::expand, {2, 3, 1, 1}, graph::ShapeAttributes{{2, 3, 4, 4}});
  one("expand", Operator::expand, {3, 1, 4}, graph::ShapeAttributes{{2, 3, 4, 4}});
  one("reduce_sum_area", Operator::reduce_sum, {2, 16, 4, 4}, graph::AxesAttributes{{2, 3}});
  one("reduce_sum", Operator::reduce_sum, {2, 3, 4}, graph::AxesAttributes{{0, 2}});
  one("softmax", Operator::softmax, {2, 5, 3}, graph::AxesAttributes{{1}});
  one("log_softmax", Operator::log_softmax, {2, 5, 3}, graph::AxesAttributes{{1}});
  one("normalize", Operator::normalize, {2, 3, 6}, graph::NormalizeAttributes{{{2}}, 1e-3});
  for (const std::int64_t axis : {0, 1}) {
    cases.push_back({"concat_along_" + std::to_string(axis), [=](Graph& g) {
                       Shape x{2, 16, 3, 3}, y = x;
                       y[static_cast<std::size_t>(axis)] *= 2;
                       return g.add(Operator::concat, {g.add_input("x", x), g.add_input("y", y)},
                                    graph::ConcatAttributes{axis});
                     }});
  }
  return cases;
}

/// Of observations in two examples: more of them than numbers each, and fewer, where eigenvalues are 0.
std::vector<OperatorCase> eigenvectors() {
  std::vector<OperatorCase> cases;
  for (const std::int64_t observations : {3, 40})
    cases.push_back({"principal_eigenvector_of_" + std::to_string(observations) + "_observations",
                     [=](Graph& g) {
                       const Value x = g.add_input("x", {2, 20, observations});
                       const Value matrices = g.add(Operator::matmul, {x, x}, graph::MatmulAttributes{false, true});
                       return g.add(Operator::principal_eigenvector, {matrices, g.add_input("like", {2, 20, 1})});
                     },
                     /*smooth=*/false});
  return cases;
}

/// A concatenation of two convolutions behind ReLUs, and one that reads it.
Value branches(Graph& g, std::int64_t first, std::int64_t second) {
  const auto relu_of = [&](Value x, const Shape& weights, std::int64_t padding) {
    return g.unary(Function::relu, g.add(Operator::convolution, {x, constant(g, weights, 7)}, window(2, 1, padding)));
  };
  const Value x = relu_of(g.add_input("x", {2, 3, 6, 5}), {16, 3, 1, 1}, 0);
  const Value both = g.add(Operator::concat, {relu_of(x, {first, 16, 1, 1}, 0), relu_of(x, {second, 16, 3, 3}, 1)},
                           graph::ConcatAttributes{1});
  return relu_of(both, {16, first + second, 1, 1}, 0);
}

/// What passes have to get right together.
std::vector<OperatorCase> networks() {
  return {
      {"residual_block_of_single_places",
       [](Graph& g) {
         const Value x = g.add_input("x", {2, 256, 3, 2});
         const Value wide = g.unary(
             Function::relu, g.add(Operator::convolution,
                                   {x, constant(g, {1024, 256, 1, 1}, 2), constant(g, {1024}, 3)}, window(2, 1, 0)));
         const Value narrow = g.add(Operator::convolution, {wide, constant(g, {256, 1024, 1, 1}, 4)}, window(2, 1, 0));
         return g.unary(Function::relu, g.binary(Operator::add, narrow, x));
       }},
      {"residual_block",
       [](Graph& g) {
         const Value x = g.add_input("x", {2, 16, 6, 6});
         Value y = g.add(Operator::convolution, {x, constant(g, {16, 16, 3, 3}, 7)}, window(2, 1, 1));
         y = g.binary(Operator::add, g.binary(Operator::multiply, y, constant(g, {16, 1, 1}, 8)),
                      constant(g, {16, 1, 1}, 9));
         y = g.unary(Function::relu, y);
         y = g.add(Operator::convolution, {y, constant(g, {16, 16, 3, 3}, 10), constant(g, {16}, 11)}, window(2, 1, 1));
         return g.unary(Function::relu, g.binary(Operator::add, y, x));
       }},
      {"classes_of_a_fully_convolutional_network",
       [](Graph& g) {
         const Value x = g.unary(
             Function::relu, g.add(Operator::convolution,
                                   {g.add_input("x", {2, 3, 5, 6}), constant(g, {24, 3, 3, 3}, 6)}, window(2, 1, 1)));
         return g.sum(
             g.unary(Function::relu, g.add(Operator::convolution,
                                           {x, constant(g, {37, 24, 1, 1}, 7), constant(g, {37}, 8)}, window(2, 1, 0))),
             {2, 3});
       }},
      {"branches", [](Graph& g) { return branches(g, 32, 48); }},
      {"branches_of_odd_widths", [](Graph& g) { return branches(g, 24, 40); }},
      {"branches_read_again",
       [](Graph& g) {  // parts of the concatenation's gradient meet other gradients, and are pooled
         const Value x = g.add_input("x", {2, 16, 6, 6});
         const Value y = g.unary(Function::relu,
                                 g.add(Operator::convolution, {x, constant(g, {32, 16, 1, 1}, 7)}, window(2, 1, 0)));
         const Value z = g.add(Operator::convolution, {y, constant(g, {32, 32, 3, 3}, 8)}, window(2, 1, 1));
         const Value all = g.add(Operator::concat, {y, z, x}, graph::ConcatAttributes{1});
         const Value last = g.add(Operator::convolution, {all, constant(g, {32, 80, 1, 1}, 9)}, window(2, 1, 0));
         return g.binary(Operator::add, g.binary(Operator::multiply, last, y), z);
       }},
      {"seven_channels_of_eight",  // which blocks of eight fill up
       [](Graph& g) {
         const Value x = g.unary(
             Function::relu, g.add(Operator::convolution,
                                   {g.add_input("x", {2, 3, 6, 5}), constant(g, {8, 3, 3, 3}, 6)}, window(2, 1, 1)));
         const Value y =
             g.add(Operator::convolution, {g.slice(x, 1, 1, 7), constant(g, {7, 7, 3, 3}, 7)}, window(2, 1, 1));
         return g.add(Operator::convolution, {g.slice(y, 1, 0, 5), constant(g, {16, 5, 1, 1}, 8)}, window(2, 1, 0));
       }},
      {"fifteen_channels_of_sixteen",
       [](Graph& g) {
         const Value x = g.unary(
             Function::relu, g.add(Operator::convolution,
                                   {g.add_input("x", {2, 3, 6, 5}), constant(g, {16, 3, 3, 3}, 6)}, window(2, 1, 1)));
         return g.add(Operator::convolution, {g.slice(x, 1, 1, 15), constant(g, {15, 15, 3, 3}, 7)}, window(2, 1, 1));
       }},
      {"halves_of_channels_joined_again",
       [](Graph& g) {
         const Value x = g.unary(
             Function::relu, g.add(Operator::convolution,
                                   {g.add_input("x", {2, 16, 6, 5}), constant(g, {48, 16, 1, 1}, 6)}, window(2, 1, 0)));
         const Value most = g.slice(x, 1, 16, 32), last = g.slice(most, 1, 16, 16);
         const Value changed = g.unary(
             Function::relu, g.add(Operator::convolution, {last, constant(g, {16, 16, 3, 3}, 7)}, window(2, 1, 1)));
         return g.add(Operator::concat, {g.slice(x, 1, 0, 16), changed, g.slice(most, 1, 0, 16), last},
                      graph::ConcatAttributes{1});
       }},
      {"dense_block",
       [](Graph& g) {
         std::vector<Value> all{g.add_input("x", {2, 32, 5, 6})};
         Value concat = all[0];
         for (std::int64_t channels = 32; channels < 80; channels += 16) {
           const Value scaled =
               g.binary(Operator::add, g.binary(Operator::multiply, concat, constant(g, {channels, 1, 1}, 8)),
                        constant(g, {channels, 1, 1}, 9));
           all.push_back(g.add(Operator::convolution,
                               {g.unary(Function::relu, scaled), constant(g, {16, channels, 3, 3}, 10)},
                               window(2, 1, 1)));
           concat = g.add(Operator::concat, all, graph::ConcatAttributes{1});
         }
         return concat;
       },
       /*smooth=*/false},                 // sums so large that differences have too few digits
      {"channels_weighted_and_added_up",  // as Grad-CAM does
       [](Graph& g) {
         const Value x = g.add_input("x", {2, 16, 6, 6});
         const Value y = g.add(Operator::convolution, {x, constant(g, {48, 16, 3, 3}, 7)}, window(2, 1, 1));
         return g.sum(g.binary(Operator::multiply, y, g.sum(y, {2, 3})), {1});
       }},
      {"relus_above_a_picture",
       [](Graph& g) {
         const Value x = g.add_input("x", {2, 3, 20, 17});
         Value y =
             g.unary(Function::relu, g.add(Operator::convolution, {x, constant(g, {32, 3, 7, 7}, 7)}, window(2, 2, 3)));
         y = g.add(Operator::convolution, {y, constant(g, {32, 32, 1, 1}, 8)}, window(2, 1, 0));
         return g.unary(Function::relu, y);
       }},
      {"one_weight_used_with_two_paddings",
       [](Graph& g) {
         const Value x = g.add_input("x", {1, 3, 17, 17}), w = constant(g, {8, 3, 3, 3}, 7);
         const Value a = g.sum(g.add(Operator::convolution, {x, w}, window(2, 2, 0)), {2, 3});
         return g.binary(Operator::add, a, g.sum(g.add(Operator::convolution, {x, w}, window(2, 2, 1)), {2, 3}));
       }},
      {"convolution_and_relu6",
       [](Graph& g) {
         const Value y = g.add(Operator::convolution, {g.add_input("x", {1, 16, 6, 6}), constant(g, {16, 16, 1, 1}, 7)},
                               window(2, 1, 0));
         return g.unary(Function::hardtanh, y, 0, 6);
       }},
      {"scale_between_relus",
       [](Graph& g) {
         const Value x = g.unary(Function::relu, g.add_input("x", {1, 3, 5, 5}));
         const Value y = g.binary(Operator::add, g.binary(Operator::multiply, x, constant(g, {3, 1, 1}, 8)),
                                  constant(g, {3, 1, 1}, 9));
         return g.unary(Function::relu, y);
       }},
      {"linear_with_scale",
       [](Graph& g) {
         const Value y = g.add(Operator::matmul, {g.add_input("x", {3, 4}), constant(g, {5, 4}, 7)},
                               graph::MatmulAttributes{false, true});
         return g.binary(Operator::add, g.binary(Operator::multiply, y, constant(g, {5}, 8)), constant(g, {5}, 9));
       }},
      {"the_same_twice",
       [](Graph& g) {
         const Value x = g.add_input("x", {2, 3, 4});
         return g.binary(Operator::multiply, g.unary(Function::tanh, x), g.unary(Function::tanh, x));
       }},
  };
}

}  // namespace

void PrintTo(const OperatorCase& one, std::ostream* out) { *out << one.name; }

const std::vector<OperatorCase>& operator_cases() {
  static const std::vector<OperatorCase> all = [] {
    std::vector<OperatorCase> cases;
    for (const auto& group :
         {convolutions(), poolings(), functions(), arithmetic(), shapings(), eigenvectors(), networks()})
      cases.insert(cases.end(), group.begin(), group.end());
    return cases;
  }();
  return all;
}

std::vector<float> noise(std::int64_t count, unsigned seed) {
  std::mt19937 random(seed);
  std::normal_distribution<float> normal;
  std::vector<float> numbers(static_cast<std::size_t>(count));
  std::generate(numbers.begin(), numbers.end(), [&] { return normal(random); });
  return numbers;
}

graph::Tensor numbers(const Shape& shape, std::uint32_t seed) {
  std::mt19937 random(seed);
  graph::Tensor tensor{shape, {}};
  while (static_cast<std::int64_t>(tensor.values.size()) < graph::element_count(shape)) {
    const double x = static_cast<double>(random()) / 4294967296.0 * 5 - 2.5;
    bool near_kink = false;
    for (const double kink : {-1.0, 0.0, 1.0}) near_kink = near_kink || std::fabs(x - kink) < 0.02;
    if (!near_kink) tensor.values.push_back(x);
  }
  return tensor;
}

}  // namespace whycam::test
