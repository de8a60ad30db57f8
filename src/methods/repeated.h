// What takes many passes: means over noisy inputs, and integrals from a baseline to the input. Written once, for
// explanations on buffers and on libtorch's tensors.
#pragma once

#include <algorithm>
#include <functional>
#include <string>
#include <vector>

#include "methods/method.h"
#include "whycam/network.h"

namespace whycam::methods {

/// The points and weights of the Gauss-Legendre rule on the interval from 0 to 1.
struct Quadrature {
  std::vector<double> points, weights;
};
Quadrature gauss_legendre(std::size_t points);

/// Normal numbers, the same for the same seed.
std::vector<float> noise(std::size_t count, std::uint64_t seed);

/// Throws InputError where the options for many passes make no sense.
void check_repetition(const Options& options);

/// Whether an explanation takes more than one pass.
bool is_repeated(const Options& options);

/// `Arithmetic` has, for its Tensor: add(sum, tensor, factor), which begins an empty sum; moved(input, baseline,
/// share), baseline + share * (input - baseline); times_difference(tensor, input, baseline); add_sums(scores, tensor),
/// with a sum for each example; error(sums, scores at the end, scores at the beginning); noisy(input, options, copy).
template <class Arithmetic, class Explanation>
class Repeated {
 public:
  using Tensor = typename Arithmetic::Tensor;
  using Inputs = std::vector<Tensor>;
  using Targets = std::function<std::vector<Target>(const Tensor& output)>;
  /// One pass: explains inputs by some methods.
  using Run = std::function<Explanation(const Inputs&, const std::vector<Method>&, const Targets&)>;

  Repeated(const Options& options, Run run) : options_(options), run_(std::move(run)) {
    check_repetition(options);
    for (const Method method : options.methods)
      (std::holds_alternative<PathIntegral>(definition(method).kind) ? integrals_ : others_).push_back(method);
  }

  Explanation explain(const Inputs& inputs, const Targets& choose) {
    Explanation result = run_(inputs, options_.smooth > 0 ? std::vector<Method>() : others_, choose);
    std::vector<Target> targets;
    for (const auto& target : result.targets) targets.push_back(target.target);
    fixed_ = [targets](const Tensor&) { return targets; };
    if (options_.smooth == 0) {
      add_integrals(inputs, result);
      return result;
    }
    for (std::size_t copy = 0; copy < options_.smooth; ++copy) {
      Inputs noisy;
      for (std::size_t i = 0; i < inputs.size(); ++i)
        noisy.push_back(Arithmetic::noisy(inputs[i], options_, copy * inputs.size() + i));
      Explanation one = run_(noisy, others_, fixed_);
      add_integrals(noisy, one);
      take_mean(result, one);
    }
    return result;
  }

 private:
  void add_integrals(const Inputs& inputs, Explanation& explanation) {
    for (const Method method : integrals_) {
      const Method integrand = std::get<PathIntegral>(definition(method).kind).input_map;
      std::vector<Inputs> sums(explanation.targets.size(), Inputs(inputs.size()));
      const Quadrature rule = gauss_legendre(options_.integration_steps);
      for (std::size_t step = 0; step < rule.points.size(); ++step) {
        const Explanation one = run_(at(inputs, rule.points[step]), {integrand}, fixed_);
        for (std::size_t target = 0; target < sums.size(); ++target)
          for (std::size_t i = 0; i < inputs.size(); ++i)
            Arithmetic::add(sums[target][i], one.targets[target].input_methods.at(integrand)[i], rule.weights[step]);
      }
      const Explanation begin = run_(at(inputs, 0), {}, fixed_);
      for (std::size_t target = 0; target < sums.size(); ++target) {
        auto& found = explanation.targets[target];
        typename Arithmetic::Scores total{};
        for (std::size_t i = 0; i < inputs.size(); ++i) {
          Arithmetic::times_difference(sums[target][i], inputs[i], options_.baseline);
          Arithmetic::add_sums(total, sums[target][i]);
        }
        found.completeness_error = Arithmetic::error(total, found.scores, begin.targets[target].scores);
        found.input_methods[method] = std::move(sums[target]);
      }
      merge_warnings(explanation, begin.warnings);
    }
  }

  Inputs at(const Inputs& inputs, double share) const {
    Inputs moved;
    for (const Tensor& input : inputs) moved.push_back(Arithmetic::moved(input, options_.baseline, share));
    return moved;
  }

  void take_mean(Explanation& mean, const Explanation& one) const {
    const double share = 1 / static_cast<double>(options_.smooth);
    const auto add_all = [&](Inputs& sums, const Inputs& tensors) {
      sums.resize(tensors.size());
      for (std::size_t i = 0; i < tensors.size(); ++i) Arithmetic::add(sums[i], tensors[i], share);
    };
    const auto add = [&](auto& to, const auto& from) {
      for (const auto& [method, tensors] : from) add_all(to[method], tensors);
    };
    const auto add_layer = [&](auto& to, const auto& from) {
      add(to.heat_maps, from.heat_maps);
      add(to.at_inputs, from.at_inputs);
      add(to.signed_heat_maps, from.signed_heat_maps);
      add_all(to.activations, from.activations);
      add_all(to.gradients, from.gradients);
    };
    for (std::size_t target = 0; target < mean.targets.size(); ++target) {
      auto& to = mean.targets[target];
      const auto& from = one.targets[target];
      add(to.input_methods, from.input_methods);
      to.layers.resize(from.layers.size());
      for (std::size_t layer = 0; layer < from.layers.size(); ++layer) add_layer(to.layers[layer], from.layers[layer]);
      add_layer(to.merged, from.merged);
      to.completeness_error = from.completeness_error;  // the last copy's, as an example of all
    }
    mean.activations = one.activations;
    mean.engine = one.engine;
    mean.why_not_compiled = one.why_not_compiled;
    merge_warnings(mean, one.warnings);
  }

  static void merge_warnings(Explanation& explanation, const std::vector<std::string>& warnings) {
    auto& all = explanation.warnings;
    for (const std::string& warning : warnings)
      if (std::find(all.begin(), all.end(), warning) == all.end()) all.push_back(warning);
  }

  const Options& options_;
  Run run_;
  std::vector<Method> integrals_, others_;
  Targets fixed_;
};

}  // namespace whycam::methods
