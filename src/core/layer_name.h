// How a layer's name says which call and which tensor of it: "body@1:0".
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

namespace whycam::core {

/// The parts of a name that is not a layer's as it stands. A layer or tensor of exactly the whole name comes first:
/// converted networks have tensors called "r2:0".
struct LayerName {
  std::string path;                   ///< "body"
  std::optional<std::int64_t> call;   ///< "@1": which call, from 0 on, in the order in which they run
  std::optional<std::string> tensor;  ///< ":0" or ":out": which of several tensors, by its index or its name

  /// The tensor as an index, where it is one.
  std::optional<std::int64_t> tensor_index() const;
};

/// Read from the end: a call behind the path, a tensor behind both. What is no call and no tensor belongs to the path.
LayerName parse_layer_name(const std::string& name);

/// Which of a layer's tensors a name that has one means: the one called so, else that of its index.
std::optional<std::size_t> tensor_among(const std::vector<std::string>& tensors, const LayerName& name);
/// The fault where it means none.
std::string names_no_tensor(const std::string& name, const std::vector<std::string>& tensors);

/// "@" and the number of a call.
std::string call_suffix(std::size_t call);

}  // namespace whycam::core
