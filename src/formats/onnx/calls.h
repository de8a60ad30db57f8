// Which calls of a module the nodes of a file belong to.
#pragma once

#include <string>

#include "formats/onnx/contents.h"

namespace whycam::onnx {

/// A path as PyTorch's newer exporter may write it, with calls behind modules: "body@1.0".
ModulePath module_path(const std::string& module);

/// Finds the calls of each module, and decides what the module's name alone stands for: the last, as in PyTorch, where
/// the file tells that it is one module. Where it does not, the name is none.
void settle_calls(Network::Contents& contents);

}  // namespace whycam::onnx
