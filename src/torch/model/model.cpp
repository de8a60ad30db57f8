#include "whycam/model.h"

#include <c10/core/InferenceMode.h>
#include <torch/csrc/autograd/variable.h>
#include <torch/csrc/jit/api/module.h>
#include <torch/csrc/jit/serialization/import.h>

#include <optional>

#include "core/file_signature.h"
#include "explain/network_file.h"
#include "formats/torchscript/archive_reader.h"
#include "formats/torchscript/messages.h"
#include "torch/model/autograd_nodes.h"
#include "torch/model/collected_warnings.h"
#include "torch/model/inputs.h"
#include "torch/model/network.h"
#include "whycam/errors.h"

namespace whycam {
namespace {

void check_file(const std::filesystem::path& path) {
  if (core::file_signature(path).substr(0, 2) != "PK" &&
      !formats::format_of(path))  // TorchScript files are zip archives
    throw ModelError(
        path.string() +
        " is neither a TorchScript file nor an ONNX one; save the network with torch.jit.script(network).save(path), "
        "torch.jit.trace(network, example).save(path) or torch.onnx.export(network, example, path)");
}

formats::Given given(const std::string& name, const torch::Tensor& tensor) { return {name, tensor.sizes().vec()}; }

std::vector<LayerInfo> layers_of(const formats::NetworkFile& network, const std::vector<torch::Tensor>& inputs,
                                 const std::vector<c10::IValue>& additional_forward_args) {
  std::vector<formats::Given> all;
  for (const torch::Tensor& input : inputs) all.push_back(given("", input));
  for (const c10::IValue& argument : additional_forward_args)
    if (argument.isTensor()) all.push_back(given("", argument.toTensor()));
  return explain::layers_of(network, all);
}

bool has_space(const std::vector<std::int64_t>& shape, std::int64_t input_dimensions) {
  if (shape.size() < 3 || static_cast<std::int64_t>(shape.size()) != input_dimensions) return false;
  std::int64_t extent = 1;
  for (std::size_t i = 2; i < shape.size(); ++i) extent *= shape[i];
  return extent > 1;
}

}  // namespace

Model Model::load(const std::filesystem::path& path, torch::Device device) {
  check_file(path);
  if (formats::format_of(path)) {
    const auto network = std::make_shared<network::FileNetwork>(explain::read_network_file(path));
    return Model(network->replica(device));
  }
  const auto archive = torchscript::check_network_file(path);
  const c10::InferenceMode not_inference(false);
  const network::CollectedWarnings libtorch;
  try {
    torch::jit::Module module = torch::jit::load(std::make_shared<torchscript::ArchiveReader>(archive), device);
    module.eval();
    return Model(module);
  } catch (const Error&) {
    throw;
  } catch (const std::exception& failure) {
    throw ModelError("cannot read the network " + path.string() + ": " + torchscript::first_sentence(failure));
  }
}

Model::Model(const torch::jit::Module& module) : network_(network::torchscript_network(module)) {}

std::vector<LayerInfo> Model::layers(const std::vector<torch::Tensor>& inputs,
                                     const std::vector<c10::IValue>& additional_forward_args) const {
  network::check_inputs(inputs);
  if (const auto* of_file = dynamic_cast<const network::FileNetwork*>(network_.get()))
    return layers_of(of_file->file(), inputs, additional_forward_args);
  const std::vector<network::LayerName> names = network_->layer_names();
  std::vector<Layer> all;
  std::vector<std::optional<std::size_t>> slots;
  for (const network::LayerName& name : names) {
    const bool observed = network_->can_observe(name.path, network::LayerSide::output);
    slots.push_back(observed ? std::optional(all.size()) : std::nullopt);
    if (observed) all.emplace_back(name.path);
  }
  network::Recorder recorder(all.size(), network::Recorder::Detail::shapes_only);
  const c10::InferenceMode not_inference(false);
  const torch::AutoGradMode with_gradients(true);
  const network::CollectedWarnings libtorch;
  const c10::IValue output = dynamic_cast<const network::RunnableNetwork&>(*network_).run(
      network::OwnInputs(inputs).given, network::own_arguments(additional_forward_args), all,
      network::LayerSide::output, recorder);
  const auto reachable = network::nodes_behind(output);

  std::vector<LayerInfo> layers;
  std::int64_t last = 0;
  std::size_t last_to_run = 0;
  for (std::size_t i = 0; i < names.size(); ++i) {
    LayerInfo& layer = layers.emplace_back();
    layer.path = names[i].path;
    layer.type = names[i].type;
    if (!slots[i]) continue;
    const auto& observations = recorder.observations(*slots[i]);
    for (const auto& observation : observations) layer.output_shapes.push_back(observation.activation.sizes().vec());
    layer.fit_for_grad_cam = observations.size() == 1 && has_space(layer.output_shapes[0], inputs[0].dim()) &&
                             reachable.count(observations[0].node()) > 0;
    if (!layer.fit_for_grad_cam || recorder.order(*slots[i]) <= last) continue;
    last = recorder.order(*slots[i]);
    last_to_run = i;
  }
  if (last > 0) layers[last_to_run].is_default = true;
  return layers;
}

std::optional<torch::ScalarType> Model::floating_type() const { return network_->floating_type(); }

std::string Model::default_layer(const std::vector<torch::Tensor>& inputs,
                                 const std::vector<c10::IValue>& additional_forward_args) const {
  return explain::default_layer_of(layers(inputs, additional_forward_args));
}

}  // namespace whycam
