#include "onnx/model_builder.h"

#include <cmath>

namespace whycam::onnx {
namespace {

void set_port(proto::ValueInfoProto& port, const std::string& name, const graph::Shape& shape, int type) {
  port.set_name(name);
  auto& tensor = *port.mutable_type()->mutable_tensor_type();
  tensor.set_elem_type(type);
  tensor.mutable_shape();
  for (const std::int64_t extent : shape) tensor.mutable_shape()->add_dim()->set_dim_value(extent);
}

struct Setter {
  proto::AttributeProto& to;
  void operator()(std::int64_t value) const { to.set_i(value), to.set_type(proto::AttributeProto::INT); }
  void operator()(float value) const { to.set_f(value), to.set_type(proto::AttributeProto::FLOAT); }
  void operator()(const std::string& value) const { to.set_s(value), to.set_type(proto::AttributeProto::STRING); }
  void operator()(const std::vector<std::int64_t>& values) const {
    for (const std::int64_t value : values) to.add_ints(value);
    to.set_type(proto::AttributeProto::INTS);
  }
  void operator()(const std::vector<float>& values) const {
    for (const float value : values) to.add_floats(value);
    to.set_type(proto::AttributeProto::FLOATS);
  }
  void operator()(const std::vector<std::string>& values) const {
    for (const std::string& value : values) to.add_strings(value);
    to.set_type(proto::AttributeProto::STRINGS);
  }
  void operator()(const proto::GraphProto& value) const {
    *to.mutable_g() = value, to.set_type(proto::AttributeProto::GRAPH);
  }
  void operator()(const proto::TensorProto& value) const {
    *to.mutable_t() = value, to.set_type(proto::AttributeProto::TENSOR);
  }
};

}  // namespace

proto::TensorProto tensor_of(const std::string& name, const graph::Shape& shape, const std::vector<float>& numbers) {
  proto::TensorProto tensor;
  tensor.set_name(name);
  tensor.set_data_type(proto::TensorProto::FLOAT);
  for (const std::int64_t extent : shape) tensor.add_dims(extent);
  for (const float number : numbers) tensor.add_float_data(number);
  return tensor;
}

proto::TensorProto integers_of(const std::string& name, const graph::Shape& shape,
                               const std::vector<std::int64_t>& numbers, int type) {
  proto::TensorProto tensor;
  tensor.set_name(name);
  tensor.set_data_type(type);
  for (const std::int64_t extent : shape) tensor.add_dims(extent);
  for (const std::int64_t number : numbers)
    if (type == proto::TensorProto::INT64)
      tensor.add_int64_data(number);
    else
      tensor.add_int32_data(static_cast<std::int32_t>(number));
  return tensor;
}

void set_attributes(proto::NodeProto& node, const Attributes& attributes) {
  for (const auto& [name, value] : attributes) {
    proto::AttributeProto& attribute = *node.add_attribute();
    attribute.set_name(name);
    std::visit(Setter{attribute}, value);
  }
}

proto::NodeProto node_of(const std::string& op, const std::vector<std::string>& inputs,
                         const std::vector<std::string>& outputs, const Attributes& attributes, const std::string& name,
                         const std::string& domain) {
  proto::NodeProto node;
  node.set_op_type(op);
  if (!name.empty()) node.set_name(name);
  if (!domain.empty()) node.set_domain(domain);
  for (const std::string& input : inputs) node.add_input(input);
  for (const std::string& output : outputs) node.add_output(output);
  set_attributes(node, attributes);
  return node;
}

proto::GraphProto graph_of(const std::vector<std::string>& inputs, const std::vector<proto::NodeProto>& nodes,
                           const std::vector<std::string>& outputs) {
  proto::GraphProto graph;
  graph.set_name("inner");
  for (const std::string& input : inputs) graph.add_input()->set_name(input);
  for (const proto::NodeProto& node : nodes) *graph.add_node() = node;
  for (const std::string& output : outputs) graph.add_output()->set_name(output);
  return graph;
}

ModelBuilder::ModelBuilder(std::int64_t operator_set) {
  model.set_ir_version(8);
  model.add_opset_import()->set_version(operator_set);
  auto& of_onnx_runtime = *model.add_opset_import();
  of_onnx_runtime.set_domain("com.microsoft");
  of_onnx_runtime.set_version(1);
  model.mutable_graph()->set_name("small");
}

ModelBuilder& ModelBuilder::input(const std::string& name, const graph::Shape& shape, int type) {
  set_port(*model.mutable_graph()->add_input(), name, shape, type);
  return *this;
}

ModelBuilder& ModelBuilder::output(const std::string& name, const graph::Shape& shape, int type) {
  set_port(*model.mutable_graph()->add_output(), name, shape, type);
  return *this;
}

ModelBuilder& ModelBuilder::tensor(const proto::TensorProto& tensor) {
  *model.mutable_graph()->add_initializer() = tensor;
  return *this;
}

ModelBuilder& ModelBuilder::weights(const std::string& name, const graph::Shape& shape, int seed) {
  std::vector<float> numbers;
  for (std::int64_t i = 0; i < graph::element_count(shape); ++i)
    numbers.push_back(static_cast<float>((i * 37 + seed * 101 + 11) % 97) / 97 - 0.5F);
  return tensor(tensor_of(name, shape, numbers));
}

ModelBuilder& ModelBuilder::node(const std::string& op, const std::vector<std::string>& inputs,
                                 const std::vector<std::string>& outputs, const Attributes& attributes,
                                 const std::string& name, const std::string& domain) {
  *model.mutable_graph()->add_node() = node_of(op, inputs, outputs, attributes, name, domain);
  return *this;
}

std::shared_ptr<const Network> ModelBuilder::network() const {
  return Network::parse(model.SerializeAsString(), "small.onnx", {});
}

std::string fault_of(const Network& network, const std::vector<Given>& given, const Wanted& wanted) {
  try {
    network.lower(given, wanted);
  } catch (const Error& error) {
    return error.what();
  }
  return "nothing is wrong";
}

std::vector<double> wave(const graph::Shape& shape, double scale) {
  std::vector<double> numbers;
  for (std::int64_t i = 0; i < graph::element_count(shape); ++i)
    numbers.push_back(scale * std::sin(1.7 * static_cast<double>(i) + 0.4));
  return numbers;
}

}  // namespace whycam::onnx
