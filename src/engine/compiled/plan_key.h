// What tells the plans of one network apart.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <tuple>
#include <variant>
#include <vector>

#include "engine/engine.h"
#include "whycam/torch_tensor.h"

namespace whycam::engine {

/// An additional argument that is no tensor: a plan holds for this value alone.
struct Constant {
  struct Undefined {};  ///< a tensor that is none
  struct Real {
    std::uint64_t bits;  ///< so that NaN equals itself, and 0 is not -0
  };
  struct List {
    std::string element_type;  ///< also of a list without elements
    std::vector<Constant> elements;
  };
  std::variant<std::monostate, Undefined, bool, std::int64_t, Real, std::string, c10::Device, List> value;
};

bool operator==(const Constant& one, const Constant& other);

/// Nothing for tensors and what holds them (lists, tuples, dictionaries), and for objects, whose insides may change.
std::optional<Constant> constant_of(const c10::IValue& argument);

/// Shape, whether it is contiguous, type, device.
using TensorKey = std::tuple<std::vector<std::int64_t>, bool, c10::ScalarType, c10::Device>;
/// Nothing for an argument with which nothing can be compiled, whatever it holds.
using ArgumentKey = std::variant<std::monostate, TensorKey, Constant>;
/// Path, which of several tensors, module.
using LayerKey = std::tuple<std::string, std::optional<std::int64_t>, const torch::nn::Module*>;

/// Inputs, additional arguments, layers, whether what enters these is observed, the explained output, settings,
/// threads, version of the weights. Values, never text made of them: two requests are equal only where each of their
/// parts is.
using PlanKey = std::tuple<std::vector<TensorKey>, std::vector<ArgumentKey>, std::vector<LayerKey>, bool,
                           std::vector<OutputElement>, methods::Settings, int, std::uint64_t>;

PlanKey plan_key(const Request& request, int threads, std::uint64_t weights_version);

}  // namespace whycam::engine
