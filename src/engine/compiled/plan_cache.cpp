#include "engine/compiled/plan_cache.h"

#include <ATen/Parallel.h>

#include <algorithm>

#include "engine/compiled/program.h"
#include "model/failure.h"
#include "whycam/errors.h"

namespace whycam::engine {
namespace {

void check_runs_here(const Request& request) {
  plain::require_onednn();
  for (const torch::Tensor& input : request.inputs) {
    if (!input.device().is_cpu()) throw CannotCompile("inputs on " + input.device().str());
    if (input.scalar_type() != torch::kFloat)
      throw CannotCompile(std::string("inputs of the type ") + c10::toString(input.scalar_type()) +
                          "; plans compute in float32");
  }
}

/// Which tensors of a layer are explained. What is not there is left to the autograd engine, which says what is wrong.
std::vector<std::size_t> chosen_tensors(const Layer& layer, std::size_t count) {
  if (count == 0) throw CannotCompile("a layer that does not run");
  std::vector<std::size_t> chosen;
  if (layer.index()) {
    if (*layer.index() < 0 || *layer.index() >= static_cast<std::int64_t>(count))
      throw CannotCompile("a tensor that a layer does not have");
    return {static_cast<std::size_t>(*layer.index())};
  }
  for (std::size_t i = 0; i < count; ++i) chosen.push_back(i);
  return chosen;
}

}  // namespace

CompiledPlan::CompiledPlan(const network::Network& network, const Request& request) : rules(request.rules) {
  // What is wrong with the network or its arguments, the autograd engine says better.
  plain::or_cannot_compile([&] { compile(network, request); }, network::first_sentence);
}

void CompiledPlan::compile(const network::Network& network, const Request& request) {
  check_runs_here(request);
  Lowered lowered = lower(network, request);
  plain_report = plain::activations(lowered, false);
  clipped_report = plain::activations(lowered, true);
  output_shape = lowered.graph.shape(lowered.output);
  for (std::size_t i = 0; i < request.layers.size(); ++i) {
    layer_tensors.push_back(chosen_tensors(request.layers[i], lowered.layers[i].size()));
    auto& shapes = layer_shapes.emplace_back();
    for (const std::size_t j : layer_tensors.back()) shapes.push_back(lowered.graph.shape(lowered.layers[i][j]));
  }
  const graph::Graph graph = graph::optimise(program(lowered, rules));
  for (std::size_t i = 0; i < request.layers.size(); ++i)
    if (std::none_of(layer_tensors[i].begin(), layer_tensors[i].end(),
                     [&](std::size_t j) { return graph.output(layer_gradient_name(i, j)) != graph::no_value; }))
      throw CannotCompile("a layer that the output does not depend on");
  lowered.graph = {};
  runs_.emplace(graph);
}

std::shared_ptr<const CompiledPlan> PlanCache::plan_for(const Request& request) {
  return plans_.plan_for(plan_key(request, at::get_num_threads(), network_->weights_version()),
                         [&] { return std::make_shared<const CompiledPlan>(*network_, request); });
}

}  // namespace whycam::engine
