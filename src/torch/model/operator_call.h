// One of libtorch's operators, called by its name.
#pragma once

#include <functional>
#include <string>
#include <vector>

#include "formats/pt2/program.h"
#include "whycam/torch_tensor.h"

namespace whycam::network {

/// The value of a name in a program.
using ValueOf = std::function<c10::IValue(const std::string& name)>;

/// Calls the operator that a node names, through libtorch's dispatcher, under the caller's gradient mode. All
/// floating-point types are float32, and all devices the CPU. Throws formats::Error for an operator or an argument that
/// this libtorch does not have; what libtorch throws comes through.
std::vector<c10::IValue> call_operator(const pt2::Node& node, const ValueOf& value_of);

/// libtorch's type of numbers; floating-point ones are float32.
torch::ScalarType scalar_type(aten::Type type);

}  // namespace whycam::network
