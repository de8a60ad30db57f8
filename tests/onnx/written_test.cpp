// Graphs that are written as ONNX: read again, and in ONNX Runtime, they must give what the evaluator gives. No
// libtorch here.
#include <gtest/gtest.h>

#include "formats/onnx/writer.h"
#include "graph/cases.h"
#include "graph/differentiate.h"
#include "graph/evaluate.h"
#include "graph/passes.h"
#include "graph/resize.h"
#include "methods/method.h"
#include "onnx/files.h"
#include "support/onnx_runtime.h"

namespace whycam::onnx {
namespace {

using graph::Graph;
using graph::Operator;
using graph::Shape;
using graph::Value;
using test::OnnxRuntime;
using Values = std::map<std::string, graph::Tensor>;

/// A graph with numbers for its inputs, and how it is written: every input and output is called in the file as in the
/// graph.
struct Written {
  Graph graph;
  Values inputs;

  Writing writing() const {
    Writing result;
    for (Value value = 0; value < graph.size(); ++value)
      if (graph[value].op == Operator::input) result.inputs.push_back({graph[value].name, graph[value].name});
    for (const graph::Output& output : graph.outputs()) result.outputs.push_back({output.name, output.name});
    result.one_hot = "none";
    return result;
  }

  /// As the file is read again, in the order of its inputs.
  Values read_again(const std::string& bytes) const {
    const auto network = Network::parse(bytes, "the file", {});
    std::vector<Given> given;
    for (const Port& port : network->inputs()) given.push_back({port.name, inputs.at(port.name).shape});
    Lowered lowered = network->lower(given, {}, false);
    Values results;
    for (std::size_t i = 0; i < lowered.outputs.size(); ++i) {
      const std::string& name = network->outputs()[i].name;
      if (lowered.outputs[i] != graph::no_value) lowered.graph.add_output(name, lowered.outputs[i]);
    }
    return graph::evaluate(lowered.graph, inputs);
  }
};

/// A case with its plain gradients, or with guided ones.
Written program_of(const test::OperatorCase& of, graph::ReluTreatment::Gradient rule) {
  Written result;
  const Value output = of.build(result.graph);
  std::vector<Value> wanted;
  std::uint32_t seed = 20;
  for (Value value = 0; value < result.graph.size(); ++value) {
    if (result.graph[value].op != Operator::input) continue;
    wanted.push_back(value);
    result.inputs[result.graph[value].name] = test::numbers(result.graph.shape(value), seed++);
  }
  result.graph.add_output("output", output);
  const Value gradient = result.graph.add_input("output_gradient", result.graph.shape(output));
  result.inputs["output_gradient"] = test::numbers(result.graph.shape(output), seed);
  const auto found = graph::differentiate(result.graph, output, gradient, wanted, {rule});
  for (std::size_t i = 0; i < wanted.size(); ++i)
    if (found[i] != graph::no_value) result.graph.add_output("gradient_of_" + result.graph[wanted[i]].name, found[i]);
  result.graph = graph::drop_dead(graph::share(result.graph));
  return result;
}

std::map<std::string, Written> all_programs() {
  std::map<std::string, Written> programs;
  for (const test::OperatorCase& one : test::operator_cases()) {
    programs.emplace(one.name + "_plain", program_of(one, graph::ReluTreatment::Gradient::plain));
    programs.emplace(one.name + "_guided", program_of(one, graph::ReluTreatment::Gradient::guided));
  }
  return programs;
}

TEST(WrittenOperators, AreReadAsTheyWere) {
  for (const auto& [name, program] : all_programs()) {
    SCOPED_TRACE(name);
    std::string bytes;
    ASSERT_NO_THROW(bytes = to_onnx(program.graph, nullptr, program.writing()));
    Values actual;
    ASSERT_NO_THROW(actual = program.read_again(bytes));
    for (const auto& [output, tensor] : graph::evaluate(program.graph, program.inputs)) {
      if (!actual.count(output)) continue;  // it depends on no input
      EXPECT_EQ(actual.at(output).shape, tensor.shape) << output;
      EXPECT_LE(relative_error(actual.at(output).values, tensor.values), 1e-6)
          << output << ": constants are float32 in the file";
    }
  }
}

OnnxRuntime::Array array_of(const graph::Tensor& tensor) {
  return {tensor.shape, {tensor.values.begin(), tensor.values.end()}};
}

OnnxRuntime::Arrays arrays_of(const Values& values) {
  OnnxRuntime::Arrays arrays;
  for (const auto& [name, tensor] : values) arrays[name] = array_of(tensor);
  return arrays;
}

TEST(WrittenOperators, GiveInOnnxRuntimeWhatTheEvaluatorGives) {
  if (!OnnxRuntime::available()) GTEST_SKIP() << OnnxRuntime::missing;
  OnnxRuntime runtime;
  for (const auto& [name, program] : all_programs()) {
    Values inputs;
    for (const auto& [input, type] : program.writing().inputs) inputs[input] = program.inputs.at(input);
    runtime.add_network(name, to_onnx(program.graph, nullptr, program.writing()));
    // float32 beside double precision, through functions such as exp and the differences of GELU's gradient
    runtime.expect(name, name, arrays_of(inputs), arrays_of(graph::evaluate(program.graph, program.inputs)), 1e-5);
  }
  EXPECT_EQ(runtime.run(), "");
}

TEST(WrittenOperators, ResizeAsWasAsked) {
  // PyTorch 1.13's interpolate, align_corners false, of 0, 1, 4 to five places; adaptive_avg_pool1d for the area.
  const std::map<graph::Resizing, std::vector<double>> expected{{graph::Resizing::nearest, {0, 0, 1, 1, 4}},
                                                                {graph::Resizing::linear, {0, 0.4, 1, 2.8, 4}},
                                                                {graph::Resizing::area, {0, 0.5, 1, 2.5, 4}}};
  for (const auto& [how, numbers] : expected) {
    Graph graph;
    graph.add_output("output", graph::resize(graph, graph.add_input("x", {1, 1, 3}), {5}, how));
    const auto actual = graph::evaluate(graph, {{"x", {{1, 1, 3}, {0, 1, 4}}}}).at("output").values;
    for (std::size_t i = 0; i < numbers.size(); ++i)
      EXPECT_NEAR(actual[i], numbers[i], 1e-6) << static_cast<int>(how) << ", place " << i;
  }
}

/// A network for so many examples: a convolution, a ReLU, pooling, the mean, a softmax.
Graph classifier(std::int64_t examples) {
  Graph g;
  const auto constant = [&](const Shape& shape, std::uint32_t seed) {
    return g.add_constant(graph::constant_of(test::numbers(shape, seed).values), shape);
  };
  graph::ConvolutionAttributes window;
  window.strides = window.dilation = {1, 1};
  window.padding_begin = window.padding_end = {1, 1};
  const Value x = g.add_input("x", {examples, 2, 6, 5});
  const Value features =
      g.unary(graph::Function::relu, g.add(Operator::convolution, {x, constant({4, 2, 3, 3}, 1)}, window));
  const graph::PoolingAttributes pool{window, {{examples, 4, 6, 5}}, {3, 3}};
  const Value pooled = g.reshape(g.add(Operator::max_pool, {features}, pool), {examples, 4 * 6 * 5});
  const Value logits = g.add(Operator::matmul, {pooled, constant({120, 3}, 2)}, graph::MatmulAttributes{});
  const Value gradient = g.add_input("output_gradient", {examples, 3});
  g.add_output("output", logits);
  const auto to_layer = graph::differentiate(g, logits, gradient, {features}, {});
  g.add_output("cam", std::get<methods::HeatMap>(methods::grad_cam.kind).channels(g, features, to_layer[0]));
  g.add_output("guided", graph::differentiate(g, logits, gradient, {x}, {graph::ReluTreatment::Gradient::guided})[0]);
  return graph::drop_dead(graph::share(g));
}

Writing writing_of_classifier() {
  Writing writing;
  writing.inputs = {{"x", "x"}};
  writing.outputs = {{"output", "scores"}, {"cam", "cam"}, {"guided", "guided"}};
  return writing;
}

TEST(WrittenNetworks, TakeAnyNumberOfExamplesAndTargets) {
  const Graph one = classifier(11), other = classifier(13);
  const std::string bytes = to_onnx(one, &other, writing_of_classifier());
  const auto network = Network::parse(bytes, "the file", {});
  EXPECT_EQ(network->inputs()[0].shape, (Shape{-1, 2, 6, 5}));
  OnnxRuntime runtime;
  if (OnnxRuntime::available()) runtime.add_network("classifier", bytes);
  for (const std::int64_t examples : {1, 2, 3}) {
    const Graph direct = classifier(examples);
    Values inputs{
        {"x", test::numbers({examples, 2, 6, 5}, 7)},
        {"output_gradient", {{examples, 3}, std::vector<double>(static_cast<std::size_t>(3 * examples), 0.0)}}};
    std::vector<double> targets;
    for (std::int64_t i = 0; i < examples; ++i) {
      targets.push_back(static_cast<double>((i + 1) % 3));
      inputs["output_gradient"].values[static_cast<std::size_t>(3 * i + (i + 1) % 3)] = 1;
    }
    Values expected = graph::evaluate(direct, inputs);
    expected["scores"] = expected["output"];
    expected.erase("output");
    Lowered lowered = network->lower({{"x", {examples, 2, 6, 5}}, {"target", {examples}, true}}, {}, false);
    for (std::size_t i = 0; i < 3; ++i) lowered.graph.add_output(network->outputs()[i].name, lowered.outputs[i]);
    const Values actual = graph::evaluate(lowered.graph, {{"x", inputs["x"]}, {"target", {{examples}, targets}}});
    for (const auto& [name, tensor] : expected)
      EXPECT_LE(relative_error(actual.at(name).values, tensor.values), 1e-6) << name;
    if (!OnnxRuntime::available()) continue;
    OnnxRuntime::Arrays given{{"x", array_of(inputs["x"])},
                              {"target", {{examples}, {targets.begin(), targets.end()}, true}}};
    runtime.expect(std::to_string(examples) + " examples", "classifier", given, arrays_of(expected), 1e-5);
    for (const float wrong : {3.0F, -1.0F}) {
      given["target"].numbers[0] = wrong;
      runtime.expect_failure("the target " + std::to_string(wrong), "classifier", given);
    }
  }
  if (!OnnxRuntime::available()) GTEST_SKIP() << OnnxRuntime::missing;
  EXPECT_EQ(runtime.run(), "");
}

std::string why_not(const std::function<Value(Graph&, std::int64_t examples)>& build) {
  const auto graph_for = [&](std::int64_t examples) {
    Graph g;
    g.add_output("output", build(g, examples));
    return g;
  };
  const Graph one = graph_for(11), other = graph_for(13);
  Writing writing;
  writing.inputs = {{"x", "x"}};
  writing.outputs = {{"output", "output"}};
  try {
    to_onnx(one, &other, writing);
  } catch (const Error& reason) {
    return reason.what();
  }
  return "";
}

TEST(WrittenNetworks, AreRefusedWhereTheBatchIsBuiltIn) {
  EXPECT_NE(why_not([](Graph& g, std::int64_t n) {
              return g.unary(graph::Function::linear, g.add_input("x", {n, 2}), 1.0 / static_cast<double>(n));
            }).find("parameters"),
            std::string::npos);
  EXPECT_NE(why_not([](Graph& g, std::int64_t n) {
              return g.binary(Operator::add, g.add_input("x", {n, 2}), g.scalar(static_cast<double>(n)));
            }).find("numbers"),
            std::string::npos);
  EXPECT_NE(
      why_not([](Graph& g, std::int64_t n) { return g.slice(g.add_input("x", {n, 2}), 0, 0, n - 1); }).find("multiple"),
      std::string::npos);
}

TEST(WrittenNetworks, AreRefusedWhereNamesMeet) {
  const Graph one = classifier(11);
  Writing writing = writing_of_classifier();
  writing.outputs[0].second = "x";
  EXPECT_THROW(to_onnx(one, nullptr, writing), Error);
  writing = writing_of_classifier();
  writing.inputs[0].second = "target";
  EXPECT_THROW(to_onnx(one, nullptr, writing), Error);
}

}  // namespace
}  // namespace whycam::onnx
