// Operators on quantised numbers, said with those on floating-point numbers.
#pragma once

#include "formats/onnx/contents.h"

namespace whycam::onnx {

/// Puts DequantizeLinear, the operator on floating-point numbers and QuantizeLinear in the place of QLinearConv and its
/// kind, in `graph`, which is the contents' own. The operator keeps the node's name.
void take_apart_integer_operators(Network::Contents& contents, proto::GraphProto& graph);

}  // namespace whycam::onnx
