// Functions that a file brings along.
#include <gtest/gtest.h>

#include <algorithm>

#include "onnx/model_builder.h"

namespace whycam::onnx {
namespace {

const graph::Shape shape{1, 2, 3, 3};

proto::FunctionProto& add_function(ModelBuilder& builder, const std::string& name,
                                   const std::vector<std::string>& inputs, const std::vector<std::string>& outputs) {
  proto::FunctionProto& function = *builder.model.add_functions();
  function.set_domain("example");
  function.set_name(name);
  for (const std::string& input : inputs) function.add_input(input);
  for (const std::string& output : outputs) function.add_output(output);
  function.add_opset_import()->set_version(13);
  return function;
}

ModelBuilder on_picture() {
  ModelBuilder builder;
  builder.model.add_opset_import()->set_domain("example");
  builder.model.mutable_opset_import(1)->set_version(1);
  builder.input("x", shape).output("y", shape);
  return builder;
}

std::vector<double> each(const std::vector<double>& numbers, double (*function)(double)) {
  std::vector<double> result;
  for (const double number : numbers) result.push_back(function(number));
  return result;
}

TEST(OnnxFunctions, AreFollowedWhereTheyAreCalled) {
  ModelBuilder builder = on_picture();
  proto::FunctionProto& twice = add_function(builder, "twice", {"x"}, {"y"});  // the file's names, of other tensors
  *twice.add_node() = node_of("Add", {"x", "x"}, {"sum"});
  *twice.add_node() = node_of("Identity", {"sum"}, {"y"});
  proto::FunctionProto& four_times = add_function(builder, "four_times", {"a"}, {"b"});
  *four_times.add_node() = node_of("twice", {"a"}, {"sum"}, {}, "", "example");
  *four_times.add_node() = node_of("twice", {"sum"}, {"b"}, {}, "", "example");
  builder.node("four_times", {"x"}, {"z"}, {}, "grow", "example").node("Relu", {"z"}, {"y"}, {}, "relu");
  const auto network = builder.network();
  EXPECT_EQ(evaluated(*network, {shape}, {wave(shape)}),
            each(wave(shape), [](double x) { return std::max(4 * x, 0.0); }));
  const auto layer = [&](const char* name) { return network->lower({{"x", shape}}, {name}, false).layers.at(0); };
  EXPECT_EQ(layer("grow"), layer("z"));
  EXPECT_EQ(layer("grow/twice_1"), layer("z")) << "a call within";
  EXPECT_EQ(layer("grow/twice").size(), 1U);
}

TEST(OnnxFunctions, TakeAttributesOfTheirCall) {
  ModelBuilder builder = on_picture();
  proto::FunctionProto& leaky = add_function(builder, "leaky", {"a"}, {"b"});
  leaky.add_attribute("slope");
  proto::NodeProto& node = *leaky.add_node();
  node = node_of("LeakyRelu", {"a"}, {"b"});
  proto::AttributeProto& alpha = *node.add_attribute();
  alpha.set_name("alpha");
  alpha.set_type(proto::AttributeProto::FLOAT);
  alpha.set_ref_attr_name("slope");
  builder.node("leaky", {"x"}, {"a"}, {{"slope", 0.5F}}, "", "example")
      .node("leaky", {"a"}, {"y"}, {}, "", "example");  // ONNX's own 0.01
  const auto expected = each(wave(shape), [](double x) { return x > 0 ? x : x * 0.5 * 0.01; });
  EXPECT_LE(relative_error(evaluated(*builder.network(), {shape}, {wave(shape)}), expected), 1e-7);
}

TEST(OnnxFunctions, MayGiveTheirInputAndLeaveOthersOut) {
  ModelBuilder builder = on_picture();
  proto::FunctionProto& same = add_function(builder, "same", {"a", "b"}, {"a", "c"});
  *same.add_node() = node_of("Relu", {"a"}, {"c"});
  builder.node("same", {"x"}, {"z", ""}, {}, "", "example").node("Neg", {"z"}, {"y"});
  EXPECT_EQ(evaluated(*builder.network(), {shape}, {wave(shape)}), each(wave(shape), [](double x) { return -x; }));
}

std::string fault(const ModelBuilder& builder) {
  try {
    builder.network();
  } catch (const Error& error) {
    return error.what();
  }
  return "nothing is wrong";
}

TEST(OnnxFunctions, ThatNeverEndAreRefused) {
  ModelBuilder builder = on_picture();
  *add_function(builder, "again", {"a"}, {"b"}).add_node() = node_of("again", {"a"}, {"b"}, {}, "", "example");
  builder.node("again", {"x"}, {"y"}, {}, "", "example");
  EXPECT_NE(fault(builder).find("nested more than 32 deep"), std::string::npos);
}

TEST(OnnxFunctions, ThatBecomeTooManyNodesAreRefused) {
  ModelBuilder builder = on_picture();
  for (int i = 0; i < 20; ++i) {  // 4^20 nodes of 80
    proto::FunctionProto& function = add_function(builder, "f" + std::to_string(i), {"a"}, {"e"});
    const std::string inner = i == 0 ? "Relu" : "f" + std::to_string(i - 1), domain = i == 0 ? "" : "example";
    const char* const names[] = {"a", "b", "c", "d", "e"};
    for (int k = 0; k < 4; ++k) *function.add_node() = node_of(inner, {names[k]}, {names[k + 1]}, {}, "", domain);
  }
  builder.node("f19", {"x"}, {"y"}, {}, "", "example");
  EXPECT_NE(fault(builder).find("2^17"), std::string::npos);
}

}  // namespace
}  // namespace whycam::onnx
