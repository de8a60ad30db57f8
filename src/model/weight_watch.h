// Finding the call of a libtorch module by the weight that it takes.
#pragma once

#include <ATen/record_function.h>
#include <torch/nn/module.h>

#include <vector>

#include "model/network.h"

namespace whycam::network {

/// Reports the calls of modules to a Recorder: the outermost call of a layer's operator (aten::conv2d, say) that takes a
/// module's own weight is the module. A module that calls otherwise, as a linear layer does on inputs of three dimensions,
/// is not found, and ends in an error.
class WeightWatch {
 public:
  WeightWatch(Recorder& recorder, LayerSide side) : recorder_(recorder), side_(side) {}

  /// Whether the module is one of libtorch's whose output (or input) is that of the call with its weight. A class of the
  /// user's may do more than that call, even one derived from libtorch's, and is not known.
  static bool knows(const torch::nn::Module& module, LayerSide side);
  /// The weight that tells a known module's call apart.
  static torch::Tensor weight_of(const torch::nn::Module& module);
  /// Whether two tensors are one, also in another shape: a linear layer hands its weight on transposed.
  static bool same(const torch::Tensor& one, const torch::Tensor& other);

  void add(const torch::nn::Module& module, std::size_t slot);

  /// Watches this thread's operator calls for a scope.
  class Scope {
   public:
    explicit Scope(WeightWatch& watch);
    ~Scope();
    Scope(const Scope&) = delete;
    Scope& operator=(const Scope&) = delete;

   private:
    bool watching_;
    at::CallbackHandle handle_{};
    WeightWatch* former_ = nullptr;
  };

 private:
  struct Watched {
    torch::Tensor weight;
    std::vector<torch::Tensor> parameters, buffers;
    std::size_t slot;

    /// What a call with these arguments applies the layer to; undefined where it does not take the weight, or nothing else.
    torch::Tensor applied_to(at::ArrayRef<const c10::IValue> arguments) const;
  };
  struct Call;
  static std::unique_ptr<at::ObserverContext> call_begins(const at::RecordFunction& function);
  static void call_ends(const at::RecordFunction& function, at::ObserverContext* context);

  Recorder& recorder_;
  LayerSide side_;
  std::vector<Watched> watched_;
  int depth_ = 0;  ///< inside a call that takes a weight, its inner calls take it too
};

}  // namespace whycam::network
