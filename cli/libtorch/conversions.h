// Between the command's words and those of whycam with libtorch.
#pragma once

#include <string>

#include "network.h"
#include "whycam/model.h"
#include "whycam/options.h"
#include "whycam/torch_tensor.h"

namespace whycam::cli {

torch::Tensor to_torch(const Tensor& tensor);

/// An input of a network: as it is, but for one in single precision of a network in double precision, which loses
/// nothing.
torch::Tensor to_torch(const Tensor& tensor, const Model& network);
Tensor from_torch(const torch::Tensor& tensor);
AttributeOptions to_options(const AttributionSettings& settings);

/// Model::load with the command's exit code. Throws Failure.
Model load_model(const std::string& path);

}  // namespace whycam::cli
