// Tensors that stand for values of the graph while a script is followed.
#pragma once

#include <map>
#include <optional>
#include <set>
#include <string>
#include <unordered_map>
#include <vector>

#include "formats/aten/call.h"
#include "formats/torchscript/lower.h"
#include "graph/graph.h"
#include "whycam/torch_tensor.h"

namespace whycam::torchscript {

/// Whether all numbers of a tensor are; without a copy of it.
bool all_finite(const torch::Tensor& tensor);

/// Stand-ins have the shape and type of a tensor, but no memory of their own; libtorch's operators on shapes, lists and
/// tuples work on them as on any other. What computes with numbers must not meet them.
class Symbols {
 public:
  graph::Graph graph;

  /// A new tensor for this value; a view of `base`, where one is given. `part`: which part of the base that is, where
  /// an operation in place on the view may be one on the base.
  torch::Tensor stand_in(graph::Value value, const torch::Tensor& base = {}, std::optional<aten::Part> part = {});
  /// A new tensor of true and false.
  torch::Tensor condition(graph::Value value);

  bool is_symbol(const torch::Tensor& tensor) const {
    return tensor.defined() && values_.count(tensor.unsafeGetTensorImpl()) > 0;
  }
  /// Whether a symbol is the value itself or somewhere in its lists, tuples and dictionaries.
  bool holds_symbol(const c10::IValue& value) const;

  /// The graph's value of a tensor; a constant is made of one that is no symbol. Throws CannotCompile for a tensor that
  /// was written over through another view of its memory, and for numbers of another kind than floating-point.
  graph::Value value_of(const torch::Tensor& tensor);

  /// Whether a gradient passes from a symbol to one of these values.
  bool requires_gradient(const torch::Tensor& symbol, const std::vector<graph::Value>& inputs);

  /// An operation in place: from now on the tensor stands for another value, and so does that of which it is a part.
  void write(const torch::Tensor& tensor, graph::Value value);

  /// The network's own tensors are constants without being copied; `name` says where they are.
  void set_attribute(const torch::Tensor& tensor, const std::string& name);
  /// The name of an attribute tensor's module, or an empty one.
  std::string name_of(const torch::Tensor& tensor) const;

  aten::Order order(const torch::Tensor& tensor) const;
  void set_order(const torch::Tensor& tensor, aten::Order order) { orders_[tensor.unsafeGetTensorImpl()] = order; }

  /// What contiguous() gave where it is not known whether that is a copy.
  std::vector<graph::Value> perhaps_copies;

  /// The type of the network's numbers.
  torch::ScalarType type = torch::kFloat;

 private:
  graph::Value constant(const torch::Tensor& tensor);

  std::unordered_map<const c10::TensorImpl*, graph::Value> values_;
  std::unordered_map<const c10::TensorImpl*, std::string> attributes_;
  std::unordered_map<const c10::TensorImpl*, graph::Value> constants_;
  std::multimap<const c10::StorageImpl*, const c10::TensorImpl*> views_;
  std::unordered_map<const c10::TensorImpl*, aten::Order>
      orders_;  ///< those that are not known to be in row-major order
  struct Within {
    const c10::TensorImpl* whole;
    aten::Part part;
  };
  std::unordered_map<const c10::TensorImpl*, Within> parts_;
  std::set<const c10::TensorImpl*> outdated_;
  std::vector<torch::Tensor> kept_;  ///< so that no address is used twice
};

}  // namespace whycam::torchscript
