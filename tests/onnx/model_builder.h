// Small networks in ONNX's own notation.
#pragma once

#include <memory>
#include <string>
#include <utility>
#include <variant>
#include <vector>

#include "onnx/files.h"

namespace whycam::onnx {

using AttributeValue = std::variant<std::int64_t, float, std::string, std::vector<std::int64_t>, std::vector<float>,
                                    std::vector<std::string>, proto::GraphProto, proto::TensorProto>;
using Attributes = std::vector<std::pair<std::string, AttributeValue>>;

proto::TensorProto tensor_of(const std::string& name, const graph::Shape& shape, const std::vector<float>& numbers);
/// Integers of a type of TensorProto::DataType.
proto::TensorProto integers_of(const std::string& name, const graph::Shape& shape,
                               const std::vector<std::int64_t>& numbers, int type = proto::TensorProto::INT64);

void set_attributes(proto::NodeProto& node, const Attributes& attributes);
proto::NodeProto node_of(const std::string& op, const std::vector<std::string>& inputs,
                         const std::vector<std::string>& outputs, const Attributes& attributes = {},
                         const std::string& name = {}, const std::string& domain = {});

/// A graph within a node, with ports of no type.
proto::GraphProto graph_of(const std::vector<std::string>& inputs, const std::vector<proto::NodeProto>& nodes,
                           const std::vector<std::string>& outputs);

class ModelBuilder {
 public:
  explicit ModelBuilder(std::int64_t operator_set = 13);

  ModelBuilder& input(const std::string& name, const graph::Shape& shape, int type = proto::TensorProto::FLOAT);
  /// A shape of no extents is left out.
  ModelBuilder& output(const std::string& name, const graph::Shape& shape = {}, int type = proto::TensorProto::FLOAT);
  ModelBuilder& tensor(const proto::TensorProto& tensor);
  /// Weights between -0.5 and 0.5 that follow a rule.
  ModelBuilder& weights(const std::string& name, const graph::Shape& shape, int seed = 0);
  ModelBuilder& node(const std::string& op, const std::vector<std::string>& inputs,
                     const std::vector<std::string>& outputs, const Attributes& attributes = {},
                     const std::string& name = {}, const std::string& domain = {});

  std::shared_ptr<const Network> network() const;

  proto::ModelProto model;
};

/// What Network::lower throws; "nothing is wrong" where it does not.
std::string fault_of(const Network& network, const std::vector<Given>& given, const Wanted& wanted);

/// Numbers in a wave around 0, none of them 0.
std::vector<double> wave(const graph::Shape& shape, double scale = 1);

}  // namespace whycam::onnx
