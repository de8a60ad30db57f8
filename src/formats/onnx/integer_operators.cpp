#include "formats/onnx/integer_operators.h"

#include <algorithm>
#include <map>

namespace whycam::onnx {
namespace {

using Names = std::vector<std::string>;

/// What stands in the place of one node.
class Expansion {
 public:
  Expansion(Network::Contents& contents, const proto::NodeProto& node)
      : contents_(contents), node_(node), channels_last_(number("channels_last", 0) != 0) {}

  bool has(int input) const { return input < node_.input_size() && !node_.input(input).empty(); }
  double number(const char* attribute, double otherwise) const {
    for (const auto& one : node_.attribute())
      if (one.name() == attribute) return one.type() == proto::AttributeProto::INT ? one.i() : one.f();
    return otherwise;
  }

  /// A tensor of integers with the scale and the zero point behind it, as floating-point numbers.
  std::string floats(int input, std::int64_t axis = 1) {
    return dequantised(input, at(input + 1), at(input + 2), axis);
  }

  /// The channels come second in the operators that are put down.
  std::string channels_second(const std::string& tensor) {
    return channels_last_ ? transposed(tensor, node_.output(0) + "/channels_second", false) : tensor;
  }

  /// Integers of which one counts the product of two scales times a factor.
  std::string bias(int input, int scale, int other_scale, double factor = 1) {
    const std::vector<float> one = numbers(scale), other = numbers(other_scale);
    if (one.size() != 1) throw Error("a scale for each place of what depends on the inputs");
    std::vector<float> product;
    for (const float number : other) product.push_back(static_cast<float>(factor * one[0] * number));
    const std::string name = node_.output(0) + "/bias_scale";
    Tensor tensor;
    if (product.size() > 1) tensor.shape = {static_cast<std::int64_t>(product.size())};
    tensor.constant = graph::constant_of(std::move(product));
    contents_.initializers[name] = std::move(tensor);
    return dequantised(input, name, "", 0);
  }

  /// The operator itself. Where the scale at `result` is not given, what it gives stays as it is.
  void give(const std::string& op, const Names& inputs, int result) {
    proto::NodeProto& node = nodes_.emplace_back(node_);  // with its attributes, its name and where it comes from
    node.set_op_type(op);
    node.clear_domain();
    node.clear_input();
    node.clear_output();
    for (const std::string& input : inputs) node.add_input(input);
    const bool rounds = result >= 0 && has(result);
    const std::string given = rounds ? node_.output(0) + "/float" : node_.output(0);
    const std::string own = channels_last_ ? given + "/channels_second" : given;
    node.add_output(own);
    if (channels_last_) transposed(own, given, true);
    if (!rounds) return;
    proto::NodeProto& rounded = add("QuantizeLinear", node_.name() + "/quantize");
    rounded.add_input(node_.output(0) + "/float");
    rounded.add_input(at(result));
    rounded.add_input(at(result + 1));
    rounded.add_output(node_.output(0));
  }

  /// The input itself, of a node that takes integers as they are and has its channels last.
  std::string of_channels_last() {
    channels_last_ = true;
    return channels_second(at(0));
  }

  const std::vector<proto::NodeProto>& nodes() const { return nodes_; }
  int inputs() const { return node_.input_size(); }

 private:
  std::string at(int input) const { return has(input) ? node_.input(input) : std::string(); }

  std::vector<float> numbers(int input) const {
    const auto found = contents_.initializers.find(at(input));
    if (found == contents_.initializers.end() || found->second.integers || !found->second.constant.holds_floats())
      throw Error("a scale that is no constant");
    const auto floats = found->second.constant.numbers();
    return {floats.get(), floats.get() + graph::element_count(found->second.shape)};
  }

  std::string dequantised(int input, const std::string& scale, const std::string& zero_point, std::int64_t axis) {
    const std::string name = node_.name() + "/dequantize_" + std::to_string(input);
    proto::NodeProto& node = add("DequantizeLinear", name);
    node.add_input(at(input));
    node.add_input(scale);
    if (!zero_point.empty()) node.add_input(zero_point);
    node.add_output(node_.output(0) + "/" + std::to_string(input));
    proto::AttributeProto& attribute = *node.add_attribute();
    attribute.set_name("axis");
    attribute.set_type(proto::AttributeProto::INT);
    attribute.set_i(axis);
    return node.output(0);
  }

  /// Those of space come from the kernel; where the node has none, as it covers all, there are two.
  int dimensions() const {
    const auto weights = contents_.initializers.find(at(3));
    for (const auto& one : node_.attribute())
      if (one.name() == "kernel_shape") return one.ints_size() + 2;
    return weights == contents_.initializers.end() || weights->second.shape.size() < 3
               ? 4
               : static_cast<int>(weights->second.shape.size());
  }

  /// N x space x C from N x C x space (`back`), or the other way round.
  std::string transposed(const std::string& from, const std::string& to, bool back) {
    proto::NodeProto& node = add("Transpose", node_.name() + (back ? "/channels_last" : "/channels_second"));
    node.add_input(from);
    node.add_output(to);
    proto::AttributeProto& permutation = *node.add_attribute();
    permutation.set_name("perm");
    permutation.set_type(proto::AttributeProto::INTS);
    const int count = dimensions();
    permutation.add_ints(0);
    if (!back) permutation.add_ints(count - 1);
    for (int d = back ? 2 : 1; d < (back ? count : count - 1); ++d) permutation.add_ints(d);
    if (back) permutation.add_ints(1);
    return to;
  }

  proto::NodeProto& add(const std::string& op, const std::string& name) {
    proto::NodeProto& node = nodes_.emplace_back();
    node.set_op_type(op);
    node.set_name(name);
    return node;
  }

  Network::Contents& contents_;
  const proto::NodeProto& node_;
  bool channels_last_;
  std::vector<proto::NodeProto> nodes_;
};

using Expand = void (*)(Expansion&);

void convolution(Expansion& e) {
  const std::string x = e.channels_second(e.floats(0)), weights = e.floats(3, 0);
  if (e.has(8))
    e.give("Conv", {x, weights, e.bias(8, 1, 4)}, 6);
  else
    e.give("Conv", {x, weights}, 6);
}

void gemm(Expansion& e) {
  const std::string a = e.floats(0), b = e.floats(3, e.number("transB", 0) != 0 ? 0 : 1);
  if (e.has(6))
    e.give("Gemm", {a, b, e.bias(6, 1, 4, e.number("alpha", 1))}, 7);
  else
    e.give("Gemm", {a, b}, 7);
}

void concat(Expansion& e) {
  Names inputs;
  for (int i = 2; i + 2 < e.inputs(); i += 3) inputs.push_back(e.floats(i));
  e.give("Concat", inputs, 0);
}

template <const char* op>
void of_one(Expansion& e) {
  e.give(op, {e.channels_second(e.floats(0))}, 3);
}

/// The largest integer is the largest of what they stand for.
void max_pool(Expansion& e) { e.give("MaxPool", {e.of_channels_last()}, -1); }

template <const char* op>
void of_two(Expansion& e) {
  const std::string a = e.floats(0), b = e.floats(3);
  e.give(op, {a, b}, 6);
}

constexpr char add[] = "Add", multiply[] = "Mul", matmul[] = "MatMul", sigmoid[] = "Sigmoid", leaky[] = "LeakyRelu",
               softmax[] = "Softmax", average[] = "AveragePool", global_average[] = "GlobalAveragePool",
               mean[] = "ReduceMean";

/// By their names behind their domain.
const std::map<std::string, Expand>& expansions() {
  static const std::map<std::string, Expand> all{{"QLinearConv", convolution},
                                                 {"QLinearMatMul", of_two<matmul>},
                                                 {"com.microsoft.QLinearConv", convolution},
                                                 {"com.microsoft.NhwcMaxPool", max_pool},
                                                 {"com.microsoft.QGemm", gemm},
                                                 {"com.microsoft.QLinearAdd", of_two<add>},
                                                 {"com.microsoft.QLinearMul", of_two<multiply>},
                                                 {"com.microsoft.QLinearConcat", concat},
                                                 {"com.microsoft.QLinearSigmoid", of_one<sigmoid>},
                                                 {"com.microsoft.QLinearLeakyRelu", of_one<leaky>},
                                                 {"com.microsoft.QLinearSoftmax", of_one<softmax>},
                                                 {"com.microsoft.QLinearAveragePool", of_one<average>},
                                                 {"com.microsoft.QLinearGlobalAveragePool", of_one<global_average>},
                                                 {"com.microsoft.QLinearReduceMean", of_one<mean>}};
  return all;
}

/// What stands for a node; nothing where it stays, for its rule to say why it is not understood.
std::vector<proto::NodeProto> expanded(Network::Contents& contents, const proto::NodeProto& node) {
  const bool own = node.domain().empty() || node.domain() == "ai.onnx";
  const auto found = expansions().find((own ? "" : node.domain() + ".") + node.op_type());
  if (found == expansions().end() || node.output_size() != 1) return {};
  Expansion expansion(contents, node);
  try {
    found->second(expansion);
  } catch (const Error&) {
    return {};
  }
  return expansion.nodes();
}

}  // namespace

void take_apart_integer_operators(Network::Contents& contents, proto::GraphProto& graph) {
  google::protobuf::RepeatedPtrField<proto::NodeProto> nodes;
  std::vector<std::shared_ptr<const Origin>> origins;
  for (int i = 0; i < graph.node_size(); ++i) {
    const std::vector<proto::NodeProto> parts = expanded(contents, graph.node(i));
    for (const proto::NodeProto& part : parts) *nodes.Add() = part;
    if (parts.empty()) *nodes.Add() = graph.node(i);
    if (!contents.origins.empty())
      origins.insert(origins.end(), std::max<std::size_t>(parts.size(), 1),
                     contents.origins[static_cast<std::size_t>(i)]);
  }
  graph.mutable_node()->Swap(&nodes);
  contents.origins = std::move(origins);
}

}  // namespace whycam::onnx
