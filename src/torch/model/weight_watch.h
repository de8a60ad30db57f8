// Finding the call of a libtorch module by the weight that it takes.
#pragma once

#include <ATen/record_function.h>
#include <torch/nn/module.h>

#include <string>
#include <vector>

#include "torch/model/network.h"

namespace whycam::network {

/// Reports the calls of modules to a Recorder: the outermost call of its operator (aten::conv2d, say) that takes a
/// module's own weight is the module. A module that calls otherwise, as a linear layer does on inputs of three
/// dimensions, is not found, and ends in an error. So does one whose weight is used by calls that differ in operator or
/// options: they cannot be told apart.
class WeightWatch {
 public:
  WeightWatch(Recorder& recorder, LayerSide side) : recorder_(recorder), side_(side) {}

  /// Whether the module is one of libtorch's whose output (or input) is that of the call with its weight. A class of
  /// the user's may do more than that call, even one derived from libtorch's, and is not known.
  static bool knows(const torch::nn::Module& module, LayerSide side);
  /// The weight that tells a known module's call apart.
  static torch::Tensor weight_of(const torch::nn::Module& module);
  /// Whether two tensors are one, also in another shape: a linear layer hands its weight on transposed.
  static bool same(const torch::Tensor& one, const torch::Tensor& other);

  void add(const torch::nn::Module& module, std::size_t slot);

  /// Throws LayerError where a watched weight was used in different ways in the run.
  void check_calls_agree() const;

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
    std::string type;
    std::string call;      ///< how the weight was used first: the operator and its other arguments
    bool differs = false;  ///< it was used in another way, too

    bool takes_weight(at::ArrayRef<const c10::IValue> arguments) const;
    /// The operator and its arguments; `applied_to` becomes the one tensor that is not the module's own.
    std::string describe(const at::RecordFunction& function, torch::Tensor& applied_to) const;
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
