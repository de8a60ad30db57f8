// Weights that are read from the network's file only when the rest of it is.
#include <gtest/gtest.h>

#include <cstring>
#include <functional>
#include <limits>
#include <string>
#include <vector>

#include "onnx/files.h"
#include "onnx/model_builder.h"

namespace whycam::onnx {
namespace {

constexpr std::int64_t width = 160;  // of a square matrix that is large, and of one row that is not

float number(std::int64_t i) { return static_cast<float>(i % 37 - 18) / 64; }

/// scores = x * matrix + row.
proto::ModelProto network(std::int64_t ir_version) {
  ModelBuilder builder;
  builder.model.set_ir_version(ir_version);
  builder.input("x", {1, width});
  const auto add_weight = [&](const std::string& name, const graph::Shape& shape) {
    std::vector<float> numbers;
    for (std::int64_t i = 0; i < graph::element_count(shape); ++i) numbers.push_back(number(i));
    proto::TensorProto weight = tensor_of(name, shape, {});
    weight.set_raw_data(numbers.data(), numbers.size() * sizeof(float));
    builder.tensor(weight);
    if (ir_version < 4) builder.input(name, shape);
  };
  add_weight("matrix", {width, width});
  add_weight("row", {width});
  builder.node("Gemm", {"x", "matrix", "row"}, {"scores"}, {}, "gemm").output("scores", {1, width});
  return builder.model;
}

std::vector<double> expected_scores() {
  std::vector<double> scores;
  for (std::int64_t column = 0; column < width; ++column) {
    double sum = number(column);
    for (std::int64_t row = 0; row < width; ++row)
      sum += static_cast<double>(row) / width * number(row * width + column);
    scores.push_back(sum);
  }
  return scores;
}

std::vector<double> scores_of(const core::NetworkSource& source) {
  const auto read = Network::read(source);
  const std::vector<double> scores = evaluated(*read, {{1, width}}, {ramp({1, width})});
  EXPECT_LT(relative_error(planned(*read, {{1, width}}, {ramp({1, width})}), scores), 1e-6);
  return scores;
}

std::string fault_of(const std::string& bytes) {
  const TemporaryNetwork file(bytes);
  try {
    Network::read(file.path);
  } catch (const Error& error) {
    return error.what();
  }
  return "nothing is wrong";
}

/// The network with other bytes for its first weight.
std::string with_weight(const std::string& weight, std::int64_t ir_version = 8) {
  proto::ModelProto model = network(ir_version);
  proto::GraphProto graph = model.graph();
  model.clear_graph();
  graph.mutable_initializer()->DeleteSubrange(0, 1);
  const auto whole = [](int number, const std::string& content) { return field(number, content, content.size()); };
  constexpr int graph_field = 7, weight_field = 5;
  return model.SerializeAsString() + whole(graph_field, whole(weight_field, weight) + graph.SerializeAsString());
}

TEST(LargeOnnxWeights, AreThoseOfTheFileAndOfBytesInMemory) {
  for (const std::int64_t ir_version : {3, 8}) {
    const proto::ModelProto model = network(ir_version);
    const TemporaryNetwork file(model);
    // Sums of 160 products in double precision, and the numbers are float32 exactly.
    EXPECT_LT(relative_error(scores_of(file.path), expected_scores()), 1e-12) << ir_version;
    EXPECT_LT(relative_error(scores_of({model.SerializeAsString(), "in memory"}), expected_scores()), 1e-12);
  }
}

TEST(LargeOnnxWeights, AreReadWhereverTheirFieldsStand) {
  proto::TensorProto weight = network(8).graph().initializer(0), numbers;
  numbers.set_raw_data(weight.raw_data());
  weight.clear_raw_data();
  proto::TensorProto others;
  others.set_raw_data(std::string(weight.dims(0) * weight.dims(1) * 4, '\1'));
  const std::string rest = weight.SerializeAsString(), right = numbers.SerializeAsString(),
                    wrong = others.SerializeAsString();
  // Of a field that is there twice, the last one counts.
  for (const std::string& bytes : {rest + right, right + rest, wrong + rest + right}) {
    const TemporaryNetwork file(with_weight(bytes));
    EXPECT_LT(relative_error(scores_of(file.path), expected_scores()), 1e-12);
  }
  others.set_raw_data("few");
  EXPECT_NE(fault_of(with_weight(rest + right + others.SerializeAsString())).find("has 3 bytes for 25600 elements"),
            std::string::npos);
  const TemporaryNetwork file(with_weight(others.SerializeAsString() + rest + right));
  EXPECT_LT(relative_error(scores_of(file.path), expected_scores()), 1e-12);
}

TEST(LargeOnnxWeights, OfOtherSizesThanTheirShapesAreRefused) {
  proto::TensorProto weight = network(8).graph().initializer(0);
  const auto fault_with = [&](const std::function<void(proto::TensorProto&)>& change) {
    proto::TensorProto changed = weight;
    change(changed);
    return fault_of(with_weight(changed.SerializeAsString()));
  };
  EXPECT_EQ(fault_with([](proto::TensorProto&) {}), "nothing is wrong");
  EXPECT_NE(fault_with([](proto::TensorProto& to) {
              to.mutable_raw_data()->resize(102396);
            }).find("\"matrix\" has 102396 bytes for 25600 elements"),
            std::string::npos);
  EXPECT_NE(fault_with([](proto::TensorProto& to) { to.set_dims(0, 159); }).find("102400 bytes for 25440 elements"),
            std::string::npos);
  EXPECT_NE(fault_with([](proto::TensorProto& to) {
              to.set_dims(0, std::int64_t{1} << 20);
              to.set_dims(1, std::int64_t{1} << 16);
            }).find("102400 bytes for"),
            std::string::npos);
}

/// The reader's own mark of what lies in the network's file.
TEST(LargeOnnxWeights, AreNoneThatAFileSaysLieWithinIt) {
  for (const bool large : {true, false}) {
    proto::TensorProto weight = network(8).graph().initializer(0);
    if (!large) weight.clear_raw_data();
    weight.set_data_location(proto::TensorProto::EXTERNAL);
    for (const auto& [key, value] : std::vector<std::pair<std::string, std::string>>{
             {"location", in_the_network}, {"offset", "0"}, {"length", "102400"}}) {
      auto& entry = *weight.add_external_data();
      entry.set_key(key);
      entry.set_value(value);
    }
    EXPECT_NE(fault_of(with_weight(weight.SerializeAsString())).find("damaged"), std::string::npos);
  }
}

TEST(LargeOnnxWeights, ThatHoldNaNAreRefused) {
  proto::TensorProto weight = network(8).graph().initializer(0);
  const float no_number = std::numeric_limits<float>::quiet_NaN();
  std::memcpy(&(*weight.mutable_raw_data())[weight.raw_data().size() - sizeof no_number], &no_number, sizeof no_number);
  const TemporaryNetwork file(with_weight(weight.SerializeAsString()));
  const auto read = Network::read(file.path);
  for (int round = 0; round < 2; ++round) {
    std::string fault = "nothing is wrong";
    try {
      read->lower({{"x", {1, width}}}, {}, false);
    } catch (const Error& error) {
      fault = error.what();
    }
    EXPECT_EQ(fault, "the tensor \"matrix\" holds NaN or infinity");
  }
}

TEST(LargeOnnxWeights, OfFilesThatEndTooSoonAreRefused) {
  const std::string bytes = network(8).SerializeAsString();
  for (const std::size_t size : {bytes.size() - 1, bytes.size() / 2, bytes.size() - 102400})
    EXPECT_NE(fault_of(bytes.substr(0, size)).find("damaged"), std::string::npos) << size;
}

}  // namespace
}  // namespace whycam::onnx
