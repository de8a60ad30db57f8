// Einstein's sums and maxima along axes, against their formulas.
#include <gtest/gtest.h>

#include <cmath>
#include <map>

#include "graph/differentiate.h"
#include "graph/einsum.h"
#include "graph/evaluate.h"
#include "graph/maximum.h"

namespace whycam::test {
namespace {

using graph::Graph;
using graph::Shape;
using graph::Tensor;
using graph::Value;

std::vector<double> wave(const Shape& shape, double phase) {
  std::vector<double> numbers(static_cast<std::size_t>(graph::element_count(shape)));
  for (std::size_t i = 0; i < numbers.size(); ++i) numbers[i] = std::sin(1.7 * static_cast<double>(i) + phase);
  return numbers;
}

/// What the equation says, letter by letter: a loop over all that there are.
std::vector<double> sum_by_loops(const std::vector<std::string>& terms, const std::string& result,
                                 const std::vector<Tensor>& tensors, const std::map<char, std::int64_t>& extents) {
  std::string letters;
  Shape all, out;
  for (const auto& [letter, extent] : extents) {
    letters += letter;
    all.push_back(extent);
  }
  for (const char letter : result) out.push_back(extents.at(letter));
  const auto place = [&](const std::string& term, const graph::Integers& index) {
    std::int64_t at = 0;
    for (const char letter : term) at = at * extents.at(letter) + index[letters.find(letter)];
    return static_cast<std::size_t>(at);
  };
  std::vector<double> sums(static_cast<std::size_t>(graph::element_count(out)), 0);
  graph::for_each_index(all, [&](const graph::Integers& index) {
    double product = 1;
    for (std::size_t i = 0; i < terms.size(); ++i) product *= tensors[i].values[place(terms[i], index)];
    sums[place(result, index)] += product;
  });
  return sums;
}

Tensor einsum_of(const std::string& equation, const std::vector<Tensor>& tensors) {
  Graph graph;
  std::vector<Value> inputs;
  std::map<std::string, Tensor> given;
  for (const Tensor& tensor : tensors) {
    const std::string name = std::to_string(inputs.size());
    inputs.push_back(graph.add_input(name, tensor.shape));
    given[name] = tensor;
  }
  graph.add_output("y", graph::einsum(graph, equation, inputs));
  return graph::evaluate(graph, given).at("y");
}

TEST(Einsum, IsTheSumThatTheEquationSays) {
  const std::map<char, std::int64_t> sizes{{'b', 2}, {'h', 3}, {'i', 4}, {'j', 5}, {'d', 6}};
  const std::vector<std::pair<std::vector<std::string>, std::string>> equations{{{"bhid", "bhjd"}, "bhij"},
                                                                                {{"bhij", "bhjd"}, "bihd"},
                                                                                {{"id", "dj"}, "ij"},
                                                                                {{"bi", "bi"}, "b"},
                                                                                {{"bij"}, "jb"},
                                                                                {{"bij"}, "i"},
                                                                                {{"i", "j"}, "ji"},
                                                                                {{"bi", "ij", "jd"}, "bd"},
                                                                                {{"bid", "i"}, "bd"},
                                                                                {{"hi", "i"}, ""}};
  for (const auto& [terms, result] : equations) {
    std::string equation;
    std::vector<Tensor> tensors;
    std::map<char, std::int64_t> extents;
    for (const std::string& term : terms) {
      equation += (equation.empty() ? "" : ", ") + term;
      Shape shape;
      for (const char letter : term) shape.push_back(extents[letter] = sizes.at(letter));
      tensors.push_back({shape, wave(shape, static_cast<double>(tensors.size()))});
    }
    const Tensor actual = einsum_of(equation + " -> " + result, tensors);
    const std::vector<double> expected = sum_by_loops(terms, result, tensors, extents);
    ASSERT_EQ(actual.values.size(), expected.size()) << equation;
    for (std::size_t i = 0; i < expected.size(); ++i)
      EXPECT_NEAR(actual.values[i], expected[i], 1e-12) << equation << "->" << result;
  }
}

TEST(Einsum, DotsStandForTheOtherAxes) {
  const Tensor a{{2, 3, 4, 5}, wave({2, 3, 4, 5}, 0)}, b{{5, 6}, wave({5, 6}, 1)};
  const Tensor dots = einsum_of("...k,kn->...n", {a, b}), letters = einsum_of("abik,kn->abin", {a, b});
  EXPECT_EQ(dots.shape, letters.shape);
  EXPECT_EQ(dots.values, letters.values);
  EXPECT_EQ(einsum_of("ij,jk", {b, {{6, 2}, wave({6, 2}, 2)}}).shape, (Shape{5, 2})) << "letters that come once";
}

TEST(Einsum, RefusesWhatDoesNotFit) {
  const Tensor x{{3, 3}, wave({3, 3}, 0)};
  for (const char* equation : {"ii->i", "ijk->i", "ij,jk->ik", "ij->ik", "i1->i"})
    EXPECT_THROW(einsum_of(equation, {x}), std::invalid_argument) << equation;
}

/// The maxima along axes, and the gradient of their sum.
std::pair<Tensor, Tensor> maximum_of(const Tensor& x, const graph::Integers& axes, graph::Ties ties) {
  Graph graph;
  const Value input = graph.add_input("x", x.shape), largest = graph::maximum_along(graph, input, axes, ties);
  const Value ones = graph.add_input("ones", graph.shape(largest));
  const Value gradient = graph::differentiate(graph, largest, ones, {input}, {})[0];
  graph.add_output("largest", largest);
  graph.add_output("gradient", gradient);
  Tensor one{graph.shape(largest), {}};
  one.values.assign(static_cast<std::size_t>(graph::element_count(one.shape)), 1.0);
  const auto results = graph::evaluate(graph, {{"x", x}, {"ones", one}});
  return {results.at("largest"), results.at("gradient")};
}

/// As torch.amax and torch.max(dim): the first shares the gradient among equal elements, the second gives it to one.
TEST(MaximumAlongAxes, SharesTheGradientOrGivesItToTheFirst) {
  const Tensor x{{2, 3}, {0, 0, -1, 2, 5, 5}};
  const auto [even, shared] = maximum_of(x, {1}, graph::Ties::evenly);
  const auto [first, single] = maximum_of(x, {1}, graph::Ties::first);
  EXPECT_EQ(even.shape, (Shape{2, 1}));
  EXPECT_EQ(even.values, (std::vector<double>{0, 5}));
  EXPECT_EQ(first.values, even.values);
  EXPECT_EQ(shared.values, (std::vector<double>{0.5, 0.5, 0, 0, 0.5, 0.5}));
  EXPECT_EQ(single.values, (std::vector<double>{1, 0, 0, 0, 1, 0}));
}

TEST(MaximumAlongAxes, TakesAnyAxes) {
  const Tensor x{{2, 2, 3}, {1, 2, 3, 9, 5, 6, 7, 8, 4, 10, 11, 12}};
  const auto [largest, gradient] = maximum_of(x, {2, 0}, graph::Ties::evenly);
  EXPECT_EQ(largest.shape, (Shape{1, 2, 1}));
  EXPECT_EQ(largest.values, (std::vector<double>{8, 12}));
  EXPECT_EQ(gradient.values, (std::vector<double>{0, 0, 0, 0, 0, 0, 0, 1, 0, 0, 0, 1}));
}

/// Behind detach no ReLU is guided: PyTorch has none there, either.
TEST(Detach, LetsNoGradientPass) {
  Graph graph;
  const Value x = graph.add_input("x", {3});
  const Value gate = graph.unary(graph::Function::detach, graph.unary(graph::Function::relu, x));
  const Value y = graph.binary(graph::Operator::multiply, x, gate);
  const Value seed = graph.add_input("seed", {3});
  graph::ReluTreatment guided;
  guided.gradient = graph::ReluTreatment::Gradient::guided;
  graph.add_output("gradient", graph::differentiate(graph, y, seed, {x}, guided)[0]);
  const auto results = graph::evaluate(graph, {{"x", {{3}, {1, 2, -3}}}, {"seed", {{3}, {1, -1, 1}}}});
  EXPECT_EQ(results.at("gradient").values, (std::vector<double>{1, -2, 0}));
}

}  // namespace
}  // namespace whycam::test
