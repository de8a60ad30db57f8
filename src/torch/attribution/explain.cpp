#include "torch/attribution/explain.h"

#include <ATen/Parallel.h>
#include <ATen/TensorOperators.h>
#include <ATen/core/grad_mode.h>
#include <ATen/ops/ones.h>
#include <ATen/ops/tensor.h>

#include <algorithm>

#include "core/objective.h"
#include "core/warning_texts.h"
#include "explain/threads.h"
#include "methods/repeated.h"
#include "torch/model/collected_warnings.h"
#include "torch/model/failure.h"
#include "torch/model/inputs.h"
#include "torch/model/network.h"
#include "whycam/errors.h"
#include "whycam/tensor_target.h"

namespace whycam::attribution {
namespace {

/// What a target says of the output, and the gradient of the sum over the examples with respect to the output.
struct Chosen {
  torch::Tensor scores;
  torch::Tensor output_gradient;
  std::vector<std::string> warnings;
};

/// Numbers as a tensor like another.
torch::Tensor like(const std::vector<double>& numbers, const torch::Tensor& other) {
  return at::tensor(numbers, torch::kDouble).to(other.options());
}

using FunctionOfTensors = std::shared_ptr<const TensorFunction>;

void add_function(Chosen& chosen, const Target::Term& term, const torch::Tensor& output, std::int64_t examples) {
  const torch::AutoGradMode with_gradients(true);
  const torch::Tensor leaf = output.detach().clone().requires_grad_(true);
  const torch::Tensor scores = std::get<FunctionOfTensors>(term.choice)->call(leaf);
  if (!scores.defined() || scores.numel() != examples || !scores.requires_grad())
    throw TargetError("the target's function is to give " + std::to_string(examples) +
                      " numbers that depend on the output, and gave " +
                      (scores.defined() ? "a tensor of " + c10::str(scores.sizes()) : "an undefined tensor"));
  scores.sum().backward();
  chosen.scores = chosen.scores + term.coefficient * scores.detach().reshape(-1);
  if (leaf.grad().defined()) chosen.output_gradient = chosen.output_gradient + term.coefficient * leaf.grad();
}

Chosen choose(const Target& target, const torch::Tensor& output, std::int64_t examples, const engine::Pass& pass) {
  core::OutputValues values{output.sizes().vec(), {}, examples, {}};
  const torch::Tensor numbers = output.detach().to(torch::kCPU, torch::kDouble).contiguous();
  values.values.assign(numbers.data_ptr<double>(), numbers.data_ptr<double>() + numbers.numel());
  const auto& terms = target.terms();
  if (std::any_of(terms.begin(), terms.end(), [](const Target::Term& term) { return term.region.has_value(); }))
    values.class_axis = pass.class_axis();
  std::vector<Target::Term> functions, others;
  for (const Target::Term& term : terms)
    (std::holds_alternative<FunctionOfTensors>(term.choice) ? functions : others).push_back(term);
  core::Objective objective = core::objective(others, values);
  Chosen chosen{like(objective.scores, output), like(objective.gradient, output).reshape(output.sizes()),
                std::move(objective.warnings)};
  for (const Target::Term& term : functions) add_function(chosen, term, output, examples);
  return chosen;
}

bool has_nan(const torch::Tensor& values) { return values.defined() && values.isnan().any().item<bool>(); }

/// The vectors that are called by the names of their methods.
void name_methods(TargetExplanation& target) {
  const auto of = [](const auto& maps, Method method) {
    const auto found = maps.find(method);
    return found == maps.end() ? std::vector<torch::Tensor>{} : found->second;
  };
  target.guided_backprop = of(target.input_methods, Method::guided_backprop);
  target.deconvolution = of(target.input_methods, Method::deconvolution);
  const auto name_layer = [&](LayerExplanation& layer) {
    layer.layer_attributions = of(layer.heat_maps, Method::grad_cam);
    layer.upsampled = of(layer.at_inputs, Method::grad_cam);
    layer.guided_grad_cam = of(layer.at_inputs, Method::guided_grad_cam);
  };
  for (LayerExplanation& layer : target.layers) name_layer(layer);
  name_layer(target.merged);
}

/// The arithmetic of methods::Repeated.
struct TensorArithmetic {
  using Tensor = torch::Tensor;
  using Scores = torch::Tensor;

  static void add(Tensor& sum, const Tensor& tensor, double factor) {
    sum = sum.defined() ? sum + tensor * factor : tensor * factor;
  }
  static Tensor moved(const Tensor& input, double baseline, double share) {
    return baseline + share * (input - baseline);
  }
  static void times_difference(Tensor& tensor, const Tensor& input, double baseline) {
    tensor = tensor * (input - baseline);
  }
  static void add_sums(Scores& sums, const Tensor& tensor) {
    const Tensor of_examples = tensor.reshape({tensor.size(0), -1}).sum(1);
    sums = sums.defined() ? sums + of_examples : of_examples;
  }
  static Tensor error(const Scores& sums, const Tensor& end, const Tensor& begin) { return sums - (end - begin); }
  static Tensor noisy(const Tensor& input, const Options& options, std::size_t copy) {
    const std::vector<float> numbers = methods::noise(static_cast<std::size_t>(input.numel()), options.seed + copy);
    const Tensor rows = input.reshape({input.size(0), -1});
    const Tensor range = options.noise_is_absolute ? at::ones({input.size(0), 1}, input.options())
                                                   : std::get<0>(rows.max(1, true)) - std::get<0>(rows.min(1, true));
    const Tensor normal = at::tensor(numbers, torch::kFloat).to(input.options()).reshape(rows.sizes());
    return input + (range * options.noise * normal).reshape(input.sizes());
  }
};

}  // namespace

Explainer::Explainer(const Model& model, std::vector<Layer> layers, const std::vector<torch::Device>& devices)
    : network_(model.network()), engine_(engine::engine_for(model, devices)), layers_(std::move(layers)) {}

Explanation Explainer::explain_at(std::vector<Layer> layers, const std::vector<torch::Tensor>& inputs,
                                  const ChooseTargets& choose_targets, const AttributeOptions& options,
                                  bool signed_layers, bool named_tensors) const {
  if (!choose_targets) throw InputError("the function that chooses targets is empty");
  at::get_num_threads();  // libtorch sets a thread's number when it is first asked for it: not after this one is set
  const whycam::explain::ThreadsForAWhile threads(options.options().threads);
  if (!methods::is_repeated(options.options()))
    return explain_once(std::move(layers), inputs, choose_targets, options, signed_layers, named_tensors);
  network::check_inputs(inputs);
  const torch::NoGradGuard no_gradients;
  const auto once = [&](const std::vector<torch::Tensor>& given, const std::vector<Method>& methods,
                        const ChooseTargets& targets) {
    AttributeOptions of_pass = options;
    of_pass.methods(methods);
    return explain_once(layers, given, targets, of_pass, signed_layers, named_tensors);
  };
  Explanation explanation =
      methods::Repeated<TensorArithmetic, Explanation>(options.options(), once).explain(inputs, choose_targets);
  for (TargetExplanation& target : explanation.targets) name_methods(target);
  return explanation;
}

methods::Settings Explainer::settings_for(std::vector<Layer>& layers, const AttributeOptions& options,
                                          bool signed_layers, bool named_tensors) const {
  methods::Settings settings = methods::settings_of(options.options());
  settings.keep_sign = signed_layers;
  settings.sum_channels = !signed_layers || options.attr_dim_summation();
  if (!settings.need_layers()) layers.clear();
  for (const Layer& layer : layers)
    if (named_tensors) settings.layer_names.push_back(network_->name_of(layer));
  return settings;
}

Explanation Explainer::explain_once(std::vector<Layer> layers, const std::vector<torch::Tensor>& inputs,
                                    const ChooseTargets& choose_targets, const AttributeOptions& options,
                                    bool signed_layers, bool named_tensors) const {
  network::check_inputs(inputs);
  const network::CollectedWarnings libtorch;
  const torch::NoGradGuard no_gradients;  // the engine alone turns them on
  const methods::Settings settings = settings_for(layers, options, signed_layers, named_tensors);
  engine::Request request = engine::request_of(*network_, inputs, layers, options);
  request.settings = settings;
  const auto pass = engine_->forward(request);
  Explanation explanation;
  explanation.output =
      pass->output().reshape(core::shape_with_examples(pass->output().sizes().vec(), inputs[0].size(0)));
  explanation.engine = pass->engine();
  explanation.working_bytes = pass->working_bytes();
  explanation.why_not_compiled = pass->why_not_compiled();
  explanation.activations = pass->activations();

  const std::vector<Target> targets = choose_targets(explanation.output);
  std::vector<Chosen> chosen;  // all targets are checked before the first gradient is computed
  for (const Target& target : targets) chosen.push_back(choose(target, explanation.output, inputs[0].size(0), *pass));
  for (std::size_t i = 0; i < targets.size(); ++i) {
    TargetExplanation& result = explanation.targets.emplace_back();
    result.target = targets[i];
    result.scores = chosen[i].scores;
    result.layers.resize(layers.size());
    const engine::Explained found = network::or_model_error([&] {
      return pass->explain(chosen[i].output_gradient.reshape(pass->output().sizes()), /*last=*/i + 1 == targets.size());
    });
    for (const auto& [part, tensor] : found.parts) methods::add_part(result, part, tensor);
    for (const core::Warning& warning : found.warnings) warnings_.add(warning, explanation.warnings);
    for (const std::string& sentence : chosen[i].warnings) warnings_.add("target", sentence, explanation.warnings);
    name_methods(result);
  }
  add_warnings(settings, layers, options, explanation);
  for (const std::string& message : libtorch.messages()) warnings_.add(message, message, explanation.warnings);
  return explanation;
}

void Explainer::add_warnings(const methods::Settings& settings, const std::vector<Layer>& layers,
                             const AttributeOptions& options, Explanation& explanation) const {
  if (settings.guide() && explanation.activations.relus_guided == 0)
    warnings_.add("no relu", core::no_relu(), explanation.warnings);
  if (options.precision() == Precision::fast && explanation.engine == "autograd")
    warnings_.add("precision", core::computed_exactly("autograd explains this network"), explanation.warnings);
  const auto side = options.attribute_to_layer_input() ? network::LayerSide::input : network::LayerSide::output;
  for (const std::string& warning : network_->warnings(layers, side))
    warnings_.add(warning, warning, explanation.warnings);
  for (const TargetExplanation& target : explanation.targets) {
    bool nan = false;
    methods::for_each_map(target, [&](const std::vector<torch::Tensor>& tensors) {
      nan = nan || std::any_of(tensors.begin(), tensors.end(), has_nan);
    });
    if (!nan) continue;
    warnings_.add("nan", core::holds_nan(target.target), explanation.warnings);
    break;
  }
}

ChooseTargets always(const Target& target) {
  return [target](const torch::Tensor&) { return std::vector<Target>{target}; };
}

torch::Tensor single(const std::vector<torch::Tensor>& tensors, const Layer& layer) {
  if (tensors.size() != 1)
    throw LayerError("the layer \"" + layer.path() + "\" gives " + std::to_string(tensors.size()) +
                     " tensors; choose one by its number, as in Layer(\"" + layer.path() + "\", 0)");
  return tensors[0];
}

}  // namespace whycam::attribution
