#include "model/weight_watch.h"

#include <torch/enum.h>
#include <torch/nn.h>

#include <algorithm>
#include <string>
#include <typeindex>
#include <unordered_set>

namespace whycam::network {
namespace {

namespace nn = torch::nn;

thread_local WeightWatch* current_watch = nullptr;

template <class... Modules>
std::unordered_set<std::type_index> types() {
  return {std::type_index(typeid(Modules))...};
}

/// A convolution that pads by other values than zero pads in a call of its own before: its input is not the call's.
template <class Convolution>
bool pads_apart(const nn::Module& module) {
  const auto* convolution = dynamic_cast<const Convolution*>(&module);
  return convolution && torch::enumtype::get_enum_name(convolution->options.padding_mode()) != "kZeros";
}

}  // namespace

bool WeightWatch::knows(const nn::Module& module, LayerSide side) {
  static const auto known =
      types<nn::Conv1dImpl, nn::Conv2dImpl, nn::Conv3dImpl, nn::ConvTranspose1dImpl, nn::ConvTranspose2dImpl,
            nn::ConvTranspose3dImpl, nn::BatchNorm1dImpl, nn::BatchNorm2dImpl, nn::BatchNorm3dImpl,
            nn::InstanceNorm1dImpl, nn::InstanceNorm2dImpl, nn::InstanceNorm3dImpl, nn::LinearImpl, nn::LayerNormImpl,
            nn::GroupNormImpl>();
  if (!known.count(std::type_index(typeid(module))) || !weight_of(module).defined()) return false;
  return side == LayerSide::output || !(pads_apart<nn::Conv1dImpl>(module) || pads_apart<nn::Conv2dImpl>(module) ||
                                        pads_apart<nn::Conv3dImpl>(module));
}

torch::Tensor WeightWatch::weight_of(const nn::Module& module) {
  const auto parameters = module.named_parameters(/*recurse=*/false);
  const torch::Tensor* weight = parameters.find("weight");
  return weight ? *weight : torch::Tensor();
}

void WeightWatch::add(const nn::Module& module, std::size_t slot) {
  watched_.push_back({weight_of(module), module.parameters(/*recurse=*/false), module.buffers(/*recurse=*/false), slot});
}

bool WeightWatch::same(const torch::Tensor& one, const torch::Tensor& other) {
  return one.is_same(other) || (one.has_storage() && other.has_storage() && one.numel() == other.numel() &&
                                one.data_ptr() == other.data_ptr());
}

torch::Tensor WeightWatch::Watched::applied_to(at::ArrayRef<const c10::IValue> arguments) const {
  bool takes_weight = false;
  torch::Tensor other;
  for (const c10::IValue& argument : arguments) {
    if (!argument.isTensor() || !argument.toTensor().defined()) continue;
    const torch::Tensor& tensor = argument.toTensor();
    takes_weight = takes_weight || same(tensor, weight);
    const auto owns = [&](const std::vector<torch::Tensor>& tensors) {
      return std::any_of(tensors.begin(), tensors.end(), [&](const auto& own) { return same(tensor, own); });
    };
    if (!other.defined() && !owns(parameters) && !owns(buffers)) other = tensor;
  }
  return takes_weight ? other : torch::Tensor();
}

/// One operator call that takes a watched weight.
struct WeightWatch::Call : at::ObserverContext {
  std::size_t slot = 0;
};

std::unique_ptr<at::ObserverContext> WeightWatch::call_begins(const at::RecordFunction& function) {
  // Other operators may take a weight for other ends (a mask, a regulariser): they are not the layer. Nor is matmul, which a
  // linear layer calls for inputs of three dimensions before it adds its bias.
  static const std::unordered_set<std::string> layers{
      "aten::conv1d",           "aten::conv2d",           "aten::conv3d",     "aten::conv_transpose1d",
      "aten::conv_transpose2d", "aten::conv_transpose3d", "aten::batch_norm", "aten::instance_norm",
      "aten::layer_norm",       "aten::group_norm",       "aten::linear",     "aten::addmm"};
  WeightWatch* watch = current_watch;
  if (!watch || !layers.count(function.name())) return nullptr;
  for (const Watched& watched : watch->watched_) {
    const torch::Tensor applied_to = watched.applied_to(function.inputs());
    if (!applied_to.defined()) continue;
    auto call = std::make_unique<Call>();
    call->slot = watched.slot;
    if (watch->depth_ == 0 && watch->side_ == LayerSide::input)
      watch->recorder_.record_tensors(watched.slot, {applied_to});
    ++watch->depth_;
    return call;
  }
  return nullptr;
}

void WeightWatch::call_ends(const at::RecordFunction& function, at::ObserverContext* context) {
  WeightWatch* watch = current_watch;
  if (!watch || !context) return;
  if (--watch->depth_ > 0 || watch->side_ == LayerSide::input) return;
  const auto& outputs = function.outputs();
  if (!outputs.empty() && outputs[0].isTensor())
    watch->recorder_.record_tensors(static_cast<Call*>(context)->slot, {outputs[0].toTensor()});
}

WeightWatch::Scope::Scope(WeightWatch& watch) : watching_(!watch.watched_.empty()) {
  if (!watching_) return;
  former_ = current_watch;
  current_watch = &watch;
  handle_ = at::addThreadLocalCallback(at::RecordFunctionCallback(&call_begins, &call_ends)
                                           .needsInputs(true)
                                           .needsOutputs(true)
                                           .scopes({at::RecordScope::FUNCTION}));
}

WeightWatch::Scope::~Scope() {
  if (!watching_) return;
  at::removeCallback(handle_);
  current_watch = former_;
}

}  // namespace whycam::network
