#include "whycam/model.h"

#include <c10/core/InferenceMode.h>
#include <torch/csrc/autograd/variable.h>
#include <torch/csrc/jit/api/module.h>
#include <torch/csrc/jit/serialization/import.h>

#include <optional>

#include "core/network_source.h"
#include "explain/layers.h"
#include "explain/network_file.h"
#include "formats/torchscript/archive_reader.h"
#include "formats/torchscript/lower.h"
#include "formats/torchscript/messages.h"
#include "formats/torchscript/output_element.h"
#include "formats/torchscript/script.h"
#include "graph/layout.h"
#include "torch/model/autograd_nodes.h"
#include "torch/model/collected_warnings.h"
#include "torch/model/exported_program.h"
#include "torch/model/failure.h"
#include "torch/model/inputs.h"
#include "torch/model/load.h"
#include "torch/model/network.h"
#include "torch/model/newer_operators.h"
#include "whycam/errors.h"

namespace whycam {
namespace {

void check_kind(const core::NetworkSource& source) {
  if (core::network_signature(source).substr(0, 2) != "PK" &&
      !formats::format_of(source))  // TorchScript files are zip archives
    throw ModelError(
        source.name() +
        " is no .pt2, ONNX or TorchScript network; write one from Python with torch.export.save(torch.export.export("
        "network, (example,)), \"network.pt2\") or torch.onnx.export(network, (example,), \"network.onnx\")");
}

std::string why_unreadable(const std::exception& failure) {
  const std::string text = torchscript::first_sentence(failure), unknown = "Unknown builtin op: ";
  if (const auto begin = text.find(unknown); begin != std::string::npos) {
    std::string name = text.substr(begin + unknown.size());
    name = name.substr(0, name.find_first_of(". \n"));
    return "it calls the operator " + name +
           ", which libtorch does not have; load the shared library that brings it (--operators FILE; in a "
           "program dlopen; torchvision's operators are in its _C library), or save the network without it";
  }
  if (text.find("keyword attribute 'value' is undefined") != std::string::npos)
    return "a constant has no value, as in what torch.jit.optimize_for_inference makes, which cannot be saved; save "
           "the "
           "network before that step";
  return text;
}

formats::Given given(const std::string& name, const torch::Tensor& tensor) { return {name, tensor.sizes().vec()}; }

std::vector<LayerInfo> named_layers(const network::Network& network) {
  std::vector<LayerInfo> layers;
  for (const network::LayerName& name : network.layer_names()) {
    layers.emplace_back();
    layers.back().path = name.path;
    layers.back().type = name.type;
  }
  return layers;
}

/// Nothing where the network has no graph, or not one output.
std::optional<std::vector<LayerInfo>> layers_by_graph(const network::RunnableNetwork& network,
                                                      const std::vector<torch::Tensor>& inputs,
                                                      const std::vector<c10::IValue>& additional_forward_args,
                                                      const std::vector<OutputElement>& output_element) {
  std::vector<LayerInfo> layers = named_layers(network);
  std::vector<Layer> all;
  for (const LayerInfo& layer : layers)
    if (network.can_observe(layer.path, network::LayerSide::output)) all.emplace_back(layer.path);
  if (all.size() < layers.size()) return std::nullopt;
  try {
    const auto script = network.script(all, network::LayerSide::output);
    if (!script) return std::nullopt;
    const graph::Forward forward = torchscript::lower(*script, {inputs, additional_forward_args, output_element,
                                                                std::vector<torchscript::ObservedLayer>(all.size())});
    explain::describe_layers({forward.graph, forward.inputs, {forward.output}, forward.layers}, layers);
  } catch (const std::exception&) {  // a run tells it, or says what is wrong
    return std::nullopt;
  }
  return layers;
}

std::vector<LayerInfo> layers_by_run(const network::RunnableNetwork& network, const std::vector<torch::Tensor>& inputs,
                                     const std::vector<c10::IValue>& additional_forward_args,
                                     const std::vector<OutputElement>& output_element) {
  std::vector<LayerInfo> layers = named_layers(network);
  std::vector<Layer> observed;
  std::vector<LayerInfo*> infos;
  for (LayerInfo& layer : layers)
    if (network.can_observe(layer.path, network::LayerSide::output)) {
      observed.emplace_back(layer.path);
      infos.push_back(&layer);
    }
  network::Recorder recorder(observed.size(), network::Recorder::Detail::shapes_only);
  const c10::InferenceMode not_inference(false);
  const torch::AutoGradMode with_gradients(true);
  const network::CollectedWarnings libtorch;
  c10::IValue output = network.run(network::OwnInputs(inputs).given, network::own_arguments(additional_forward_args),
                                   observed, network::LayerSide::output, recorder);
  if (!output_element.empty()) output = torchscript::output_tensor(output, output_element);
  const auto reachable = network::nodes_behind(output);
  const std::size_t rank = inputs[0].sizes().size();
  const auto* ends_in = output.isTensor() ? output.toTensor().grad_fn().get() : nullptr;
  std::int64_t last = 0;
  LayerInfo* last_to_run = nullptr;
  for (std::size_t i = 0; i < observed.size(); ++i) {
    LayerInfo& layer = *infos[i];
    const auto& observations = recorder.observations(i);
    for (const auto& observation : observations) layer.output_shapes.push_back(observation.activation.sizes().vec());
    layer.fit_for_grad_cam = observations.size() == 1 && layer.output_shapes[0].size() == rank &&
                             graph::has_space(layer.output_shapes[0], graph::channels_first(rank)) &&
                             reachable.count(observations[0].node()) > 0;
    if (!layer.fit_for_grad_cam) continue;
    if (!network::moves_axes(*observations[0].node())) layer.layout = "nchw";
    if (observations[0].node() == ends_in || recorder.order(i) <= last) continue;
    last = recorder.order(i);
    last_to_run = &layer;
  }
  if (last_to_run) last_to_run->is_default = true;
  return layers;
}

std::vector<LayerInfo> layers_of(const network::FileNetwork& network, const std::vector<torch::Tensor>& inputs,
                                 const std::vector<c10::IValue>& additional_forward_args,
                                 const std::vector<OutputElement>& output_element) {
  std::vector<formats::Given> all;
  for (const torch::Tensor& input : inputs) all.push_back(given("", input));
  for (const c10::IValue& argument : additional_forward_args)
    if (argument.isTensor()) all.push_back(given("", argument.toTensor()));
  try {
    return explain::layers_of(network.file(), all, output_element);
  } catch (const ModelError&) {
    if (!network.runnable()) throw;
  }
  const auto output = static_cast<std::int64_t>(explain::chosen_output(network.file(), output_element));
  return layers_by_run(*network.runnable(), inputs, additional_forward_args, {output});
}

}  // namespace

Model network::load(const core::NetworkSource& source, torch::Device device) {
  check_kind(source);
  if (formats::format_of(source)) {
    const auto file = explain::read_network_file(source);
    const auto network = std::make_shared<network::FileNetwork>(file, network::exported_program(file));
    return Model(network->replica(device));
  }
  const auto archive = torchscript::check_network_file(source);
  const c10::InferenceMode not_inference(false);
  const network::CollectedWarnings libtorch;
  try {
    provide_newer_operators();
    torch::jit::Module module = torch::jit::load(std::make_shared<torchscript::ArchiveReader>(archive), device);
    module.eval();
    return Model(module);
  } catch (const Error&) {
    throw;
  } catch (const std::exception& failure) {
    torchscript::throw_if_out_of_memory(failure);
    throw ModelError("cannot read the network " + source.name() + ": " + why_unreadable(failure));
  }
}

Model Model::load(const std::filesystem::path& path, torch::Device device) { return network::load(path, device); }

Model Model::load(std::string bytes, const std::string& name, torch::Device device) {
  return network::load({std::move(bytes), name}, device);
}

Model Model::load(std::istream& stream, const std::string& name, torch::Device device) {
  return network::load({stream, name}, device);
}

Model::Model(const torch::jit::Module& module) : network_(network::torchscript_network(module)) {}

std::vector<LayerInfo> Model::layers(const std::vector<torch::Tensor>& inputs,
                                     const std::vector<c10::IValue>& additional_forward_args,
                                     const std::vector<OutputElement>& output_element) const {
  network::check_inputs(inputs);
  if (const auto* of_file = dynamic_cast<const network::FileNetwork*>(network_.get()))
    return layers_of(*of_file, inputs, additional_forward_args, output_element);
  const auto& runnable = dynamic_cast<const network::RunnableNetwork&>(*network_);
  return network::or_model_error([&] {
    if (auto layers = layers_by_graph(runnable, inputs, additional_forward_args, output_element)) return *layers;
    return layers_by_run(runnable, inputs, additional_forward_args, output_element);
  });
}

Model Model::before_softmax(const std::vector<OutputElement>& output_element) const {
  return Model(network_->before_softmax(output_element));
}

std::vector<Port> Model::inputs() const {
  const auto* of_file = dynamic_cast<const network::FileNetwork*>(network_.get());
  return of_file ? explain::public_ports(of_file->file().inputs()) : std::vector<Port>{};
}

std::optional<torch::ScalarType> Model::floating_type() const { return network_->floating_type(); }

std::string Model::default_layer(const std::vector<torch::Tensor>& inputs,
                                 const std::vector<c10::IValue>& additional_forward_args,
                                 const std::vector<OutputElement>& output_element) const {
  return explain::default_layer_of(layers(inputs, additional_forward_args, output_element));
}

}  // namespace whycam
