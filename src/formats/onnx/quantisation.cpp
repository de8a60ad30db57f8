#include "formats/onnx/quantisation.h"

#include <limits>

#include "graph/operators.h"

namespace whycam::onnx {
namespace {

using graph::require;
using graph::Shape;

template <class Integer>
QuantisedRange range() {
  return {static_cast<double>(std::numeric_limits<Integer>::min()),
          static_cast<double>(std::numeric_limits<Integer>::max())};
}

/// How the scale of each element is found: with which steps along the axis, and of how many blocks.
struct Blocks {
  std::int64_t size = 0, inner = 1, count = 1;  ///< of a block; elements behind the axis; along the axis
  std::int64_t of(std::int64_t element, std::int64_t extent, bool whole) const {
    const std::int64_t along = element / inner % extent / size;
    return whole ? (element / (inner * extent) * count + along) * inner + element % inner : along;
  }
};

}  // namespace

std::optional<QuantisedRange> range_of_type(std::int32_t type) {
  switch (type) {
    case proto::TensorProto::INT8:
      return range<std::int8_t>();
    case proto::TensorProto::UINT8:
      return range<std::uint8_t>();
    case proto::TensorProto::INT16:
      return range<std::int16_t>();
    case proto::TensorProto::UINT16:
      return range<std::uint16_t>();
    case uint4_type:
      return QuantisedRange{0, 15};
    case int4_type:
      return QuantisedRange{-8, 7};
    default:
      return std::nullopt;
  }
}

std::vector<float> dequantised(const Array& x, const Array& scale, const Array* zero_point, std::int64_t axis,
                               std::int64_t block_size) {
  const bool one = scale.numbers.size() == 1;
  require(!zero_point || zero_point->numbers.size() == scale.numbers.size(),
          "scales and zero points of different numbers");
  Blocks blocks;
  std::int64_t extent = 1;
  if (!one) {
    const std::size_t d = axis_of(axis, x.shape.size());
    extent = x.shape[d];
    blocks.size = block_size > 0 ? block_size : 1;
    for (std::size_t i = d + 1; i < x.shape.size(); ++i) blocks.inner *= x.shape[i];
    blocks.count = extent / blocks.size + (extent % blocks.size != 0);
    Shape scales = x.shape;
    scales[d] = blocks.count;
    require(scale.shape == (block_size > 0 ? scales : Shape{extent}),
            "scales of the shape " + graph::to_string(scale.shape) + " for integers of " + graph::to_string(x.shape));
  }
  std::vector<float> result;
  result.reserve(x.numbers.size());
  for (std::size_t i = 0; i < x.numbers.size(); ++i) {
    const auto k = one ? 0 : static_cast<std::size_t>(blocks.of(static_cast<std::int64_t>(i), extent, block_size > 0));
    result.push_back(static_cast<float>((x.numbers[i] - (zero_point ? zero_point->numbers[k] : 0)) * scale.numbers[k]));
  }
  return result;
}

namespace {

/// A scale as numbers; nothing where it is no weight of the file.
std::optional<Array> floats_of(const Network::Contents& contents, const std::string& name) {
  const auto found = contents.initializers.find(name);
  if (found == contents.initializers.end() || found->second.integers || !found->second.constant.holds_floats())
    return std::nullopt;
  const auto count = static_cast<std::size_t>(graph::element_count(found->second.shape));
  const auto floats = found->second.constant.numbers();
  return Array{false, found->second.shape, {floats.get(), floats.get() + count}};
}

const Array* integers_of(const Network::Contents& contents, const std::string& name) {
  const auto found = contents.initializers.find(name);
  return found == contents.initializers.end() || !found->second.integers ? nullptr : &found->second.array;
}

std::int64_t integer_attribute(const proto::NodeProto& node, const char* name, std::int64_t otherwise) {
  for (const auto& attribute : node.attribute())
    if (attribute.name() == name) return attribute.i();
  return otherwise;
}

void dequantise(Network::Contents& contents, const proto::NodeProto& node) {
  if (node.input_size() < 2 || node.output_size() != 1) return;
  const Array* x = integers_of(contents, node.input(0));
  const auto scale = floats_of(contents, node.input(1));
  const bool has_zero_point = node.input_size() > 2 && !node.input(2).empty();
  const Array* zero_point = has_zero_point ? integers_of(contents, node.input(2)) : nullptr;
  if (!x || x->numbers.empty() || !scale || (has_zero_point && !zero_point)) return;
  try {
    Tensor weights;
    weights.shape = x->shape;
    weights.constant = graph::constant_of(dequantised(*x, *scale, zero_point, integer_attribute(node, "axis", 1),
                                                      integer_attribute(node, "block_size", 0)));
    contents.initializers[node.output(0)] = std::move(weights);
  } catch (const std::invalid_argument&) {
    return;  // who needs it says what is wrong
  }
  const auto readers = contents.readers.find(node.input(0));
  if (readers != contents.readers.end() && readers->second.size() == 1 && !contents.output_names.count(node.input(0)))
    contents.initializers.erase(node.input(0));
}

}  // namespace

bool gives_weights(const Network::Contents& contents, const proto::NodeProto& node) {
  return node.op_type() == "DequantizeLinear" && node.output_size() == 1 && contents.initializers.count(node.output(0));
}

void dequantise_weights(Network::Contents& contents) {
  for (const auto& node : contents.model->graph().node())
    if (node.op_type() == "DequantizeLinear" && (node.domain().empty() || node.domain() == "ai.onnx"))
      dequantise(contents, node);
}

}  // namespace whycam::onnx
