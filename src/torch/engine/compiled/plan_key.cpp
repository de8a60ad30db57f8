#include "torch/engine/compiled/plan_key.h"

namespace whycam::engine {
namespace {

TensorKey tensor_key(const torch::Tensor& tensor) {
  return {tensor.sizes().vec(), tensor.is_contiguous(), tensor.scalar_type(), tensor.device()};
}

ArgumentKey argument_key(const c10::IValue& argument) {
  if (argument.isTensor() && argument.toTensor().defined()) return tensor_key(argument.toTensor());
  if (std::optional<torchscript::Constant> constant = torchscript::constant_of(argument)) return std::move(*constant);
  return {};
}

}  // namespace

PlanKey plan_key(const Request& request, int threads, std::uint64_t weights_version) {
  std::vector<TensorKey> inputs;
  for (const torch::Tensor& input : request.inputs) inputs.push_back(tensor_key(input));
  std::vector<ArgumentKey> arguments;
  for (const c10::IValue& argument : request.additional_forward_args) arguments.push_back(argument_key(argument));
  std::vector<LayerKey> layers;
  for (const Layer& layer : request.layers)
    layers.emplace_back(layer.path(), layer.index(), layer.tensor(), layer.call(), layer.module());
  return {std::move(inputs),      std::move(arguments), std::move(layers), request.layer_inputs,
          request.output_element, request.settings,     threads,           weights_version};
}

}  // namespace whycam::engine
