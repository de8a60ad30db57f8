// Which values of a growing graph depend on constants alone, and their numbers.
#pragma once

#include <optional>
#include <unordered_map>
#include <vector>

#include "formats/known/array.h"
#include "graph/operators.h"

namespace whycam::known {

class Constants {
 public:
  explicit Constants(const graph::Graph& graph) : graph_(graph) {}

  /// Whether a value depends on constants alone.
  bool hold(graph::Value value);
  /// Its numbers, where it does, and they come from tensors of moderate size: a small one may be the sum of a huge one.
  std::optional<Array> numbers(graph::Value value, std::int64_t at_most);

 private:
  void look_at_new_values();
  const graph::Tensor& tensor(graph::Value value);

  const graph::Graph& graph_;
  std::vector<bool> constant_, moderate_;
  std::unordered_map<graph::Value, graph::Tensor> computed_;
  std::int64_t elements_ = 0;  ///< of what was computed
};

}  // namespace whycam::known
