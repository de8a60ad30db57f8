#include "torch/engine/autograd/autograd_engine.h"

#include <ATen/ops/zeros.h>

#include <list>
#include <mutex>

#include "torch/engine/autograd/autograd_run.h"
#include "torch/engine/autograd/evaluate.h"
#include "torch/engine/autograd/layouts.h"
#include "torch/engine/compiled/plan_key.h"

namespace whycam::engine {
namespace {

using Named = std::map<std::string, torch::Tensor>;

/// Makes a tensor an input of a graph.
graph::Value add_input(graph::Graph& graph, const torch::Tensor& tensor, Named& inputs) {
  const std::string name = std::to_string(inputs.size());
  inputs[name] = tensor;
  return graph.add_input(name, tensor.sizes().vec());
}

/// The layouts of the last few requests: to find them may take more than an explanation. Thread-safe.
class KnownLayouts {
 public:
  methods::Layouts of(const network::RunnableNetwork& network, const Request& request, const AutogradRun& run) {
    const PlanKey key = plan_key(request, /*threads=*/0, /*weights_version=*/0);
    const std::lock_guard<std::mutex> lock(mutex_);
    for (const auto& [known, layouts] : entries_)
      if (known == key) return layouts;
    constexpr std::size_t most = 16;
    if (entries_.size() == most) entries_.pop_back();
    entries_.emplace_front(key, layouts_of(network, request, run));
    return entries_.front().second;
  }

 private:
  std::mutex mutex_;
  std::list<std::pair<PlanKey, methods::Layouts>> entries_;
};

class AutogradPass : public Pass {
 public:
  AutogradPass(const network::RunnableNetwork& network, const Request& request, KnownLayouts& known)
      : network_(network),
        request_(request),
        run_(network, request),
        settings_(request.settings),
        inputs_(request.inputs) {
    if (settings_.need_layers()) layouts_ = known.of(network, request, run_);
  }

  const char* engine() const override { return "autograd"; }
  const torch::Tensor& output() const override { return run_.output(); }
  ActivationReport activations() const override { return run_.activations(settings_.clipped_relus); }
  std::optional<std::size_t> class_axis() const override { return class_axis_of(network_, request_); }

  Explained explain(const torch::Tensor& output_gradient, bool last) override {
    graph::Graph graph;
    Named inputs;
    const methods::Sources sources = sources_for(output_gradient, last, graph, inputs);
    const methods::Parts parts = methods::append_methods(graph, settings_, sources);
    for (std::size_t i = 0; i < parts.nodes.size(); ++i)
      if (parts.nodes[i].value != graph::no_value) graph.add_output(std::to_string(i), parts.nodes[i].value);
    const Named outputs = evaluate(graph, inputs);
    Explained explained{{}, parts.warnings};
    for (std::size_t i = 0; i < parts.nodes.size(); ++i) {
      const auto found = outputs.find(std::to_string(i));
      explained.parts.push_back(
          {parts.nodes[i].part,
           found != outputs.end() ? found->second : at::zeros(parts.nodes[i].shape, output_gradient.options())});
    }
    return explained;
  }

 private:
  /// Computes the gradients that the methods read, and makes them inputs of the graph.
  methods::Sources sources_for(const torch::Tensor& output_gradient, bool last, graph::Graph& graph, Named& inputs) {
    const std::vector<ReluRule> rules = settings_.rules();
    if (last && rules.empty()) run_.last_gradient_comes();
    methods::Sources sources;
    sources.layouts = layouts_;
    const auto add = [&](const std::vector<torch::Tensor>& tensors) {
      std::vector<graph::Value> values;
      for (const torch::Tensor& tensor : tensors) values.push_back(add_input(graph, tensor, inputs));
      return values;
    };
    sources.inputs = add(inputs_);
    for (const auto& of_layer : run_.layer_gradients(output_gradient)) sources.layer_gradients.push_back(add(of_layer));
    for (const auto& of_layer : run_.layer_activations()) sources.activations.push_back(add(of_layer));
    for (std::size_t i = 0; i < rules.size(); ++i) {
      if (last && i + 1 == rules.size()) run_.last_gradient_comes();
      sources.input_gradients.push_back(add(run_.input_gradients(output_gradient, rules[i])));
    }
    return sources;
  }

  const network::RunnableNetwork& network_;
  Request request_;
  AutogradRun run_;
  methods::Settings settings_;
  std::vector<torch::Tensor> inputs_;
  methods::Layouts layouts_;
};

class AutogradEngine : public Engine {
 public:
  explicit AutogradEngine(std::shared_ptr<const network::RunnableNetwork> network) : network_(std::move(network)) {}
  std::unique_ptr<Pass> forward(const Request& request) const override {
    return std::make_unique<AutogradPass>(*network_, request, layouts_);
  }

 private:
  std::shared_ptr<const network::RunnableNetwork> network_;
  mutable KnownLayouts layouts_;
};

}  // namespace

std::shared_ptr<const Engine> autograd_engine(std::shared_ptr<const network::RunnableNetwork> network) {
  return std::make_shared<AutogradEngine>(std::move(network));
}

}  // namespace whycam::engine
