#include "command/networks.h"

#include <onnx/onnx_pb.h>

#include <algorithm>
#include <cmath>

namespace whycam::test {
namespace {

float number(std::size_t i) { return static_cast<float>(std::sin(static_cast<double>(i) * 12.9898) * 0.5); }

void add_numbers(onnx::NodeProto& node, const std::string& name, const std::vector<std::int64_t>& numbers) {
  onnx::AttributeProto& attribute = *node.add_attribute();
  attribute.set_name(name);
  attribute.set_type(onnx::AttributeProto::INTS);
  for (const std::int64_t one : numbers) attribute.add_ints(one);
}

onnx::NodeProto& add_node(onnx::GraphProto& graph, const std::string& op, const std::vector<std::string>& inputs,
                          const std::string& output) {
  onnx::NodeProto& node = *graph.add_node();
  node.set_op_type(op);
  node.set_name(output);
  for (const std::string& input : inputs) node.add_input(input);
  node.add_output(output);
  return node;
}

/// A constant of one number for each of a detector's numbers.
void add_numbers_of_rows(onnx::GraphProto& graph, const std::string& name, const std::vector<float>& numbers) {
  onnx::TensorProto& tensor = *graph.add_initializer();
  tensor.set_name(name);
  tensor.set_data_type(onnx::TensorProto::FLOAT);
  for (const std::int64_t extent : {std::int64_t{1}, static_cast<std::int64_t>(numbers.size()), std::int64_t{1}})
    tensor.add_dims(extent);
  for (const float number : numbers) tensor.add_float_data(number);
}

void add_convolution(onnx::GraphProto& graph, const std::string& from, const std::string& to, std::int64_t channels,
                     std::int64_t outputs, const std::vector<std::int64_t>& kernel, std::int64_t stride) {
  onnx::TensorProto& weight = *graph.add_initializer();
  weight.set_name(to + ".weight");
  weight.set_data_type(onnx::TensorProto::FLOAT);
  std::int64_t count = outputs * channels;
  for (const std::int64_t extent : {outputs, channels}) weight.add_dims(extent);
  for (const std::int64_t extent : kernel) {
    weight.add_dims(extent);
    count *= extent;
  }
  for (std::int64_t i = 0; i < count; ++i) weight.add_float_data(number(static_cast<std::size_t>(i + 1)));
  onnx::NodeProto& node = add_node(graph, "Conv", {from, weight.name()}, to + ".conv");
  std::vector<std::int64_t> pads, strides;
  for (const std::int64_t extent : kernel) {
    pads.push_back(extent / 2);
    strides.push_back(extent == 3 ? stride : 1);
  }
  pads.insert(pads.end(), pads.begin(), pads.end());
  add_numbers(node, "kernel_shape", kernel);
  add_numbers(node, "pads", pads);
  add_numbers(node, "strides", strides);
  add_node(graph, "Relu", {to + ".conv"}, to);
}

void add_port(onnx::ValueInfoProto& port, const std::string& name, const std::vector<std::int64_t>& shape) {
  port.set_name(name);
  auto& type = *port.mutable_type()->mutable_tensor_type();
  type.set_elem_type(onnx::TensorProto::FLOAT);
  for (const std::int64_t extent : shape) {
    auto& dimension = *type.mutable_shape()->add_dim();
    if (extent > 0)
      dimension.set_dim_value(extent);
    else
      dimension.set_dim_param("open" + std::to_string(type.shape().dim_size()));
  }
}

}  // namespace

void SmallNetwork::save(const std::filesystem::path& path) const {
  onnx::ModelProto model;
  model.set_ir_version(7);
  model.add_opset_import()->set_version(13);
  onnx::GraphProto& graph = *model.mutable_graph();
  graph.set_name("small");
  const std::size_t rank = kernel.size() + 2;
  add_port(*graph.add_input(), "x", declared.empty() ? std::vector<std::int64_t>(rank, 0) : declared);
  add_port(*graph.add_output(), "y",
           dense      ? std::vector<std::int64_t>(rank, 0)
           : detector ? std::vector<std::int64_t>{0, 7, 0}
                      : std::vector<std::int64_t>{0, 5});
  std::string from = "x";
  if (channels_last) {
    std::vector<std::int64_t> order{0, static_cast<std::int64_t>(rank) - 1};
    for (std::size_t d = 1; d + 1 < rank; ++d) order.push_back(static_cast<std::int64_t>(d));
    add_numbers(add_node(graph, "Transpose", {from}, "turned"), "perm", order);
    from = "turned";
  }
  add_convolution(graph, from, "first", channels, 4, kernel, 1);
  add_convolution(graph, "first", "second", 4, detector ? 7 : 5, kernel, 2);
  if (detector) {
    onnx::TensorProto& shape = *graph.add_initializer();
    shape.set_name("rows");
    shape.set_data_type(onnx::TensorProto::INT64);
    shape.add_dims(3);
    for (const std::int64_t extent : {0, 7, -1}) shape.add_int64_data(extent);
    add_node(graph, "Reshape", {"second", "rows"}, "numbers");
    const std::vector<float> sizes{10, 10, 6, 6, 1, 1, 1}, smallest{10, 9, 8, 6, 0, 0, 0};  // boxes are of some pixels
    add_numbers_of_rows(graph, "sizes", sizes);
    add_numbers_of_rows(graph, "smallest", smallest);
    add_node(graph, "Mul", {"numbers", "sizes"}, "larger");
    add_node(graph, "Add", {"larger", "smallest"}, "y");
  } else if (dense) {
    std::vector<std::int64_t> order{0, 1};
    for (std::size_t d = 2; d < rank; ++d) order.push_back(static_cast<std::int64_t>(d));
    if (channels_last) std::rotate(order.begin() + 1, order.begin() + 2, order.end());
    add_numbers(add_node(graph, "Transpose", {"second"}, "y"), "perm", order);
  } else {
    add_node(graph, "GlobalAveragePool", {"second"}, "mean");
    add_node(graph, "Flatten", {"mean"}, "y");
  }
  std::ofstream file(path, std::ios::binary);
  model.SerializeToOstream(&file);
}

picture::Array noise(const std::vector<std::int64_t>& shape) {
  picture::Array array{shape, {}};
  const auto count = static_cast<std::size_t>(picture::element_count(shape));
  for (std::size_t i = 0; i < count; ++i) array.values.push_back(2 * number(7 * i + 3));
  return array;
}

picture::Array with_channels_last(const picture::Array& array) {
  const auto& shape = array.shape;
  picture::Array result{{shape[0], shape[2], shape[3], shape[1]}, {}};
  for (std::int64_t n = 0; n < shape[0]; ++n)
    for (std::int64_t place = 0; place < shape[2] * shape[3]; ++place)
      for (std::int64_t c = 0; c < shape[1]; ++c)
        result.values.push_back(
            array.values[static_cast<std::size_t>((n * shape[1] + c) * shape[2] * shape[3] + place)]);
  return result;
}

void expect_near(const picture::Array& actual, const picture::Array& expected, double tolerance) {
  const auto longer_axes = [](std::vector<std::int64_t> shape) {
    shape.erase(std::remove(shape.begin(), shape.end(), 1), shape.end());
    return shape;
  };
  ASSERT_EQ(longer_axes(actual.shape), longer_axes(expected.shape));
  double largest = 0, error = 0;
  for (std::size_t i = 0; i < expected.values.size(); ++i) {
    largest = std::max(largest, std::abs(static_cast<double>(expected.values[i])));
    error = std::max(error, std::abs(static_cast<double>(actual.values[i]) - expected.values[i]));
  }
  EXPECT_GT(largest, 0);
  EXPECT_LE(error, tolerance * largest);
}

}  // namespace whycam::test
