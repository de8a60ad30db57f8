// Where the arguments of libtorch's operators belong, by their names: files leave out those that have their default
// value.
#pragma once

#include <string>
#include <vector>

namespace whycam::pt2 {

/// The names of an operator's arguments in their order; null where the operator is not known.
const std::vector<std::string>* signature(const std::string& op, const std::string& overload);

}  // namespace whycam::pt2
