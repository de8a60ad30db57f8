#include "torch/engine/compiled/compiled_engine.h"

#include <ATen/Parallel.h>
#include <ATen/ops/empty.h>
#include <ATen/ops/zeros.h>

#include "explain/explanation_plan.h"
#include "explain/plan_cache.h"
#include "formats/torchscript/messages.h"
#include "formats/torchscript/symbols.h"
#include "torch/engine/compiled/plan_key.h"
#include "whycam/errors.h"

namespace whycam::engine {
namespace {

class CompiledPass : public Pass {
 public:
  CompiledPass(std::shared_ptr<const explain::ExplanationPlan> plan, const Request& request) : run_(std::move(plan)) {
    for (std::size_t i = 0; i < request.inputs.size(); ++i) set(input_name(i), request.inputs[i]);
    std::size_t argument = 0;
    for (const c10::IValue& value : request.additional_forward_args)
      if (value.isTensor() && value.toTensor().defined()) set(argument_name(argument++), value.toTensor());
    output_ = at::empty(run_.plan().output_shape, torch::kFloat);
    run_.forward(output_.data_ptr<float>());
  }

  const char* engine() const override { return "compiled"; }
  std::uint64_t working_bytes() const override { return run_.plan().runs().run_bytes(); }
  const torch::Tensor& output() const override { return output_; }
  ActivationReport activations() const override { return run_.plan().report; }
  std::optional<std::size_t> class_axis() const override { return run_.plan().parts.class_axis; }

  Explained explain(const torch::Tensor& output_gradient, bool) override {
    run_.explain(output_gradient.resolve_neg().contiguous().data_ptr<float>());
    Explained explained{{}, run_.plan().parts.warnings};
    const std::vector<methods::PartNode>& parts = run_.plan().parts.nodes;
    for (std::size_t i = 0; i < parts.size(); ++i) {
      const bool computed = parts[i].value != graph::no_value;
      torch::Tensor tensor =
          computed ? at::empty(parts[i].shape, torch::kFloat) : at::zeros(parts[i].shape, torch::kFloat);
      if (computed) run_.read(i, tensor.data_ptr<float>());
      explained.parts.push_back({parts[i].part, std::move(tensor)});
    }
    return explained;
  }

 private:
  /// oneDNN's ReLUs make NaN to 0: what is not a number would be explained as if it were.
  void set(const std::string& name, const torch::Tensor& tensor) {
    if (!torchscript::all_finite(tensor)) throw CannotCompile("inputs that hold NaN or infinity");
    run_.set(name, tensor.resolve_neg().contiguous().data_ptr<float>());
  }

  explain::ExplanationRun run_;
  torch::Tensor output_;
};

void check_runs_here(const Request& request) {
  for (const torch::Tensor& input : request.inputs) {
    if (!input.device().is_cpu()) throw CannotCompile("inputs on " + input.device().str());
    if (input.scalar_type() != torch::kFloat)
      throw CannotCompile(std::string("inputs of the type ") + c10::toString(input.scalar_type()) +
                          "; plans compute in float32");
  }
  for (const c10::IValue& argument : request.additional_forward_args)
    if (argument.isTensor() && argument.toTensor().defined() && !argument.toTensor().device().is_cpu())
      throw CannotCompile("an additional argument on " + argument.toTensor().device().str());
}

class CompiledEngine : public Engine {
 public:
  explicit CompiledEngine(std::shared_ptr<const network::Network> network) : network_(std::move(network)) {}

  std::unique_ptr<Pass> forward(const Request& request) const override {
    const PlanKey key = plan_key(request, at::get_num_threads(), network_->weights_version());
    return std::make_unique<CompiledPass>(plans_.plan_for(key, [&] { return compile(request); }), request);
  }

 private:
  std::shared_ptr<const explain::ExplanationPlan> compile(const Request& request) const {
    std::shared_ptr<const explain::ExplanationPlan> plan;
    // What is wrong with the network or its arguments, the autograd engine says better.
    core::or_cannot_compile(
        [&] {
          explain::require_backend();
          check_runs_here(request);
          plan = std::make_shared<const explain::ExplanationPlan>(lower(*network_, request), request.settings);
        },
        torchscript::first_sentence);
    return plan;
  }

  std::shared_ptr<const network::Network> network_;
  mutable explain::PlanCache<PlanKey, explain::ExplanationPlan> plans_;
};

}  // namespace

std::shared_ptr<const Engine> compiled_engine(std::shared_ptr<const network::Network> network) {
  return std::make_shared<CompiledEngine>(std::move(network));
}

}  // namespace whycam::engine
