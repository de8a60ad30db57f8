// What tells the plans of one network apart.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <tuple>
#include <variant>
#include <vector>

#include "formats/torchscript/constant.h"
#include "torch/engine/engine.h"
#include "whycam/torch_tensor.h"

namespace whycam::engine {

/// Shape, whether it is contiguous, type, device.
using TensorKey = std::tuple<std::vector<std::int64_t>, bool, c10::ScalarType, c10::Device>;
/// Nothing for an argument with which nothing can be compiled, whatever it holds.
using ArgumentKey = std::variant<std::monostate, TensorKey, torchscript::Constant>;
/// Path, which of several tensors by index or name, which call, module.
using LayerKey = std::tuple<std::string, std::optional<std::int64_t>, std::optional<std::string>,
                            std::optional<std::int64_t>, const torch::nn::Module*>;

/// Inputs, additional arguments, layers, whether what enters these is observed, the explained output, settings,
/// threads, version of the weights. Values, never text made of them: two requests are equal only where each of their
/// parts is.
using PlanKey = std::tuple<std::vector<TensorKey>, std::vector<ArgumentKey>, std::vector<LayerKey>, bool,
                           std::vector<OutputElement>, methods::Settings, int, std::uint64_t>;

PlanKey plan_key(const Request& request, int threads, std::uint64_t weights_version);

}  // namespace whycam::engine
