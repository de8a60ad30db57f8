// Between the command's words and those of whycam with libtorch.
#pragma once

#include <torch/types.h>

#include <string>

#include "network.h"
#include "whycam/model.h"
#include "whycam/options.h"

namespace whycam::cli {

torch::Tensor to_torch(const Tensor& tensor);
Tensor from_torch(const torch::Tensor& tensor);
AttributeOptions to_options(const AttributionSettings& settings);

/// Model::load with the command's exit code. Throws Failure.
Model load_model(const std::string& path);

}  // namespace whycam::cli
