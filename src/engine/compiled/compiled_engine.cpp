#include "engine/compiled/compiled_engine.h"

#include <ATen/ops/empty.h>
#include <ATen/ops/zeros.h>

#include <algorithm>

#include "engine/compiled/plan_cache.h"
#include "engine/compiled/program.h"
#include "engine/compiled/symbols.h"
#include "whycam/errors.h"

namespace whycam::engine {
namespace {

class CompiledPass : public Pass {
 public:
  CompiledPass(std::shared_ptr<const CompiledPlan> plan, const Request& request)
      : plan_(std::move(plan)), run_(plan_->runs()) {
    for (std::size_t i = 0; i < request.inputs.size(); ++i) set_input(input_name(i), request.inputs[i]);
    std::size_t argument = 0;
    for (const c10::IValue& value : request.additional_forward_args)
      if (value.isTensor() && value.toTensor().defined()) set_input(argument_name(argument++), value.toTensor());
    for (const torch::Tensor& input : request.inputs) input_shapes_.push_back(input.sizes().vec());
    run_->run(0);
    output_ = read("output", plan_->output_shape);
    for (std::size_t i = 0; i < plan_->layer_tensors.size(); ++i) {
      auto& tensors = activations_.emplace_back();
      for (std::size_t j = 0; j < plan_->layer_tensors[i].size(); ++j)
        tensors.push_back(read(layer_name(i, plan_->layer_tensors[i][j]), plan_->layer_shapes[i][j]));
    }
  }

  const char* engine() const override { return "compiled"; }
  const torch::Tensor& output() const override { return output_; }
  const std::vector<std::vector<torch::Tensor>>& layer_activations() const override { return activations_; }
  ActivationReport activations(const ReluRule& rule) const override {
    return rule.clipped_relus ? plan_->clipped_report : plan_->plain_report;
  }
  void last_gradient_comes() override {}

  std::vector<std::vector<torch::Tensor>> layer_gradients(const torch::Tensor& output_gradient) override {
    run(layer_section, output_gradient);
    std::vector<std::vector<torch::Tensor>> gradients;
    for (std::size_t i = 0; i < plan_->layer_tensors.size(); ++i) {
      auto& of_layer = gradients.emplace_back();
      for (std::size_t j = 0; j < plan_->layer_tensors[i].size(); ++j)
        of_layer.push_back(read(layer_gradient_name(i, plan_->layer_tensors[i][j]), plan_->layer_shapes[i][j]));
    }
    return gradients;
  }

  std::vector<torch::Tensor> input_gradients(const torch::Tensor& output_gradient, const ReluRule& rule) override {
    const auto known = std::find(plan_->rules.begin(), plan_->rules.end(), rule);
    if (known == plan_->rules.end()) throw std::logic_error("a rule that the request did not name");
    const auto number = static_cast<std::size_t>(known - plan_->rules.begin());
    bool any = false;
    for (std::size_t i = 0; i < input_shapes_.size(); ++i) any = any || run_->has(input_gradient_name(number, i));
    if (!any) throw ModelError("the explained output depends on none of the inputs");
    run(section_of_rule(number), output_gradient);
    std::vector<torch::Tensor> gradients;
    for (std::size_t i = 0; i < input_shapes_.size(); ++i)
      gradients.push_back(read(input_gradient_name(number, i), input_shapes_[i]));
    return gradients;
  }

 private:
  /// oneDNN's ReLUs make NaN to 0: what is not a number would be explained as if it were.
  void set_input(const std::string& name, const torch::Tensor& tensor) {
    if (!all_finite(tensor)) throw CannotCompile("inputs that hold NaN or infinity");
    set(0, name, tensor);
  }

  void set(int section, const std::string& name, const torch::Tensor& tensor) {
    run_->set(section, name, tensor.resolve_neg().contiguous().data_ptr<float>());
  }

  void run(int section, const torch::Tensor& output_gradient) {
    set(section, "output_gradient", output_gradient);
    run_->run(section);
  }

  /// What the plan does not have does not depend on the output: zeros.
  torch::Tensor read(const std::string& name, const graph::Shape& shape) {
    if (!run_->has(name)) return at::zeros(shape, torch::kFloat);
    torch::Tensor tensor = at::empty(shape, torch::kFloat);
    run_->read(name, tensor.data_ptr<float>());
    return tensor;
  }

  std::shared_ptr<const CompiledPlan> plan_;
  plain::BorrowedRun run_;
  std::vector<graph::Shape> input_shapes_;
  torch::Tensor output_;
  std::vector<std::vector<torch::Tensor>> activations_;
};

class CompiledEngine : public Engine {
 public:
  explicit CompiledEngine(std::shared_ptr<const network::Network> network) : plans_(std::move(network)) {}
  std::unique_ptr<Pass> forward(const Request& request) const override {
    return std::make_unique<CompiledPass>(plans_.plan_for(request), request);
  }

 private:
  mutable PlanCache plans_;
};

}  // namespace

std::shared_ptr<const Engine> compiled_engine(std::shared_ptr<const network::Network> network) {
  return std::make_shared<CompiledEngine>(std::move(network));
}

}  // namespace whycam::engine
