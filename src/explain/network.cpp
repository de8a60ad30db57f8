#include <algorithm>
#include <cmath>

#include "core/objective.h"
#include "core/shape_text.h"
#include "core/warning_texts.h"
#include "core/warnings.h"
#include "explain/array_arithmetic.h"
#include "explain/before_softmax.h"
#include "explain/explanation_plan.h"
#include "explain/layers.h"
#include "explain/network_file.h"
#include "explain/network_state.h"
#include "explain/plan_cache.h"
#include "explain/plan_key.h"
#include "explain/threads.h"
#include "graph/finite.h"
#include "whycam/errors.h"
#include "whycam/network.h"

namespace whycam {
namespace {

using core::Warnings;
using explain::ExplanationPlan;
using explain::ExplanationRun;

std::vector<formats::Given> given(const std::vector<Shape>& shapes) {
  std::vector<formats::Given> all;
  for (std::size_t i = 0; i < shapes.size(); ++i) all.push_back({graph::input_name(i), shapes[i]});
  return all;
}

std::string name_of_input(std::size_t index, std::size_t count) {
  return count == 1 ? "the input" : "input " + std::to_string(index);
}

bool all_finite(const Tensor& tensor) {
  return graph::all_finite(tensor.values.data(), static_cast<std::int64_t>(tensor.values.size()));
}

/// oneDNN's ReLUs make NaN to 0: what is not a number would be explained as if it were.
void require_finite(const std::vector<Tensor>& inputs) {
  for (std::size_t i = 0; i < inputs.size(); ++i)
    if (!all_finite(inputs[i]))
      throw ModelError("the network cannot be explained: " + name_of_input(i, inputs.size()) +
                       " holds NaN or infinity");
}

void check_inputs(const std::vector<Tensor>& inputs) {
  if (inputs.empty()) throw InputError("there is no input to explain");
  for (std::size_t i = 0; i < inputs.size(); ++i) {
    const Tensor& input = inputs[i];
    const std::string name = name_of_input(i, inputs.size()), shape = core::shape_text(input.shape);
    if (input.shape.empty() ||
        std::any_of(input.shape.begin(), input.shape.end(), [](std::int64_t extent) { return extent < 1; }))
      throw InputError(name + " is empty: its shape is " + shape);
    if (!is_consistent(input))
      throw InputError(name + " has " + std::to_string(input.values.size()) + " numbers for a shape of " + shape);
    if (input.shape[0] != inputs[0].shape[0])
      throw InputError("the inputs hold different numbers of examples: " + name + " has " +
                       std::to_string(input.shape[0]) + ", the first has " + std::to_string(inputs[0].shape[0]));
  }
}

std::vector<Shape> shapes_of(const std::vector<Tensor>& tensors) {
  std::vector<Shape> shapes;
  for (const Tensor& tensor : tensors) shapes.push_back(tensor.shape);
  return shapes;
}

Tensor zeros(const Shape& shape) {
  return {shape, std::vector<float>(static_cast<std::size_t>(graph::element_count(shape)))};
}

bool has_nan(const std::vector<Tensor>& tensors) {
  return std::any_of(tensors.begin(), tensors.end(), [](const Tensor& tensor) {
    return !all_finite(tensor) &&
           std::any_of(tensor.values.begin(), tensor.values.end(), [](float number) { return std::isnan(number); });
  });
}

Network::TargetExplanation explained(ExplanationRun& run, const Target& target, const core::Objective& objective,
                                     std::size_t layers) {
  Network::TargetExplanation result;
  result.target = target;
  result.layers.resize(layers);
  result.scores.assign(objective.scores.begin(), objective.scores.end());
  const std::vector<float> gradient(objective.gradient.begin(), objective.gradient.end());
  run.explain(gradient.data());
  const std::vector<methods::PartNode>& parts = run.plan().parts.nodes;
  for (std::size_t i = 0; i < parts.size(); ++i) {
    Tensor tensor = zeros(parts[i].shape);
    run.read(i, tensor.values.data());
    methods::add_part(result, parts[i].part, std::move(tensor));
  }
  return result;
}

bool holds_nan(const Network::TargetExplanation& target) {
  bool found = false;
  methods::for_each_map(target, [&](const std::vector<Tensor>& tensors) { found = found || has_nan(tensors); });
  return found;
}

void add_warnings(const methods::Settings& settings, const ExplanationPlan& plan, Warnings& warnings,
                  Network::Explanation& explanation) {
  for (const core::Warning& warning : plan.parts.warnings) warnings.add(warning, explanation.warnings);
  if (settings.guide() && explanation.activations.relus_guided == 0)
    warnings.add("no relu", core::no_relu(), explanation.warnings);
  for (const Network::TargetExplanation& target : explanation.targets) {
    if (!holds_nan(target)) continue;
    warnings.add("nan", core::holds_nan(target.target), explanation.warnings);
    break;
  }
}

/// A network that comes as a graph: it is compiled or not explained at all.
class GraphNetwork : public Network::State {
 public:
  explicit GraphNetwork(std::shared_ptr<const formats::NetworkFile> network)
      : network_(std::move(network)),
        inputs_(explain::public_ports(network_->inputs())),
        outputs_(explain::public_ports(network_->outputs())) {}

  std::shared_ptr<const State> before_softmax(const std::vector<OutputElement>& output_element) const override {
    return std::make_shared<GraphNetwork>(
        explain::before_softmax(network_, explain::chosen_output(*network_, output_element)));
  }
  const std::vector<Port>& inputs() const override { return inputs_; }
  const std::vector<Port>& outputs() const override { return outputs_; }
  std::vector<LayerInfo> layers(const std::vector<Shape>& input_shapes,
                                const std::vector<OutputElement>& output_element) const override {
    return explain::layers_of(*network_, given(input_shapes), output_element);
  }
  std::vector<Layout> input_layouts(const std::vector<Shape>& input_shapes) const override {
    return explain::input_layouts_of(*network_, given(input_shapes));
  }
  Layout output_layout(const std::vector<Shape>& input_shapes,
                       const std::vector<OutputElement>& output_element) const override {
    return explain::output_layout_of(*network_, given(input_shapes), output_element);
  }
  Network::Explanation explain(const std::vector<Tensor>& inputs, const std::vector<std::string>& layers,
                               const Network::ChooseTargets& choose_targets, const Options& options) const override {
    if (!methods::is_repeated(options)) return explain_once(inputs, layers, choose_targets, options);
    const auto once = [&](const std::vector<Tensor>& given, const std::vector<Method>& methods,
                          const Network::ChooseTargets& targets) {
      Options of_pass = options;
      of_pass.methods = methods;
      return explain_once(given, layers, targets, of_pass);
    };
    return methods::Repeated<explain::ArrayArithmetic, Network::Explanation>(options, once)
        .explain(inputs, choose_targets);
  }
  std::vector<GraphStage> graph_stages(const std::vector<Shape>& input_shapes, const std::string& layer,
                                       const Options& options) const override;

 private:
  Network::Explanation explain_once(const std::vector<Tensor>& inputs, const std::vector<std::string>& layers,
                                    const Network::ChooseTargets& choose_targets, const Options& options) const;

  graph::Forward forward_for(const std::vector<Shape>& inputs, const Options& options,
                             const methods::Settings& settings) const {
    const std::size_t output = explain::chosen_output(*network_, options.output_element);
    return explain::forward_of(*network_, given(inputs), inputs.size(), output, settings.layer_names,
                               options.attribute_to_layer_input);
  }

  void add_layer_warnings(const Options& options, const methods::Settings& settings,
                          std::vector<core::Warning>& warnings) const {
    if (options.attribute_to_layer_input) return;
    for (const std::string& layer : settings.layer_names)
      for (const std::string& sentence : network_->warnings(layer)) warnings.push_back({"layer", sentence});
  }

  std::shared_ptr<const ExplanationPlan> plan_for(const std::vector<Tensor>& inputs, const Options& options,
                                                  const methods::Settings& settings) const {
    const explain::PlanKey key =
        explain::plan_key(shapes_of(inputs), options.attribute_to_layer_input, options.output_element, settings);
    try {
      return plans_.plan_for(key, [&] {
        std::shared_ptr<ExplanationPlan> plan;
        core::or_cannot_compile(
            [&] {
              explain::require_backend();
              plan = std::make_shared<ExplanationPlan>(forward_for(shapes_of(inputs), options, settings), settings);
            },
            [](const std::exception& reason) { return std::string(reason.what()); });
        add_layer_warnings(options, settings, plan->parts.warnings);
        return plan;
      });
    } catch (const core::CannotCompile& reason) {
      throw explain::NotCompiled(std::string("the ") + network_->format() +
                                 " network cannot be explained: " + reason.what());
    }
  }

  std::shared_ptr<const formats::NetworkFile> network_;
  std::vector<Port> inputs_, outputs_;
  mutable explain::PlanCache<explain::PlanKey, ExplanationPlan> plans_;
  mutable Warnings warnings_;
};

Network::Explanation GraphNetwork::explain_once(const std::vector<Tensor>& inputs,
                                                const std::vector<std::string>& layers,
                                                const Network::ChooseTargets& choose_targets,
                                                const Options& options) const {
  if (chosen_engine(options.engine) == Engine::autograd) throw ModelError(core::no_autograd());
  require_finite(inputs);
  const methods::Settings settings = methods::settings_of(options, layers);
  const std::shared_ptr<const ExplanationPlan> plan = plan_for(inputs, options, settings);
  ExplanationRun run(plan);
  for (std::size_t i = 0; i < inputs.size(); ++i) run.set(graph::input_name(i), inputs[i].values.data());
  Network::Explanation explanation;
  explanation.engine = "compiled";
  explanation.working_bytes = plan->runs().run_bytes();
  explanation.output = zeros(core::shape_with_examples(plan->output_shape, inputs[0].shape[0]));
  run.forward(explanation.output.values.data());
  explanation.activations = plan->report;
  const std::vector<Target> targets = choose_targets(explanation.output);
  const core::OutputValues output{explanation.output.shape,
                                  {explanation.output.values.begin(), explanation.output.values.end()},
                                  inputs[0].shape[0],
                                  plan->parts.class_axis};
  std::vector<core::Objective> objectives;  // all targets are checked before the first gradient is computed
  for (const Target& target : targets) objectives.push_back(core::objective(target.terms(), output));
  for (std::size_t i = 0; i < targets.size(); ++i) {
    explanation.targets.push_back(explained(run, targets[i], objectives[i], settings.layer_names.size()));
    for (const std::string& sentence : objectives[i].warnings) warnings_.add("target", sentence, explanation.warnings);
  }
  add_warnings(settings, *plan, warnings_, explanation);
  return explanation;
}

std::vector<GraphStage> GraphNetwork::graph_stages(const std::vector<Shape>& input_shapes, const std::string& layer,
                                                   const Options& options) const {
  try {
    const methods::Settings settings = methods::settings_of(options, {layer});
    return explain::stages_of(forward_for(input_shapes, options, settings), settings);
  } catch (const Error&) {
    throw;
  } catch (const std::bad_alloc&) {
    throw;
  } catch (const std::exception& reason) {
    throw ModelError(std::string("the network cannot be compiled: ") + reason.what());
  }
}

}  // namespace

std::shared_ptr<const Network::State> explain::open_graph(const core::NetworkSource& source) {
  return formats::format_of(source) ? graph_state(read_network_file(source)) : nullptr;
}

std::shared_ptr<const Network::State> explain::graph_state(std::shared_ptr<const formats::NetworkFile> file) {
  return std::make_shared<GraphNetwork>(std::move(file));
}

Network Network::before_softmax(const std::vector<OutputElement>& output_element) const {
  return Network(state_->before_softmax(output_element));
}

const std::vector<Port>& Network::inputs() const { return state_->inputs(); }
const std::vector<Port>& Network::outputs() const { return state_->outputs(); }

std::vector<LayerInfo> Network::layers(const std::vector<Shape>& input_shapes,
                                       const std::vector<OutputElement>& output_element) const {
  return state_->layers(input_shapes, output_element);
}

std::vector<Layout> Network::input_layouts(const std::vector<Shape>& input_shapes) const {
  return state_->input_layouts(input_shapes);
}

Layout Network::output_layout(const std::vector<Shape>& input_shapes,
                              const std::vector<OutputElement>& output_element) const {
  return state_->output_layout(input_shapes, output_element);
}

std::string Network::default_layer(const std::vector<Shape>& input_shapes,
                                   const std::vector<OutputElement>& output_element) const {
  return explain::default_layer_of(layers(input_shapes, output_element));
}

Network::Explanation Network::explain(const std::vector<Tensor>& inputs, const std::string& layer,
                                      const std::vector<Target>& targets, const Options& options) const {
  return explain(inputs, layer.empty() ? std::vector<std::string>() : std::vector{layer}, targets, options);
}

Network::Explanation Network::explain(const std::vector<Tensor>& inputs, const std::vector<std::string>& layers,
                                      const std::vector<Target>& targets, const Options& options) const {
  return explain(inputs, layers, [&targets](const Tensor&) { return targets; }, options);
}

Network::Explanation Network::explain(const std::vector<Tensor>& inputs, const std::string& layer,
                                      const ChooseTargets& choose_targets, const Options& options) const {
  return explain(inputs, layer.empty() ? std::vector<std::string>() : std::vector{layer}, choose_targets, options);
}

Network::Explanation Network::explain(const std::vector<Tensor>& inputs, const std::vector<std::string>& layers,
                                      const ChooseTargets& choose_targets, const Options& options) const {
  check_inputs(inputs);
  const explain::ThreadsForAWhile threads(options.threads);
  if (!choose_targets) throw InputError("the function that chooses targets is empty");
  return state_->explain(inputs, layers, choose_targets, options);
}

void Network::prepare(const std::vector<Shape>& input_shapes, const std::vector<std::string>& layers,
                      const Options& options) const {
  std::vector<Tensor> inputs;
  for (const Shape& shape : input_shapes) {
    picture::element_count(shape);  // throws where there is no such shape
    inputs.push_back(zeros(shape));
  }
  Options once = options;
  once.smooth = 0;
  explain(inputs, layers, [](const Tensor&) { return std::vector<Target>(); }, once);
}

std::vector<GraphStage> Network::graph_stages(const std::vector<Shape>& input_shapes, const std::string& layer,
                                              const Options& options) const {
  return state_->graph_stages(input_shapes, layer, options);
}

}  // namespace whycam
