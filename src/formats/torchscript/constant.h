// Arguments of a network that are no tensors.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <variant>
#include <vector>

#include "whycam/torch_tensor.h"

namespace whycam::torchscript {

/// An additional argument that is no tensor: a graph holds for this value alone.
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

}  // namespace whycam::torchscript
