#include "torch/engine/compiled/lowering.h"

#include "explain/network_file.h"
#include "formats/torchscript/lower.h"
#include "formats/torchscript/script.h"
#include "whycam/errors.h"

namespace whycam::engine {
namespace {

graph::Forward lower_file(const formats::NetworkFile& file, const Request& request) {
  std::vector<formats::Given> given;
  for (std::size_t i = 0; i < request.inputs.size(); ++i)
    given.push_back({input_name(i), request.inputs[i].sizes().vec()});
  for (std::size_t i = 0; i < request.additional_forward_args.size(); ++i) {
    const c10::IValue& argument = request.additional_forward_args[i];
    if (!argument.isTensor() || !argument.toTensor().defined() || argument.toTensor().scalar_type() != torch::kFloat)
      throw CannotCompile("the additional argument " + std::to_string(i) + " is no float32 tensor; an " +
                          file.format() + " network takes nothing else");
    given.push_back({argument_name(i), argument.toTensor().sizes().vec()});
  }
  std::vector<std::string> layers;
  for (const Layer& layer : request.layers) {
    if (layer.module())
      throw LayerError(std::string("a layer of an ") + file.format() +
                       " network is named by its node, a tensor or a module path; a reference to a module names none");
    layers.push_back(layer.path());
  }
  const std::size_t output = explain::chosen_output(file, request.output_element);
  return explain::forward_of(file, given, request.inputs.size(), output, layers, request.layer_inputs);
}

/// Leaves the tensor that a layer's index chooses. What is not there is left to the autograd engine, which says what is
/// wrong.
graph::Forward with_chosen_tensors(const std::vector<Layer>& layers, graph::Forward lowered) {
  for (std::size_t i = 0; i < layers.size(); ++i) {
    const auto index = layers[i].index();
    if (!index) continue;
    if (*index < 0 || *index >= static_cast<std::int64_t>(lowered.layers[i].size()))
      throw CannotCompile("a tensor that a layer does not have");
    lowered.layers[i] = {lowered.layers[i][static_cast<std::size_t>(*index)]};
  }
  return lowered;
}

graph::Forward lower_script(const network::RunnableNetwork& network, const Request& request) {
  const auto script =
      network.script(request.layers, request.layer_inputs ? network::LayerSide::input : network::LayerSide::output);
  if (!script)
    throw CannotCompile(
        "only TorchScript networks in evaluation mode that write nothing on themselves can be compiled");
  std::vector<torchscript::ObservedLayer> layers;
  for (const Layer& layer : request.layers) layers.push_back({layer.call(), layer.tensor()});
  return torchscript::lower(
      *script, {request.inputs, request.additional_forward_args, request.output_element, std::move(layers)});
}

}  // namespace

graph::Forward lower(const network::Network& network, const Request& request) {
  if (const auto* file = dynamic_cast<const network::FileNetwork*>(&network))
    return with_chosen_tensors(request.layers, lower_file(file->file(), request));
  const auto& runnable = dynamic_cast<const network::RunnableNetwork&>(network);
  if (runnable.file()) return with_chosen_tensors(request.layers, lower_file(*runnable.file(), request));
  return with_chosen_tensors(request.layers, lower_script(runnable, request));
}

}  // namespace whycam::engine
