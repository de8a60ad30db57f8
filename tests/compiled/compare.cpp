#include "compiled/compare.h"

#include <gtest/gtest.h>

#include "backends/onednn/plan.h"
#include "explain/explanation_graph.h"

namespace whycam::test {

const network::RunnableNetwork& runnable(const Model& model) {
  return dynamic_cast<const network::RunnableNetwork&>(*model.network());
}

engine::Request request_of(const ReferenceCase& reference, const std::map<std::string, torch::Tensor>& tensors) {
  const AttributeOptions options = reference.options(tensors);
  engine::Request request;
  request.inputs = reference.inputs(tensors);
  request.additional_forward_args = options.additional_forward_args();
  request.layers = {Layer(reference.row.at("layer").get<std::string>())};
  request.layer_inputs = options.attribute_to_layer_input();
  return request;
}

std::vector<engine::ReluRule> all_rules() {
  std::vector<engine::ReluRule> rules;
  for (const auto gradient : {core::ReluGradient::guided, core::ReluGradient::deconvolution})
    for (const GuidedRule rule : {GuidedRule::captum, GuidedRule::paper})
      for (const bool clipped : {false, true}) rules.push_back({gradient, rule, clipped});
  return rules;
}

std::vector<graph::ReluTreatment> all_treatments() {
  std::vector<graph::ReluTreatment> treatments;
  for (const engine::ReluRule& rule : all_rules()) treatments.push_back(explain::treatment(rule));
  return treatments;
}

std::map<std::string, torch::Tensor> outputs_of(engine::AutogradRun& run, const torch::Tensor& output_gradient) {
  const std::vector<engine::ReluRule> rules = all_rules();
  std::map<std::string, torch::Tensor> outputs{{"output", run.output()}};
  const auto& layers = run.layer_activations();
  const auto gradients = run.layer_gradients(output_gradient);
  for (std::size_t i = 0; i < layers.size(); ++i)
    for (std::size_t j = 0; j < layers[i].size(); ++j) {
      outputs[graph::layer_name(i, j)] = layers[i][j];
      outputs[graph::layer_gradient_name(i, j)] = gradients[i][j];
    }
  for (std::size_t rule = 0; rule < rules.size(); ++rule) {
    const auto inputs = run.input_gradients(output_gradient, rules[rule]);
    for (std::size_t i = 0; i < inputs.size(); ++i) outputs[graph::input_gradient_name(rule, i)] = inputs[i];
  }
  return outputs;
}

std::map<std::string, torch::Tensor> outputs_of(const graph::Graph& program, const engine::Request& request,
                                                const torch::Tensor& output_gradient) {
  std::map<std::string, graph::Tensor> inputs;
  const auto give = [&](const std::string& name, const torch::Tensor& tensor) {
    const torch::Tensor numbers = tensor.to(torch::kDouble).contiguous();
    inputs[name] = {numbers.sizes().vec(), {numbers.data_ptr<double>(), numbers.data_ptr<double>() + numbers.numel()}};
  };
  for (std::size_t i = 0; i < request.inputs.size(); ++i) give(graph::input_name(i), request.inputs[i]);
  std::size_t argument = 0;
  for (const c10::IValue& value : request.additional_forward_args)
    if (value.isTensor() && value.toTensor().defined()) give(graph::argument_name(argument++), value.toTensor());
  give("output_gradient", output_gradient);
  std::map<std::string, torch::Tensor> outputs;
  for (const auto& [name, tensor] : graph::evaluate(program, inputs))
    outputs[name] = torch::tensor(tensor.values, torch::kDouble).reshape(tensor.shape);
  return outputs;
}

std::map<std::string, torch::Tensor> outputs_of_plan(const graph::Graph& program, const engine::Request& request,
                                                     const torch::Tensor& output_gradient) {
  const onednn::Plan plan(program);
  const auto run = plan.start();
  const auto give = [&](int section, const std::string& name, const torch::Tensor& tensor) {
    run->set(section, name, tensor.to(torch::kFloat).contiguous().data_ptr<float>());
  };
  for (std::size_t i = 0; i < request.inputs.size(); ++i) give(0, graph::input_name(i), request.inputs[i]);
  std::size_t argument = 0;
  for (const c10::IValue& value : request.additional_forward_args)
    if (value.isTensor() && value.toTensor().defined()) give(0, graph::argument_name(argument++), value.toTensor());
  std::map<std::string, torch::Tensor> outputs;
  for (const int section : {0, graph::gradient_section}) {
    if (section > 0) give(section, "output_gradient", output_gradient);
    run->run(section);
    for (const graph::Output& output : program.outputs()) {
      if (output.section != section) continue;
      torch::Tensor tensor = torch::empty(program.shape(output.value));
      run->read(output.name, tensor.data_ptr<float>());
      outputs[output.name] = tensor;
    }
  }
  return outputs;
}

torch::Tensor some_gradient(const torch::Tensor& output) {
  const torch::Tensor numbers = torch::arange(1, output.numel() + 1, output.options().dtype(torch::kDouble));
  return torch::sin(numbers).reshape(output.sizes()).to(output.scalar_type());
}

void expect_same(const std::map<std::string, torch::Tensor>& actual,
                 const std::map<std::string, torch::Tensor>& expected, double tolerance) {
  for (const auto& [name, tensor] : expected) {
    const auto found = actual.find(name);
    if (found == actual.end()) {
      EXPECT_EQ(tensor.abs().max().item<double>(), 0) << name << " is missing, so it must be zero";
      continue;
    }
    ASSERT_EQ(found->second.sizes(), tensor.sizes()) << name;
    EXPECT_LE(relative_error(found->second, tensor), tolerance) << name;
  }
}

}  // namespace whycam::test
