// Functions that a file brings along.
#pragma once

#include <memory>
#include <vector>

#include "formats/onnx/contents.h"

namespace whycam::onnx {

/// Puts the nodes of the file's functions where they are called, in whatever domain, and says of each node of the graph
/// where it comes from. Nothing is said where there are no functions. Throws Error where they are nested too deeply or
/// become too many nodes.
std::vector<std::shared_ptr<const Origin>> inline_functions(proto::ModelProto& model);

}  // namespace whycam::onnx
