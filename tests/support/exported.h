// Networks exported with their explanation, beside what whycam itself gives.
#pragma once

#include <string>
#include <vector>

#include "support/onnx_runtime.h"
#include "whycam/whycam.h"

namespace whycam::test {

/// Exports the network and adds cases for batches of 1 and 3 (of the example's number of rows, where `batches` says so)
/// random pictures and different targets, which must give in ONNX Runtime what the compiled engine gives.
void add_exported(OnnxRuntime& runtime, const std::string& name, const Model& model,
                  const std::vector<torch::Tensor>& examples, const Layer& layer, const AttributeOptions& options,
                  double tolerance, const std::vector<std::int64_t>& batches = {1, 3});

}  // namespace whycam::test
