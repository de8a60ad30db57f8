#include <algorithm>
#include <cmath>
#include <fstream>

#include "basics/chosen_places.h"
#include "basics/doubts.h"
#include "basics/shape_text.h"
#include "basics/warnings.h"
#include "plain/explanation_plan.h"
#include "plain/onnx_network.h"
#include "plain/plan_cache.h"
#include "plain/stages.h"
#include "whycam/errors.h"
#include "whycam/plain.h"

namespace whycam::plain {

struct Network::State {
  std::shared_ptr<const onnx::Network> network;
  std::vector<Port> inputs, outputs;
  PlanCache<Request::Key, ExplanationPlan> plans;
  basics::Warnings warnings;
};

namespace {

void check_file(const std::filesystem::path& path) {
  std::error_code failure;
  const std::string name = path.string();
  if (!std::filesystem::exists(path, failure)) throw ModelError("there is no network file " + name);
  if (std::filesystem::is_directory(path, failure)) throw ModelError(name + " is a folder; give the network's file");
  std::ifstream file(path, std::ios::binary);
  char begin[4] = {};
  if (!file.read(begin, sizeof begin)) throw ModelError("cannot read the network file " + name);
  const std::string how = "; write one from Python with torch.onnx.export(network, example, \"network.onnx\")";
  if (std::string(begin, 2) == "PK")
    throw ModelError(name +
                     " is a TorchScript file, which takes libtorch; without it whycam reads ONNX networks alone" + how);
  if (!onnx::looks_like_onnx(path)) throw ModelError(name + " is no ONNX network" + how);
}

std::vector<Port> ports_of(const std::vector<onnx::Port>& ports) {
  std::vector<Port> result;
  for (const onnx::Port& port : ports) result.push_back({port.name, port.shape});
  return result;
}

std::vector<onnx::Given> given(const std::vector<Shape>& shapes) {
  std::vector<onnx::Given> all;
  for (std::size_t i = 0; i < shapes.size(); ++i) all.push_back({ExplanationPlan::input_name(i), shapes[i]});
  return all;
}

/// oneDNN's ReLUs make NaN to 0: what is not a number would be explained as if it were.
bool all_finite(const Tensor& tensor) {
  return std::all_of(tensor.values.begin(), tensor.values.end(), [](float number) { return std::isfinite(number); });
}

void check_inputs(const std::vector<Tensor>& inputs) {
  if (inputs.empty()) throw InputError("there is no input to explain");
  for (std::size_t i = 0; i < inputs.size(); ++i) {
    const Tensor& input = inputs[i];
    const std::string name = inputs.size() == 1 ? "the input" : "input " + std::to_string(i);
    const std::string shape = basics::shape_text(input.shape);
    if (input.shape.empty() ||
        std::any_of(input.shape.begin(), input.shape.end(), [](std::int64_t extent) { return extent < 1; }))
      throw InputError(name + " is empty: its shape is " + shape);
    if (!is_consistent(input))
      throw InputError(name + " has " + std::to_string(input.values.size()) + " numbers for a shape of " + shape);
    if (input.shape[0] != inputs[0].shape[0])
      throw InputError("the inputs hold different numbers of examples: " + name + " has " +
                       std::to_string(input.shape[0]) + ", the first has " + std::to_string(inputs[0].shape[0]));
    if (!all_finite(input))
      throw ModelError("the ONNX network cannot be explained: " + name + " holds NaN or infinity");
  }
}

Tensor zeros(const Shape& shape) {
  return {shape, std::vector<float>(static_cast<std::size_t>(graph::element_count(shape)))};
}

bool has_nan(const std::vector<Tensor>& tensors) {
  return std::any_of(tensors.begin(), tensors.end(), [](const Tensor& tensor) {
    return std::any_of(tensor.values.begin(), tensor.values.end(), [](float number) { return std::isnan(number); });
  });
}

/// Each example's channels times its Grad-CAM.
Tensor product(const Tensor& guided, const Tensor& upsampled) {
  Tensor result = guided;
  const auto rows = static_cast<std::size_t>(guided.shape[0]), channels = static_cast<std::size_t>(guided.shape[1]);
  const std::size_t space = guided.values.size() / (rows * channels);
  for (std::size_t row = 0; row < rows * channels; ++row) {
    const float* factors = upsampled.values.data() + row / channels * space;
    for (std::size_t i = 0; i < space; ++i) result.values[row * space + i] *= factors[i];
  }
  return result;
}

/// One forward pass that was run and is asked for gradients.
class Pass {
 public:
  Pass(const ExplanationPlan& plan, const std::vector<Tensor>& inputs)
      : plan_(plan), inputs_(inputs), run_(plan.runs()) {
    for (std::size_t i = 0; i < inputs.size(); ++i)
      run_->set(0, ExplanationPlan::input_name(i), inputs[i].values.data());
    run_->run(0);
    output_ = read("output", plan.output_shape);
  }

  const Tensor& output() const { return output_; }

  TargetExplanation explain(const Target& target, const std::vector<std::int64_t>& places, const basics::Work& work) {
    TargetExplanation result;
    result.target = target;
    std::vector<float> gradient(output_.values.size(), 0.0F);
    for (const std::int64_t place : places) {
      result.scores.push_back(output_.values[static_cast<std::size_t>(place)]);
      gradient[static_cast<std::size_t>(place)] = 1;
    }
    if (work.layers) add_grad_cam(gradient, result);
    if (work.guided) result.guided_backprop = input_gradients(gradient, 0);
    if (work.deconvolution) result.deconvolution = input_gradients(gradient, plan_.rules.size() - 1);
    for (std::size_t i = 0; work.product && i < inputs_.size(); ++i)
      result.guided_grad_cam.push_back(plan_.resized[i] ? product(result.guided_backprop[i], result.upsampled[i])
                                                        : Tensor{{0}, {}});
    return result;
  }

 private:
  void run(int section, const std::vector<float>& gradient) {
    run_->set(section, "output_gradient", gradient.data());
    run_->run(section);
  }

  void add_grad_cam(const std::vector<float>& gradient, TargetExplanation& result) {
    run(graph::layer_section, gradient);
    for (std::size_t i = 0; i < plan_.attributions.size(); ++i)
      result.layer_attributions.push_back(read(ExplanationPlan::attribution_name(i), plan_.attributions[i]));
    for (std::size_t i = 0; i < inputs_.size(); ++i) {
      Shape shape = inputs_[i].shape;
      if (shape.size() > 1) shape[1] = 1;
      result.upsampled.push_back(plan_.resized[i] ? read(ExplanationPlan::upsampled_name(i), shape) : Tensor{{0}, {}});
    }
  }

  std::vector<Tensor> input_gradients(const std::vector<float>& gradient, std::size_t rule) {
    bool any = false;
    for (std::size_t i = 0; i < inputs_.size(); ++i) any = any || run_->has(graph::input_gradient_name(rule, i));
    if (!any) throw ModelError("the explained output depends on none of the inputs");
    run(graph::section_of_rule(rule), gradient);
    std::vector<Tensor> gradients;
    for (std::size_t i = 0; i < inputs_.size(); ++i)
      gradients.push_back(read(graph::input_gradient_name(rule, i), inputs_[i].shape));
    return gradients;
  }

  /// What the plan does not have does not depend on the output: zeros.
  Tensor read(const std::string& name, const Shape& shape) {
    Tensor tensor = zeros(shape);
    if (run_->has(name)) run_->read(name, tensor.values.data());
    return tensor;
  }

  const ExplanationPlan& plan_;
  const std::vector<Tensor>& inputs_;
  BorrowedRun run_;
  Tensor output_;
};

void report_doubts(const onnx::Network& network, const Request& request, const ExplanationPlan& plan,
                   basics::Warnings& warnings, Explanation& explanation) {
  for (std::size_t target = 0; target < explanation.targets.size(); ++target)
    for (std::size_t i = 0; i < plan.resized.size(); ++i)
      if (!plan.resized[i])
        warnings.add("resize",
                     basics::cannot_be_resized(plan.attributions[0], request.inputs[i], request.options.interpolation),
                     explanation.warnings);
  if (!plan.rules.empty() && explanation.activations.relus_guided == 0)
    warnings.add("no relu", basics::no_relu(), explanation.warnings);
  if (!plan.attributions.empty() && !request.options.attribute_to_layer_input &&
      network.gives_computed_convolution(request.layer))
    warnings.add("convolution", basics::computed_convolution(request.layer), explanation.warnings);
  for (const TargetExplanation& target : explanation.targets) {
    if (!has_nan(target.guided_backprop) && !has_nan(target.deconvolution) && !has_nan(target.layer_attributions))
      continue;
    warnings.add("nan", basics::holds_nan(target.target), explanation.warnings);
    break;
  }
}

}  // namespace

Network Network::load(const std::filesystem::path& path) {
  check_file(path);
  try {
    const auto state = std::make_shared<State>();
    state->network = onnx::Network::read(path);
    state->inputs = ports_of(state->network->inputs());
    state->outputs = ports_of(state->network->outputs());
    return Network(state);
  } catch (const onnx::Error& reason) {
    throw ModelError(reason.what());
  }
}

const std::vector<Port>& Network::inputs() const { return state_->inputs; }
const std::vector<Port>& Network::outputs() const { return state_->outputs; }

std::vector<LayerInfo> Network::layers(const std::vector<Shape>& input_shapes) const {
  return layers_of(*state_->network, given(input_shapes));
}

std::string Network::default_layer(const std::vector<Shape>& input_shapes) const {
  return default_layer_of(layers(input_shapes));
}

Explanation Network::explain(const std::vector<Tensor>& inputs, const std::string& layer,
                             const std::vector<Target>& targets, const Options& options) const {
  return explain(inputs, layer, [&targets](const Tensor&) { return targets; }, options);
}

Explanation Network::explain(const std::vector<Tensor>& inputs, const std::string& layer,
                             const ChooseTargets& choose_targets, const Options& options) const {
  check_inputs(inputs);
  Request request{{}, layer, options};
  for (const Tensor& input : inputs) request.inputs.push_back(input.shape);
  std::shared_ptr<const ExplanationPlan> plan;
  try {
    plan = state_->plans.plan_for(request.key(),
                                  [&] { return std::make_shared<const ExplanationPlan>(*state_->network, request); });
  } catch (const CannotCompile& reason) {
    throw ModelError(std::string("the ONNX network cannot be explained: ") + reason.what());
  }
  Pass pass(*plan, inputs);
  Explanation explanation;
  explanation.output = pass.output();
  explanation.activations = plan->report;
  const std::vector<Target> targets = choose_targets(explanation.output);
  std::vector<std::vector<std::int64_t>> places;  // all targets are checked before the first gradient is computed
  for (const Target& target : targets)
    places.push_back(basics::chosen_places(target, plan->output_shape, inputs[0].shape[0]));
  for (std::size_t i = 0; i < targets.size(); ++i)
    explanation.targets.push_back(pass.explain(targets[i], places[i], request.work()));
  report_doubts(*state_->network, request, *plan, state_->warnings, explanation);
  return explanation;
}

std::vector<GraphStage> Network::graph_stages(const std::vector<Shape>& input_shapes, const std::string& layer,
                                              const Options& options) const {
  try {
    const std::size_t output = chosen_output(*state_->network, options.output_element);
    const auto forward = forward_of(*state_->network, given(input_shapes), input_shapes.size(), output, {layer},
                                    options.attribute_to_layer_input);
    return stages_of(forward, {basics::ReluGradient::guided, options.guided_rule, options.guide_clipped_relus});
  } catch (const Error&) {
    throw;
  } catch (const std::exception& reason) {
    throw ModelError(std::string("the network cannot be compiled: ") + reason.what());
  }
}

}  // namespace whycam::plain
