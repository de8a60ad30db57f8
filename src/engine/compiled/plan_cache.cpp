#include "engine/compiled/plan_cache.h"

#include <ATen/Parallel.h>

#include <algorithm>
#include <sstream>

#include "engine/compiled/program.h"
#include "model/failure.h"
#include "whycam/errors.h"

namespace whycam::engine {
namespace {

void check_runs_here(const Request& request) {
  if (!onednn::available()) throw CannotCompile("another version of oneDNN is loaded than whycam was built for");
  for (const torch::Tensor& input : request.inputs) {
    if (!input.device().is_cpu()) throw CannotCompile("inputs on " + input.device().str());
    if (input.scalar_type() != torch::kFloat)
      throw CannotCompile(std::string("inputs of the type ") + c10::toString(input.scalar_type()) + "; plans compute in float32");
  }
}

/// Which tensors of a layer are explained. What is not there is left to the autograd engine, which says what is wrong.
std::vector<std::size_t> chosen_tensors(const Layer& layer, std::size_t count) {
  if (count == 0) throw CannotCompile("a layer that does not run");
  std::vector<std::size_t> chosen;
  if (layer.index()) {
    if (*layer.index() < 0 || *layer.index() >= static_cast<std::int64_t>(count)) throw CannotCompile("a tensor that a layer does not have");
    return {static_cast<std::size_t>(*layer.index())};
  }
  for (std::size_t i = 0; i < count; ++i) chosen.push_back(i);
  return chosen;
}

}  // namespace

CompiledPlan::CompiledPlan(const network::Network& network, const Request& request) : rules(request.rules) {
  try {
    compile(network, request);
  } catch (const Error&) {
    throw;
  } catch (const CannotCompile&) {
    throw;
  } catch (const std::exception& reason) {  // what is wrong with the network or its arguments, autograd says better
    throw CannotCompile(network::first_sentence(reason));
  }
}

void CompiledPlan::compile(const network::Network& network, const Request& request) {
  check_runs_here(request);
  Lowered lowered = lower(network, request);
  plain_report = activations(lowered, false);
  clipped_report = activations(lowered, true);
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
  plan_ = std::make_unique<onednn::Plan>(graph);
}

std::unique_ptr<onednn::Run> CompiledPlan::take_run() const {
  {
    const std::lock_guard<std::mutex> lock(mutex_);
    if (!idle_.empty()) {
      auto run = std::move(idle_.back());
      idle_.pop_back();
      return run;
    }
  }
  return plan_->start();
}

void CompiledPlan::give_back(std::unique_ptr<onednn::Run> run) const {
  const std::lock_guard<std::mutex> lock(mutex_);
  if ((idle_.size() + 1) * plan_->run_bytes() <= PlanCache::most_bytes || idle_.empty()) idle_.push_back(std::move(run));
}

std::size_t CompiledPlan::bytes() const {
  const std::lock_guard<std::mutex> lock(mutex_);
  return plan_->packed_bytes() + std::max<std::size_t>(idle_.size(), 1) * plan_->run_bytes();
}

std::string PlanCache::key_of(const Request& request) const {
  std::ostringstream key;
  for (const torch::Tensor& input : request.inputs) key << input.sizes() << input.is_contiguous() << input.scalar_type() << input.device() << ';';
  for (const c10::IValue& argument : request.additional_forward_args) {
    if (argument.isTensor() && argument.toTensor().defined())
      key << argument.toTensor().sizes() << argument.toTensor().is_contiguous() << argument.toTensor().scalar_type();
    else if (!argument.isTensorList() && !argument.isTuple() && !argument.isGenericDict())
      key << argument.tagKind() << argument;
    key << ';';
  }
  for (const Layer& layer : request.layers) key << layer.path() << '#' << layer.index().value_or(-1) << layer.module() << ';';
  key << request.layer_inputs;
  for (const OutputElement& element : request.output_element)
    std::visit([&](const auto& one) { key << element.index() << one << '/'; }, element);
  for (const ReluRule& rule : request.rules)
    key << static_cast<int>(rule.gradient) << static_cast<int>(rule.rule) << rule.clipped_relus << ';';
  key << at::get_num_threads() << ' ' << network_->weights_version();
  return key.str();
}

std::shared_ptr<const CompiledPlan> PlanCache::plan_for(const Request& request) {
  const std::string key = key_of(request);
  const std::lock_guard<std::mutex> lock(mutex_);  // one compilation at a time: others may wait for the same plan
  auto entry = std::find_if(entries_.begin(), entries_.end(), [&](const Entry& one) { return one.key == key; });
  if (entry == entries_.end()) {
    Entry made{key, nullptr, {}};
    try {
      made.plan = std::make_shared<const CompiledPlan>(*network_, request);
    } catch (const CannotCompile& reason) {
      made.reason = reason.what();
    }
    entries_.push_front(std::move(made));
  } else {
    entries_.splice(entries_.begin(), entries_, entry);
  }
  std::size_t bytes = 0, kept = 0;
  for (auto one = entries_.begin(); one != entries_.end();) {
    bytes += one->plan ? one->plan->bytes() : 0;
    one = kept++ > 0 && (bytes > most_bytes || kept > 64) ? entries_.erase(one) : std::next(one);
  }
  if (!entries_.front().plan) throw CannotCompile(entries_.front().reason);
  return entries_.front().plan;
}

}  // namespace whycam::engine
