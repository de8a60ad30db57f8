#include "torch/model/weight_watch.h"

#include <torch/enum.h>
#include <torch/nn.h>

#include <c10/util/Type.h>

#include <algorithm>
#include <sstream>
#include <string>
#include <typeindex>
#include <unordered_set>

#include "whycam/errors.h"

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
  watched_.push_back({weight_of(module),
                      module.parameters(/*recurse=*/false),
                      module.buffers(/*recurse=*/false),
                      slot,
                      c10::demangle(typeid(module).name()),
                      {},
                      false});
}

bool WeightWatch::same(const torch::Tensor& one, const torch::Tensor& other) {
  return one.is_same(other) || (one.has_storage() && other.has_storage() && one.numel() == other.numel() &&
                                one.data_ptr() == other.data_ptr());
}

bool WeightWatch::Watched::takes_weight(at::ArrayRef<const c10::IValue> arguments) const {
  return std::any_of(arguments.begin(), arguments.end(), [&](const c10::IValue& argument) {
    return argument.isTensor() && argument.toTensor().defined() && same(argument.toTensor(), weight);
  });
}

std::string WeightWatch::Watched::describe(const at::RecordFunction& function, torch::Tensor& applied_to) const {
  std::ostringstream text;
  text << function.name();
  for (const c10::IValue& argument : function.inputs()) {
    if (!argument.isTensor() || !argument.toTensor().defined()) {
      text << ", " << argument;
      continue;
    }
    const torch::Tensor& tensor = argument.toTensor();
    const auto own = [&](const std::vector<torch::Tensor>& tensors) {
      return std::find_if(tensors.begin(), tensors.end(), [&](const auto& one) { return same(tensor, one); }) -
             tensors.begin();
    };
    const auto parameter = own(parameters), buffer = own(buffers);
    const bool is_own = parameter < static_cast<std::ptrdiff_t>(parameters.size()) ||
                        buffer < static_cast<std::ptrdiff_t>(buffers.size());
    if (is_own)
      text << ", own " << parameter << ' ' << buffer << ' ' << tensor.sizes();
    else
      text << (applied_to.defined() ? ", another tensor" : ", the input");
    if (!is_own && !applied_to.defined()) applied_to = tensor;
  }
  return text.str();
}

/// One operator call that takes a watched weight.
struct WeightWatch::Call : at::ObserverContext {
  std::size_t slot = 0;
};

std::unique_ptr<at::ObserverContext> WeightWatch::call_begins(const at::RecordFunction& function) {
  // Other operators may take a weight for other ends (a mask, a regulariser): they are not the layer. Nor is matmul,
  // which a linear layer calls for inputs of three dimensions before it adds its bias.
  static const std::unordered_set<std::string> layers{
      "aten::conv1d",           "aten::conv2d",           "aten::conv3d",     "aten::conv_transpose1d",
      "aten::conv_transpose2d", "aten::conv_transpose3d", "aten::batch_norm", "aten::instance_norm",
      "aten::layer_norm",       "aten::group_norm",       "aten::linear",     "aten::addmm"};
  WeightWatch* watch = current_watch;
  if (!watch || !layers.count(function.name())) return nullptr;
  for (Watched& watched : watch->watched_) {
    if (!watched.takes_weight(function.inputs())) continue;
    if (watch->depth_ == 0) {
      torch::Tensor applied_to;
      const std::string call = watched.describe(function, applied_to);
      watched.differs = watched.differs || (!watched.call.empty() && watched.call != call) || !applied_to.defined();
      watched.call = call;
      if (watch->side_ == LayerSide::input && applied_to.defined())
        watch->recorder_.record_tensors(watched.slot, {applied_to});
    }
    auto context = std::make_unique<Call>();
    context->slot = watched.slot;
    ++watch->depth_;
    return context;
  }
  return nullptr;
}

void WeightWatch::check_calls_agree() const {
  for (const Watched& watched : watched_)
    if (watched.differs)
      throw LayerError("the weight of the layer (" + watched.type +
                       ") is used in several ways in one run, and only one of "
                       "them is the layer; mark its place with a whycam::Tap");
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
