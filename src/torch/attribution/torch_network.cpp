// whycam::Network where there is libtorch: which files it reads, and TorchScript networks on the caller's buffers.
#include <ATen/ops/from_blob.h>
#include <ATen/ops/zeros.h>

#include "core/shape_text.h"
#include "explain/layers.h"
#include "explain/network_file.h"
#include "explain/network_state.h"
#include "torch/attribution/explain.h"
#include "torch/engine/compiled/lowering.h"
#include "torch/model/exported_program.h"
#include "torch/model/load.h"
#include "whycam/errors.h"
#include "whycam/graph.h"
#include "whycam/picture/tensor.h"

namespace whycam {
namespace {

std::vector<Tensor> arrays(const std::vector<torch::Tensor>& tensors) {
  std::vector<Tensor> all;
  for (const torch::Tensor& tensor : tensors) all.push_back(picture::to_array(tensor));
  return all;
}

std::map<Method, std::vector<Tensor>> arrays(const std::map<Method, std::vector<torch::Tensor>>& attributions) {
  std::map<Method, std::vector<Tensor>> all;
  for (const auto& [method, tensors] : attributions) all[method] = arrays(tensors);
  return all;
}

LayerAttributions<Tensor> on_arrays(const LayerExplanation& layer) {
  return {arrays(layer.heat_maps), arrays(layer.at_inputs), arrays(layer.activations), arrays(layer.gradients),
          arrays(layer.signed_heat_maps)};
}

Network::TargetExplanation on_arrays(const TargetExplanation& from) {
  Network::TargetExplanation result;
  result.target = from.target;
  result.scores = picture::to_array(from.scores).values;
  if (from.completeness_error.defined()) result.completeness_error = picture::to_array(from.completeness_error).values;
  result.input_methods = arrays(from.input_methods);
  for (const LayerExplanation& layer : from.layers) result.layers.push_back(on_arrays(layer));
  result.merged = on_arrays(from.merged);
  return result;
}

class TorchNetwork : public Network::State {
 public:
  explicit TorchNetwork(Model model)
      : model_(std::move(model)),
        type_(model_.floating_type() == torch::kDouble ? torch::kDouble : torch::kFloat),
        explainer_(model_, {}, {}) {}

  std::shared_ptr<const State> before_softmax(const std::vector<OutputElement>& output_element) const override {
    return std::make_shared<TorchNetwork>(model_.before_softmax(output_element));
  }
  const std::vector<Port>& inputs() const override { return none_; }
  const std::vector<Port>& outputs() const override { return none_; }

  std::vector<LayerInfo> layers(const std::vector<Shape>& input_shapes,
                                const std::vector<OutputElement>& output_element) const override {
    return model_.layers(zeros(input_shapes), {}, output_element);
  }

  std::vector<Layout> input_layouts(const std::vector<Shape>& input_shapes) const override {
    engine::Request request;
    request.inputs = zeros(input_shapes);
    try {
      const graph::Forward forward = engine::lower(*model_.network(), request);
      return explain::input_layouts(forward.graph, forward.inputs);
    } catch (const engine::CannotCompile&) {
      model_.layers(request.inputs);  // throws where these are not the network's shapes
      return std::vector<Layout>(input_shapes.size());
    }
  }

  Layout output_layout(const std::vector<Shape>& input_shapes,
                       const std::vector<OutputElement>& output_element) const override {
    engine::Request request;
    request.inputs = zeros(input_shapes);
    request.output_element = output_element;
    try {
      const graph::Forward forward = engine::lower(*model_.network(), request);
      return explain::known_layout(
          forward.graph.shape(forward.output),
          graph::find_axes(forward.graph, forward.inputs)[static_cast<std::size_t>(forward.output)]);
    } catch (const engine::CannotCompile&) {
      return {};
    }
  }

  Network::Explanation explain(const std::vector<Tensor>& inputs, const std::vector<std::string>& layers,
                               const Network::ChooseTargets& choose_targets, const Options& options) const override {
    std::vector<torch::Tensor> tensors;  // on the caller's numbers, which are not written on
    for (const Tensor& input : inputs)
      tensors.push_back(at::from_blob(const_cast<float*>(input.values.data()), input.shape, torch::kFloat).to(type_));
    const auto choose = [&](const torch::Tensor& output) { return choose_targets(picture::to_array(output)); };
    const Explanation from =
        explainer_.explain_at(std::vector<Layer>(layers.begin(), layers.end()), tensors, choose, options,
                              /*signed_layers=*/false, /*named_tensors=*/true);
    Network::Explanation result{picture::to_array(from.output),
                                {},
                                from.activations,
                                from.engine,
                                from.why_not_compiled,
                                from.warnings,
                                from.working_bytes};
    for (const TargetExplanation& target : from.targets) result.targets.push_back(on_arrays(target));
    return result;
  }

  std::vector<GraphStage> graph_stages(const std::vector<Shape>& input_shapes, const std::string& layer,
                                       const Options& options) const override {
    return whycam::graph_stages(model_, zeros(input_shapes), layer, options);
  }

 private:
  /// As the network takes them: in double precision where that is its weights'.
  std::vector<torch::Tensor> zeros(const std::vector<Shape>& shapes) const {
    std::vector<torch::Tensor> tensors;
    for (const Shape& shape : shapes) {
      for (const std::int64_t extent : shape)
        if (extent < 0) throw InputError("there is no input of " + core::shape_text(shape));
      tensors.push_back(at::zeros(shape, type_));
    }
    return tensors;
  }

  Model model_;
  torch::ScalarType type_;
  attribution::Explainer explainer_;
  std::vector<Port> none_;
};

/// A network that is a graph, and that libtorch runs where that cannot be explained.
class GraphOrTorchNetwork : public Network::State {
 private:
  template <class Ask>
  auto either(const Ask& ask) const {
    try {
      return ask(*graph_);
    } catch (const explain::NotCompiled&) {
      return ask(torch_);
    }
  }

 public:
  GraphOrTorchNetwork(std::shared_ptr<const State> graph, const Model& model)
      : graph_(std::move(graph)), model_(model), torch_(model) {}

  std::shared_ptr<const State> before_softmax(const std::vector<OutputElement>& output_element) const override {
    return std::make_shared<GraphOrTorchNetwork>(graph_->before_softmax(output_element),
                                                 model_.before_softmax(output_element));
  }
  const std::vector<Port>& inputs() const override { return graph_->inputs(); }
  const std::vector<Port>& outputs() const override { return graph_->outputs(); }

  std::vector<LayerInfo> layers(const std::vector<Shape>& input_shapes,
                                const std::vector<OutputElement>& output_element) const override {
    return either([&](const State& state) { return state.layers(input_shapes, output_element); });
  }
  std::vector<Layout> input_layouts(const std::vector<Shape>& input_shapes) const override {
    return either([&](const State& state) { return state.input_layouts(input_shapes); });
  }
  Layout output_layout(const std::vector<Shape>& input_shapes,
                       const std::vector<OutputElement>& output_element) const override {
    return either([&](const State& state) { return state.output_layout(input_shapes, output_element); });
  }
  Network::Explanation explain(const std::vector<Tensor>& inputs, const std::vector<std::string>& layers,
                               const Network::ChooseTargets& choose_targets, const Options& options) const override {
    if (chosen_engine(options.engine) == Engine::autograd)
      return torch_.explain(inputs, layers, choose_targets, options);
    if (chosen_engine(options.engine) == Engine::compiled)
      return graph_->explain(inputs, layers, choose_targets, options);
    return either([&](const State& state) { return state.explain(inputs, layers, choose_targets, options); });
  }
  std::vector<GraphStage> graph_stages(const std::vector<Shape>& input_shapes, const std::string& layer,
                                       const Options& options) const override {
    return graph_->graph_stages(input_shapes, layer, options);
  }

 private:
  std::shared_ptr<const State> graph_;
  Model model_;
  TorchNetwork torch_;
};

}  // namespace

Network explain::open(const core::NetworkSource& source) {
  if (!formats::format_of(source)) return Network(std::make_shared<TorchNetwork>(network::load(source, torch::kCPU)));
  const auto file = read_network_file(source);
  const auto program = network::exported_program(file);
  if (!program) return Network(graph_state(file));
  return Network(std::make_shared<GraphOrTorchNetwork>(graph_state(file),
                                                       Model(std::make_shared<network::FileNetwork>(file, program))));
}

}  // namespace whycam
