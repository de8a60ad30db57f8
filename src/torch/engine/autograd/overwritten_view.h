// A layer whose output is a view of other memory, over which an operation in place wrote afterwards.
#pragma once

#include <memory>
#include <optional>

#include "torch/model/network.h"
#include "whycam/torch_tensor.h"

namespace whycam::engine {

/// libtorch gives such a view a new place in the autograd graph: what the operation in place lets through no longer
/// arrives at the layer's old one, but at the memory that the view belongs to. This finds it there.
class OverwrittenView {
 public:
  /// Nothing where the observed tensor was no view, or nobody wrote over it. Throws ModelError where it was written
  /// over in another way than through itself or a part of it.
  static std::optional<OverwrittenView> of(const network::Observation& observation);

  /// Which gradient has to be asked for, so that the other part is computed.
  const torch::autograd::Edge& memory() const { return memory_; }

  /// The layer's gradient after a backward pass: what arrived at its old place, if anything, and what came through the
  /// operation in place.
  torch::Tensor gradient(const torch::Tensor& at_old_place) const;

 private:
  class Catch;
  torch::autograd::Edge memory_;
  decltype(torch::autograd::Edge::function) writer_;  ///< keeps the hook's node alive
  std::shared_ptr<torch::Tensor> caught_;             ///< the gradient behind the operation, of the whole memory
  std::vector<std::int64_t> sizes_, strides_, memory_sizes_, memory_strides_;
  std::int64_t offset_ = 0;
};

}  // namespace whycam::engine
