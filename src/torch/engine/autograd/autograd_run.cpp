#include "torch/engine/autograd/autograd_run.h"

#include <ATen/ops/zeros_like.h>
#include <c10/core/InferenceMode.h>
#include <torch/csrc/autograd/engine.h>
#include <torch/csrc/autograd/variable.h>

#include <algorithm>

#include "formats/torchscript/messages.h"
#include "formats/torchscript/output_element.h"
#include "torch/engine/autograd/overwritten_view.h"
#include "torch/engine/autograd/relu_rule.h"
#include "torch/model/autograd_nodes.h"
#include "torch/model/inputs.h"
#include "whycam/errors.h"

namespace whycam::engine {
namespace {

using network::LayerSide;
using network::Network;
using network::Observation;
using network::Recorder;
using network::RunnableNetwork;
using torch::autograd::Edge;

void check_devices(const Network& network, const std::vector<torch::Tensor>& inputs) {
  const auto device = network.device();
  for (const torch::Tensor& input : inputs)
    if (device && input.device() != *device)
      throw InputError("the network is on " + device->str() + " and an input on " + input.device().str() +
                       "; move the input with .to(torch::Device(\"" + device->str() +
                       "\")), or load the network there");
}

}  // namespace

std::vector<Observation> explained_tensors(const Layer& layer, const std::string& name, std::vector<Observation> all) {
  if (layer.index()) {
    const std::int64_t count = static_cast<std::int64_t>(all.size());
    if (*layer.index() < 0 || *layer.index() >= count)
      throw LayerError("the layer \"" + name + "\" has " + std::to_string(count) + " tensors; there is no number " +
                       std::to_string(*layer.index()) + " (they count from 0)");
    all = {all[*layer.index()]};
  }
  if (layer.tensor()) {
    std::string names;
    for (const Observation& observation : all)
      if (!observation.name.empty()) names += (names.empty() ? "" : ", ") + observation.name;
    all.erase(
        std::remove_if(all.begin(), all.end(), [&](const Observation& one) { return one.name != *layer.tensor(); }),
        all.end());
    if (all.empty())
      throw LayerError("the layer \"" + name + "\" has no tensor called \"" + *layer.tensor() + "\"; it has " +
                       (names.empty() ? "none with a name" : names));
  }
  std::vector<Observation> chosen;
  for (Observation& observation : all)
    if (observation.activation.is_floating_point()) chosen.push_back(std::move(observation));
  if (chosen.empty()) throw LayerError("the layer \"" + name + "\" has no tensor of floating-point numbers to explain");
  return chosen;
}

std::string no_gradient() {
  return "the network's output does not depend on its inputs in a way that gradients can follow: its code holds "
         "torch.no_grad(), .detach(), .data or rounding, or tracing made a constant of what depends on the input; take "
         "that out and save the network again";
}

/// PyTorch's operators for inference alone are traced where no gradient was asked for.
std::string where_from(const std::string& message) {
  const bool none = message.find("derivative for") != std::string::npos ||
                    message.find("does not require grad") != std::string::npos ||
                    message.find("not implemented") != std::string::npos;
  return none ? "; operators without a gradient come into a network that is traced under torch.no_grad() or "
                "torch.inference_mode(): trace it without those, with parameters that require gradients"
              : "";
}

struct AutogradRun::State {
  State(const RunnableNetwork& network, const Request& request) {
    check_devices(network, request.inputs);
    const c10::InferenceMode not_inference(false);
    const torch::AutoGradMode with_gradients(true);
    const network::OwnInputs own(request.inputs);
    leaves_ = own.leaves;
    Recorder recorder(request.layers.size(), Recorder::Detail::values);
    for (std::size_t i = 0; i < request.layers.size(); ++i) recorder.want_call(i, request.layers[i].call());
    const c10::IValue result =
        network.run(own.given, network::own_arguments(request.additional_forward_args), request.layers,
                    request.layer_inputs ? LayerSide::input : LayerSide::output, recorder);
    differentiable_output_ = torchscript::output_tensor(result, request.output_element);
    output_ = differentiable_output_.detach();
    if (!differentiable_output_.requires_grad()) throw ModelError(no_gradient());
    std::vector<std::vector<Observation>> observed;
    for (std::size_t i = 0; i < request.layers.size(); ++i)
      observed.push_back(take_layer(network, request.layers[i], recorder, i));
    std::vector<Edge> ends;
    for (const torch::Tensor& leaf : leaves_) ends.push_back(torch::autograd::impl::gradient_edge(leaf));
    for (const auto& layer : layer_edges_)  // one that depends on no input is an end, too
      std::copy_if(layer.begin(), layer.end(), std::back_inserter(ends),
                   [](const Edge& edge) { return edge.is_valid(); });
    hooks_ = std::make_unique<ReluHooks>(torch::autograd::impl::gradient_edge(differentiable_output_), ends);
    for (const auto& layer : observed) {  // behind the ReLUs' hooks, so that theirs come first
      auto& views = overwritten_.emplace_back();
      for (const Observation& observation : layer) views.push_back(OverwrittenView::of(observation));
    }
  }

  std::vector<std::vector<torch::Tensor>> layer_gradients(const torch::Tensor& output_gradient) {
    hooks_->follow(std::nullopt);
    std::vector<Edge> edges;
    for (const auto& layer : layer_edges_)
      for (const Edge& edge : layer)
        if (edge.is_valid()) edges.push_back(edge);
    for (const auto& layer : overwritten_)  // theirs come last: they are asked for so that they are computed
      for (const auto& view : layer)
        if (view) edges.push_back(view->memory());
    const std::vector<torch::Tensor> found = backward(output_gradient, edges);
    std::vector<std::vector<torch::Tensor>> gradients;
    auto next = found.begin();
    for (std::size_t i = 0; i < layer_edges_.size(); ++i) {
      bool any = false;
      auto& of_layer = gradients.emplace_back();
      for (std::size_t j = 0; j < layer_edges_[i].size(); ++j) {
        torch::Tensor gradient = layer_edges_[i][j].is_valid() ? *next++ : torch::Tensor();
        if (overwritten_[i][j]) gradient = overwritten_[i][j]->gradient(gradient);
        any = any || gradient.defined();
        of_layer.push_back(gradient.defined() ? gradient : at::zeros_like(activations_[i][j]));
      }
      if (!any)
        throw LayerError("the output does not depend on the layer \"" + layer_names_[i] +
                         "\"; choose a layer on the way to the output that is explained");
    }
    return gradients;
  }

  std::vector<torch::Tensor> input_gradients(const torch::Tensor& output_gradient, const ReluRule& rule) {
    hooks_->follow(rule);
    std::vector<Edge> edges;
    for (const torch::Tensor& leaf : leaves_) edges.push_back(torch::autograd::impl::gradient_edge(leaf));
    std::vector<torch::Tensor> gradients = backward(output_gradient, edges);
    bool any = false;
    for (std::size_t i = 0; i < gradients.size(); ++i) {
      any = any || gradients[i].defined();
      if (!gradients[i].defined()) gradients[i] = at::zeros_like(leaves_[i], at::MemoryFormat::Preserve).detach();
    }
    if (!any) throw ModelError("the explained output depends on none of the inputs");
    return gradients;
  }

  std::vector<Observation> take_layer(const Network& network, const Layer& layer, const Recorder& recorder,
                                      std::size_t slot) {
    const std::string name = network.name_of(layer);
    if (!recorder.ran(slot) && layer.call() && recorder.runs(slot) > 0)
      throw LayerError("the layer \"" + name + "\" ran " + std::to_string(recorder.runs(slot)) +
                       " times; there is no call " + std::to_string(*layer.call()) + " (they count from 0)");
    if (!recorder.ran(slot))
      throw LayerError(
          "the layer \"" + name +
          "\" did not run in this forward pass, so there is nothing to explain at "
          "it; `whycam layers` lists those that do. (A layer of a C++ network that works otherwise than by one "
          "call with its weight, as torch::nn::Linear on inputs of three dimensions, is marked with a "
          "whycam::Tap behind it.)");
    auto& activations = activations_.emplace_back();
    auto& edges = layer_edges_.emplace_back();
    const std::vector<Observation> observed = explained_tensors(layer, name, recorder.observations(slot));
    for (const Observation& observation : observed) {
      activations.push_back(observation.activation);
      edges.push_back(observation.edge);
    }
    layer_names_.push_back(name);
    return observed;
  }

  std::vector<torch::Tensor> backward(const torch::Tensor& output_gradient, const std::vector<Edge>& edges) const {
    if (edges.empty()) return {};
    try {
      return torch::autograd::Engine::get_default_engine().execute(
          {torch::autograd::impl::gradient_edge(differentiable_output_)}, {output_gradient}, keep_graph_,
          /*create_graph=*/false, /*accumulate_grad=*/false, edges);
    } catch (const std::exception& failure) {
      torchscript::throw_if_out_of_memory(failure);
      throw ModelError("the network's gradient cannot be computed: " + torchscript::first_sentence(failure) +
                       where_from(failure.what()));
    }
  }

  std::vector<torch::Tensor> leaves_;
  torch::Tensor differentiable_output_;
  torch::Tensor output_;
  std::vector<std::vector<torch::Tensor>> activations_;
  std::vector<std::vector<Edge>> layer_edges_;
  std::vector<std::vector<std::optional<OverwrittenView>>> overwritten_;
  std::vector<std::string> layer_names_;
  std::unique_ptr<ReluHooks> hooks_;
  bool keep_graph_ = true;
};

AutogradRun::AutogradRun(const RunnableNetwork& network, const Request& request)
    : state_(std::make_unique<State>(network, request)) {}
AutogradRun::~AutogradRun() = default;

const torch::Tensor& AutogradRun::output() const { return state_->output_; }
const std::vector<std::vector<torch::Tensor>>& AutogradRun::layer_activations() const { return state_->activations_; }
ActivationReport AutogradRun::activations(bool clipped_relus) const { return state_->hooks_->report(clipped_relus); }
void AutogradRun::last_gradient_comes() { state_->keep_graph_ = false; }

bool AutogradRun::axes_were_moved(std::size_t layer, std::size_t tensor) const {
  const Edge& edge = state_->layer_edges_[layer][tensor];
  return edge.is_valid() && network::moves_axes(*edge.function);
}

std::vector<std::vector<torch::Tensor>> AutogradRun::layer_gradients(const torch::Tensor& output_gradient) {
  return state_->layer_gradients(output_gradient);
}
std::vector<torch::Tensor> AutogradRun::input_gradients(const torch::Tensor& output_gradient, const ReluRule& rule) {
  return state_->input_gradients(output_gradient, rule);
}

}  // namespace whycam::engine
