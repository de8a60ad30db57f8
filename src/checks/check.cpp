// The questions of check_trust, one function each.
#include <ATen/CPUGeneratorImpl.h>
#include <ATen/core/grad_mode.h>
#include <ATen/ops/argsort.h>
#include <ATen/ops/cat.h>
#include <ATen/ops/randperm.h>
#include <ATen/ops/zeros_like.h>
#include <c10/core/InferenceMode.h>

#include <algorithm>
#include <optional>
#include <sstream>

#include "checks/pixel_curves.h"
#include "checks/randomisation.h"
#include "checks/scores.h"
#include "torch/model/failure.h"
#include "whycam/errors.h"
#include "whycam/guided_grad_cam.h"
#include "whycam/trust.h"

namespace whycam {
namespace {

class Checker {
 public:
  Checker(const Model& model, const Layer& layer, const torch::Tensor& input, std::int64_t target,
          const TrustOptions& options)
      : model_(model), layer_(layer), input_(input), options_(options) {
    options_.attribute.methods(default_methods());
    report_.target = target;
  }

  TrustReport run() {
    explain();
    compare_classes();
    randomise();
    follow_pixels();
    return std::move(report_);
  }

 private:
  const torch::Tensor& map(const Explanation& explanation, std::size_t target, Method method) const {
    return explanation.targets[target].attributions(method)[0];
  }

  MethodSimilarity similarity(const Explanation& other, std::size_t target) const {
    MethodSimilarity result;
    for (const Method method : default_methods()) {
      const torch::Tensor &one = map(report_.explanation, 0, method), &two = map(other, target, method);
      if (one.numel() > 0 && two.numel() > 0) result[method] = map_similarity(one, two);
    }
    return result;
  }

  double probability(const torch::Tensor& output, std::int64_t of_class) const {
    return checks::measured(output.reshape(-1), of_class, report_.measure);
  }

  std::size_t batch_size() const {
    constexpr std::size_t of_measure = 3;
    return options_.pixel_steps == 0 ? of_measure
                                     : std::clamp<std::size_t>(options_.batch_size, 1, options_.pixel_steps + 1);
  }

  /// How classes are measured: by the scores of the picture, of its blurred self and of the mean colour.
  void choose_measure() {
    scores_.emplace(model_, options_.attribute, batch_size(), input_, report_.explanation.output);
    report_.measure = options_.measure;
    if (options_.measure == Measure::automatic)
      report_.measure = checks::measure_of(
          options_.measure, (*scores_)(at::cat({input_, checks::blurred(input_), at::zeros_like(input_)})));
  }

  /// The class first, then the next best ones and the least probable.
  void explain() {
    std::vector<std::int64_t> others;
    const auto choose = [&](const torch::Tensor& output) {
      shape_ = output.sizes().vec();
      std::vector<Target> targets{checks::target_of(report_.target, shape_)};
      const torch::Tensor order = at::argsort(output.reshape(-1), 0, /*descending=*/true);
      for (std::int64_t i = 0; i < order.numel(); ++i)
        if (const std::int64_t one = order[i].item<std::int64_t>(); one != report_.target) others.push_back(one);
      if (const std::size_t last = others.size(); last > options_.other_classes + 1)
        others.erase(others.begin() + static_cast<std::ptrdiff_t>(options_.other_classes), others.end() - 1);
      if (options_.other_classes == 0) others.clear();
      for (const std::int64_t other : others) targets.push_back(checks::target_of(other, shape_));
      return targets;
    };
    report_.explanation = GuidedGradCam(model_, layer_).explain({input_}, choose, options_.attribute);
    choose_measure();
    report_.probability = probability(report_.explanation.output, report_.target);
    for (const std::int64_t other : others)
      report_.classes.push_back({other, probability(report_.explanation.output, other), {}});
  }

  void compare_classes() {
    for (std::size_t i = 0; i < report_.classes.size(); ++i)
      report_.classes[i].similarity = similarity(report_.explanation, i + 1);
    if (report_.classes.empty() && options_.other_classes > 0)
      report_.left_out.push_back("no other class: the output has one alone");
  }

  void randomise() {
    if (options_.randomisation_steps == 0) return;
    checks::WeightedModules found;
    try {
      found = checks::modules_with_weights(model_, input_, options_.attribute);
    } catch (const ModelError& reason) {
      report_.left_out.push_back(std::string("the weights were not randomised: ") + reason.what());
      return;
    }
    say_not_randomised(found.not_called);
    const std::vector<std::string>& modules = found.called;
    const std::size_t steps = std::min(options_.randomisation_steps, modules.size());
    std::vector<std::string> replaced;
    AttributeOptions attribute = options_.attribute;
    if (attribute.engine() == Engine::automatic)
      attribute.engine(Engine::autograd);  // each network is explained once: not worth compiling
    for (std::size_t step = 0; step < steps; ++step) {
      RandomisationStep& one = report_.randomisation.emplace_back();
      const std::size_t end = modules.size() - modules.size() * step / steps,
                        begin = modules.size() - modules.size() * (step + 1) / steps;
      one.modules.assign(modules.begin() + static_cast<std::ptrdiff_t>(begin),
                         modules.begin() + static_cast<std::ptrdiff_t>(end));
      replaced.insert(replaced.end(), one.modules.begin(), one.modules.end());
      const Model network = checks::randomised(model_, replaced, options_.seed);
      const Explanation explanation =
          GuidedGradCam(network, layer_).explain({input_}, {checks::target_of(report_.target, shape_)}, attribute);
      one.probability = probability(explanation.output, report_.target);
      one.similarity = similarity(explanation, 0);
    }
  }

  void say_not_randomised(const std::vector<std::string>& modules) {
    if (modules.empty()) return;
    constexpr std::size_t named = 8;
    std::string names;
    for (std::size_t i = 0; i < std::min(named, modules.size()); ++i)
      names += (i > 0 ? ", " : "") + (modules[i].empty() ? std::string("the network itself") : modules[i]);
    if (modules.size() > named) names += " and " + std::to_string(modules.size() - named) + " more";
    report_.left_out.push_back(
        "these modules hold weights but are not called on this input; if the network uses the weights directly, they "
        "stayed as trained: " +
        names);
  }

  /// Whether the map orders the pixels.
  bool has_order(const torch::Tensor& map, Method method) {
    if (map.numel() == 0) return false;
    if (map.isfinite().all().item<bool>()) return true;
    report_.left_out.push_back("no pixels were inserted or deleted in the order of " + std::string(title(method)) +
                               ": its map holds NaN or infinity");
    return false;
  }

  void follow_pixels() {
    if (options_.pixel_steps == 0) return;
    for (std::size_t i = 0; i <= options_.pixel_steps; ++i)
      report_.fractions.push_back(static_cast<double>(i) / static_cast<double>(options_.pixel_steps));
    const checks::Measured measured = [&](const torch::Tensor& pictures) {
      const torch::Tensor rows = (*scores_)(pictures);
      std::vector<double> numbers;
      for (std::int64_t i = 0; i < rows.size(0); ++i) numbers.push_back(probability(rows[i], report_.target));
      return numbers;
    };
    const torch::Tensor empty = at::zeros_like(input_), blurred = checks::blurred(input_);
    const std::size_t batch = batch_size();
    const auto both = [&](const torch::Tensor& order) {
      return std::pair(checks::pixel_curve(measured, blurred, input_, order, report_.fractions, batch),
                       checks::pixel_curve(measured, input_, empty, order, report_.fractions, batch));
    };
    for (const Method method : default_methods()) {
      const torch::Tensor& attribution = map(report_.explanation, 0, method);
      if (!has_order(attribution, method)) continue;
      auto [insertion, deletion] = both(checks::order_of(attribution));
      report_.insertion.methods[method] = std::move(insertion);
      report_.deletion.methods[method] = std::move(deletion);
    }
    for (std::size_t i = 0; i < options_.random_orders; ++i) {
      const at::Generator generator = at::detail::createCPUGenerator(options_.seed + i);
      const torch::Tensor order =
          at::randperm(input_.size(2) * input_.size(3), generator, at::TensorOptions(at::kLong));
      const auto [insertion, deletion] = both(order);
      add(report_.insertion.random, insertion);
      add(report_.deletion.random, deletion);
    }
  }

  void add(PixelCurve& mean, const PixelCurve& curve) const {
    const double share = 1 / static_cast<double>(options_.random_orders);
    mean.probabilities.resize(curve.probabilities.size(), 0);
    for (std::size_t i = 0; i < curve.probabilities.size(); ++i)
      mean.probabilities[i] += share * curve.probabilities[i];
    mean.area += share * curve.area;
  }

  const Model& model_;
  const Layer& layer_;
  torch::Tensor input_;
  TrustOptions options_;
  std::vector<std::int64_t> shape_;  ///< of the output
  std::optional<checks::Scores> scores_;
  TrustReport report_;
};

}  // namespace

TrustReport check_trust(const Model& model, const Layer& layer, const torch::Tensor& input, std::int64_t target,
                        const TrustOptions& options) {
  if (!input.defined() || input.dim() != 4 || input.size(0) != 1) {
    std::ostringstream given;
    if (input.defined()) given << input.sizes();
    throw InputError("the check takes one example, a tensor of 1 x C x H x W; this one is " +
                     (input.defined() ? "of the shape " + given.str() : "undefined"));
  }
  const c10::InferenceMode not_inference(false);
  const torch::NoGradGuard without_gradients;
  return network::or_model_error([&] { return Checker(model, layer, input.detach(), target, options).run(); });
}

}  // namespace whycam
