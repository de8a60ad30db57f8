// Networks from ONNX files come as graphs already.
#include "engine/compiled/lowering.h"
#include "model/onnx_layers.h"
#include "whycam/errors.h"

namespace whycam::engine {
namespace {

/// The output that is explained: the only one, or the one named by its place or its name.
std::size_t chosen_output(const onnx::Network& network, const std::vector<OutputElement>& path) {
  const std::vector<onnx::Port>& outputs = network.outputs();
  std::string names;
  for (std::size_t i = 0; i < outputs.size(); ++i) names += (i ? ", " : "") + std::to_string(i) + " (\"" + outputs[i].name + "\")";
  if (path.empty()) {
    if (outputs.size() == 1) return 0;
    throw ModelError("the network has several outputs; choose one as the output element: " + names);
  }
  if (path.size() == 1) {
    if (const auto* index = std::get_if<std::int64_t>(&path[0]); index && *index >= 0 && static_cast<std::size_t>(*index) < outputs.size())
      return static_cast<std::size_t>(*index);
    if (const auto* name = std::get_if<std::string>(&path[0]))
      for (std::size_t i = 0; i < outputs.size(); ++i)
        if (outputs[i].name == *name) return i;
  }
  throw ModelError("the network has no such output; choose one as the output element: " + names);
}

Lowered lower_onnx(const onnx::Network& network, const Request& request) {
  Lowered lowered;
  std::vector<onnx::Given> given;
  for (std::size_t i = 0; i < request.inputs.size(); ++i) given.push_back({input_name(i), request.inputs[i].sizes().vec()});
  for (std::size_t i = 0; i < request.additional_forward_args.size(); ++i) {
    const c10::IValue& argument = request.additional_forward_args[i];
    if (!argument.isTensor() || !argument.toTensor().defined() || argument.toTensor().scalar_type() != torch::kFloat)
      throw ModelError("the additional argument " + std::to_string(i) + " is no float32 tensor; an ONNX network takes nothing else");
    given.push_back({argument_name(i), argument.toTensor().sizes().vec()});
  }
  const std::size_t output = chosen_output(network, request.output_element);
  try {
    onnx::Lowered from = network::lower_onnx(network, given, request.layers, request.layer_inputs);
    lowered.graph = std::move(from.graph);
    lowered.inputs.assign(from.inputs.begin(), from.inputs.begin() + static_cast<std::ptrdiff_t>(request.inputs.size()));
    lowered.arguments.assign(from.inputs.begin() + static_cast<std::ptrdiff_t>(request.inputs.size()), from.inputs.end());
    lowered.output = from.outputs[output];
    lowered.layers = std::move(from.layers);
    for (std::size_t i = 0; i < from.outputs.size(); ++i)
      if (i != output && from.outputs[i] != graph::no_value) lowered.beside.push_back({network.outputs()[i].name, from.outputs[i]});
  } catch (const onnx::Error& reason) {
    throw CannotCompile(reason.what());
  }
  if (lowered.output == graph::no_value) throw CannotCompile("an output that does not depend on the inputs");
  return lowered;
}

}  // namespace

Lowered lower(const network::Network& network, const Request& request) {
  if (const onnx::Network* onnx = network.onnx()) return lower_onnx(*onnx, request);
  const auto script = network.script(request.layers, request.layer_inputs ? network::LayerSide::input : network::LayerSide::output);
  if (!script) throw CannotCompile("only TorchScript networks in evaluation mode that write nothing on themselves can be compiled");
  return lower(*script, request);
}

}  // namespace whycam::engine
