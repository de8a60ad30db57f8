#include "graph/print.h"

#include <sstream>

#include "graph/operators.h"

namespace whycam::graph {
namespace {

/// What differs from an operator without attributes, in one order.
std::string attributes_text(const Node& node) {
  const Attributes& a = node.attributes;
  const Attributes usual;
  std::ostringstream text;
  const char* between = "";
  const auto say = [&](const char* name, const auto& value) {
    text << between << name << ' ' << value;
    between = ", ";
  };
  const auto say_integers = [&](const char* name, const Integers& integers) {
    if (!integers.empty()) say(name, to_string(integers));
  };
  if (node.op == Operator::unary || node.op == Operator::unary_gradient) say("function", record(a.function).name);
  if (a.alpha != 0) say("alpha", a.alpha);
  if (a.beta != 0) say("beta", a.beta);
  say_integers("kernel", a.kernel);
  say_integers("strides", a.strides);
  say_integers("dilation", a.dilation);
  say_integers("padding_begin", a.padding_begin);
  say_integers("padding_end", a.padding_end);
  if (a.groups != 1) say("groups", a.groups);
  if (!a.count_padding) say("count_padding", "false");
  say_integers("axes", a.axes);
  say_integers("begin", a.begin);
  say_integers("step", a.step);
  if (a.transpose_a) say("transpose_a", "true");
  if (a.transpose_b) say("transpose_b", "true");
  if (a.relu) say("relu", "true");
  if (a.limit != 0) say("limit", a.limit);
  return text.str();
}

}  // namespace

std::string to_string(const Graph& graph) {
  std::ostringstream text;
  for (Value value = 0; value < graph.size(); ++value) {
    const Node& node = graph[value];
    text << '%' << value << " = " << record(node.op).name;
    for (std::size_t i = 0; i < node.inputs.size(); ++i) text << (i ? ", %" : " %") << node.inputs[i];
    const std::string attributes = attributes_text(node);
    if (!attributes.empty()) text << " {" << attributes << '}';
    text << " : " << to_string(node.shape);
    if (!node.name.empty()) text << "  # " << node.name;
    text << '\n';
  }
  for (const Output& output : graph.outputs()) text << output.name << " -> %" << output.value << '\n';
  return text.str();
}

}  // namespace whycam::graph
