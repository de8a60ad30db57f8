// Whether libtorch can read a pickle: its own reader trusts what it is given.
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace whycam::archive {

/// How many bytes the record of a storage holds; nothing where there is no such record.
using StorageSize = std::function<std::optional<std::uint64_t>(std::string_view key)>;

/// Follows the instructions of a pickle as libtorch would, without making anything of them, and throws
/// std::runtime_error, saying why, where that would read outside of a stack, a storage or the pickle, make a
/// value that contains itself or is nested too deep, or fetch the same weights over and over. Whether the
/// values fit the network is left to libtorch.
void check_pickle(std::string_view pickle, const StorageSize& storage_size);

/// A tensor as a pickle describes it: a part of a storage.
struct PickledTensor {
  std::string storage;  ///< the key of its record
  std::string type;     ///< "FloatStorage"
  std::int64_t offset = 0;
  std::vector<std::int64_t> sizes, strides;
};

/// The tensors in the dictionaries of a pickle by their keys, such as those of a state_dict; checked in the same way.
std::map<std::string, PickledTensor> tensors_in_pickle(std::string_view pickle, const StorageSize& storage_size);

}  // namespace whycam::archive
