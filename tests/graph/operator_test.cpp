// Every operator's gradient against finite differences, and its plan against the plain evaluator. No libtorch here.
#include <gtest/gtest.h>

#include <cmath>
#include <set>

#include "backends/onednn/plan.h"
#include "graph/cases.h"
#include "graph/differentiate.h"
#include "graph/evaluate.h"
#include "graph/examples.h"
#include "graph/passes.h"
#include "graph/print.h"

namespace whycam::test {
namespace {

using graph::Graph;
using graph::Operator;
using graph::Tensor;
using graph::Value;
using Tensors = std::map<std::string, Tensor>;

/// A case as a whole program: section 1 has the plain gradients of its inputs, section 2 the guided ones.
struct Program {
  explicit Program(const OperatorCase& of) {
    graph.add_output("output", of.build(graph));
    graph = graph::nest_concats(graph);
    const Value output = graph.output("output");
    std::vector<Value> wanted;
    std::uint32_t seed = 20;
    for (Value value = 0; value < graph.size(); ++value) {
      if (graph[value].op != Operator::input) continue;
      wanted.push_back(value);
      inputs[graph[value].name] = numbers(graph.shape(value), seed++);
    }
    const Value gradient = graph.add_input("output_gradient", graph.shape(output));
    inputs["output_gradient"] = numbers(graph.shape(output), seed);
    using Gradient = graph::ReluTreatment::Gradient;
    for (const int section : {1, 2}) {
      const auto found =
          graph::differentiate(graph, output, gradient, wanted, {section == 1 ? Gradient::plain : Gradient::guided});
      for (std::size_t i = 0; i < wanted.size(); ++i)
        if (found[i] != graph::no_value)
          graph.add_output(gradient_name(section, graph[wanted[i]].name), found[i], section);
    }
  }
  static std::string gradient_name(int section, const std::string& input) {
    return std::to_string(section) + "." + input;
  }

  Graph graph;
  Tensors inputs;
};

double largest(const Tensor& tensor) {
  double most = 0;
  for (const double value : tensor.values) most = std::fmax(most, std::fabs(value));
  return most;
}

void expect_equal(const Tensor& actual, const Tensor& expected, double tolerance, const std::string& what) {
  ASSERT_EQ(actual.shape, expected.shape) << what;
  const double scale = std::fmax(largest(expected), 1e-3);
  for (std::size_t i = 0; i < expected.values.size(); ++i)
    ASSERT_NEAR(actual.values[i], expected.values[i], tolerance * scale) << what << ", element " << i;
}

class Operators : public testing::TestWithParam<OperatorCase> {};

TEST_P(Operators, HaveTheGradientOfFiniteDifferences) {
  if (!GetParam().smooth) return;  // a gradient by definition
  const Program program(GetParam());
  graph::verify(program.graph);
  const Tensors results = graph::evaluate(program.graph, program.inputs);
  const auto sum = [&](const Tensors& inputs) {
    const Tensor output = graph::evaluate(program.graph, inputs).at("output");
    double total = 0;
    for (std::size_t i = 0; i < output.values.size(); ++i)
      total += output.values[i] * inputs.at("output_gradient").values[i];
    return total;
  };
  constexpr double step = 1e-5;  // central differences in double precision: an error of some 1e-9 of the values
  for (const auto& [name, tensor] : program.inputs) {
    if (name == "output_gradient") continue;
    const auto gradient = results.find(Program::gradient_name(1, name));
    for (std::size_t i = 0; i < tensor.values.size(); i += 1 + tensor.values.size() / 12) {
      Tensors moved = program.inputs;
      moved[name].values[i] += step;
      const double above = sum(moved);
      moved[name].values[i] -= 2 * step;
      const double difference = (above - sum(moved)) / (2 * step);
      const double actual = gradient == results.end() ? 0 : gradient->second.values[i];
      EXPECT_NEAR(actual, difference, 1e-6 * std::fmax(1.0, std::fabs(difference))) << name << ", element " << i;
    }
  }
}

TEST_P(Operators, KeepTheirValuesInEveryPass) {
  const Program program(GetParam());
  const Tensors expected = graph::evaluate(program.graph, program.inputs);
  graph::optimise(graph::drop_dead(program.graph), [&](const char* pass, const Graph& graph) {
    graph::verify(graph);
    const Tensors actual = graph::evaluate(graph, program.inputs);
    for (const auto& [name, tensor] : expected)
      expect_equal(actual.at(name), tensor, 1e-12, std::string(pass) + ": " + name);
  });
}

TEST_P(Operators, FoldedKeepTheirOutput) {
  Graph graph;
  graph.add_output("output", GetParam().build(graph));
  const Program program(GetParam());
  const Graph folded = graph::fold_scales(graph);
  graph::verify(folded);
  expect_equal(graph::evaluate(folded, program.inputs).at("output"),
               graph::evaluate(graph, program.inputs).at("output"), 1e-12, "folded");
}

/// Runs all sections, some of them twice, and compares every output.
void expect_values(const onednn::Plan& plan, const Graph& graph, const Tensors& inputs, const Tensors& expected) {
  const auto run = plan.start();
  const auto give = [&](int section, const std::string& name) {
    const auto& values = inputs.at(name).values;
    run->set(section, name, std::vector<float>(values.begin(), values.end()).data());
  };
  for (const int round : {1, 2}) {  // a second time, to see that nothing of the first is left
    SCOPED_TRACE(round);
    for (const auto& [name, tensor] : inputs)
      if (name != "output_gradient") give(0, name);
    for (const int section : {0, 2, 1, 2}) {
      try {
        if (section > 0) give(section, "output_gradient");
        run->run(section);
      } catch (const std::out_of_range&) {
        continue;  // a section without outputs
      }
      for (const graph::Output& output : graph.outputs()) {
        if (output.section != section) continue;
        Tensor actual{graph.shape(output.value), {}};
        std::vector<float> values(static_cast<std::size_t>(graph::element_count(actual.shape)));
        run->read(output.name, values.data());
        actual.values.assign(values.begin(), values.end());
        expect_equal(actual, expected.at(output.name), 2e-5, output.name + ", float32");
      }
    }
  }
}

TEST_P(Operators, HaveAPlanThatGivesTheEvaluatorsValues) {
  const Program program(GetParam());
  const Graph graph = graph::optimise(program.graph);
  expect_values(onednn::Plan(graph), graph, program.inputs, graph::evaluate(graph, program.inputs));
}

/// The i-th example of each input, or of each output.
Tensors example(const Tensors& tensors, std::int64_t i) {
  Tensors result;
  for (const auto& [name, tensor] : tensors) {
    Tensor& part = result[name] = {tensor.shape, {}};
    const auto count = static_cast<std::ptrdiff_t>(tensor.values.size()) / tensor.shape[0];
    part.shape[0] = 1;
    part.values.assign(tensor.values.begin() + i * count, tensor.values.begin() + (i + 1) * count);
  }
  return result;
}

TEST_P(Operators, GiveTheSameForOneExampleAtATimeWhereTheseStayApart) {
  const Program program(GetParam());
  const Graph graph = graph::optimise(program.graph);
  const auto of_one = graph::for_examples(graph, 1);
  if (!of_one || graph::example_count(graph) < 2) return;
  const Tensors expected = graph::evaluate(graph, program.inputs);
  for (std::int64_t i = 0; i < graph::example_count(graph); ++i) {
    const Tensors outputs = graph::evaluate(*of_one, example(program.inputs, i));
    for (const auto& [name, tensor] : example(expected, i)) expect_equal(outputs.at(name), tensor, 1e-12, name);
  }
  expect_values(onednn::Plan(graph, Precision::exact, 1), graph, program.inputs, expected);
}

TEST_P(Operators, ArePrinted) {
  const Program program(GetParam());
  const std::string text = graph::to_string(program.graph);
  EXPECT_NE(text.find("%0 = "), std::string::npos);
  EXPECT_NE(text.find("output -> %"), std::string::npos);
}

INSTANTIATE_TEST_SUITE_P(All, Operators, testing::ValuesIn(operator_cases()),
                         [](const auto& info) { return info.param.name + "_" + std::to_string(info.index); });

TEST(OperatorCases, LeaveNoOperatorOut) {
  std::set<Operator> seen;
  for (const OperatorCase& one : operator_cases())
    graph::optimise(Program(one).graph, [&](const char*, const Graph& graph) {
      for (Value value = 0; value < graph.size(); ++value) seen.insert(graph[value].op);
    });
  for (int op = 0; op < graph::operator_count; ++op)
    EXPECT_TRUE(seen.count(static_cast<Operator>(op))) << graph::signature(static_cast<Operator>(op)).name;
}

TEST(Ties, OfMaximumPoolingGoToTheFirstMaximum) {
  Graph graph;
  const graph::PoolingAttributes a = graph::window_of_parts({1, 16, 4, 4}, {1, 16, 2, 2});
  const Value output = graph.add(Operator::max_pool, {graph.add_input("x", {1, 16, 4, 4})}, a);
  graph.add_output("output", output);
  const Value gradient = graph.add_input("output_gradient", a.shape);
  graph.add_output("1.x", graph::differentiate(graph, output, gradient, {0}, {})[0], 1);
  const std::vector<float> zeros(256, 0.0F), ones(64, 1.0F);
  const onednn::Plan plan(graph::optimise(graph));
  const auto run = plan.start();
  run->set(0, "input.0", zeros.data());
  run->set(0, "x", zeros.data());
  run->run(0);
  run->set(1, "output_gradient", ones.data());
  run->run(1);
  std::vector<float> result(256);
  run->read("1.x", result.data());
  for (int i = 0; i < 256; ++i) EXPECT_EQ(result[i], i % 2 == 0 && i / 4 % 2 == 0 ? 1.0F : 0.0F) << i;
}

TEST(Ties, OfReluAtZeroHaveNoGradient) {
  Graph graph;
  const Value output = graph.unary(graph::Function::relu, graph.add_input("x", {1, 3}));
  graph.add_output("output", output);
  const Value gradient = graph.add_input("output_gradient", {1, 3});
  graph.add_output("1.x", graph::differentiate(graph, output, gradient, {0}, {})[0], 1);
  const Tensors inputs{{"x", {{1, 3}, {-1, 0, 1}}}, {"output_gradient", {{1, 3}, {5, 6, 7}}}};
  EXPECT_EQ(graph::evaluate(graph, inputs).at("1.x").values, (std::vector<double>{0, 0, 7}));
}

TEST(Graphs, RefuseWhatDoesNotFit) {
  Graph graph;
  const Value x = graph.add_input("x", {2, 3});
  EXPECT_THROW(graph.binary(Operator::add, x, graph.add_input("y", {2, 4})), std::invalid_argument);
  EXPECT_THROW(graph.binary(Operator::add, x, 99), std::invalid_argument);
  EXPECT_THROW(graph.reshape(x, {4, 2}), std::invalid_argument);
  EXPECT_THROW(graph.transpose(x, {0, 0}), std::invalid_argument);
  EXPECT_THROW(graph.add(Operator::add, {x}), std::invalid_argument);
}

TEST(Graphs, RefuseTheAttributesOfAnotherOperator) {
  Graph graph;
  const Value x = graph.add_input("x", {2, 3}), sum = graph.sum(x, {1});
  EXPECT_THROW(graph.add(Operator::reduce_sum, {x}), std::invalid_argument);
  EXPECT_THROW(graph.add(Operator::reduce_sum, {x}, graph::ShapeAttributes{{2, 1}}), std::invalid_argument);
  EXPECT_EQ(graph[sum].as<graph::AxesAttributes>().axes, graph::Integers{1});
  EXPECT_THROW(graph[sum].as<graph::ShapeAttributes>(), std::logic_error);
}

}  // namespace
}  // namespace whycam::test
