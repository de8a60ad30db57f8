// Running one network through the compiler and through autograd.
#pragma once

#include <string>
#include <vector>

#include "graph/evaluate.h"
#include "support/reference.h"
#include "torch/engine/autograd/autograd_run.h"
#include "torch/engine/compiled/lowering.h"

namespace whycam::test {

/// A model's network, which libtorch runs.
const network::RunnableNetwork& runnable(const Model& model);

/// What an explainer would ask an engine for in a reference case.
engine::Request request_of(const ReferenceCase& reference, const std::map<std::string, torch::Tensor>& tensors);

/// All rules that a gradient to the inputs can follow.
std::vector<engine::ReluRule> all_rules();
/// The same for the compiler.
std::vector<graph::ReluTreatment> all_treatments();

/// The outputs of graph::program by name, as autograd gives them for all rules.
std::map<std::string, torch::Tensor> outputs_of(engine::AutogradRun& run, const torch::Tensor& output_gradient);

/// The same by the plain evaluator.
std::map<std::string, torch::Tensor> outputs_of(const graph::Graph& program, const engine::Request& request,
                                                const torch::Tensor& output_gradient);

/// The same by a plan in single precision.
std::map<std::string, torch::Tensor> outputs_of_plan(const graph::Graph& program, const engine::Request& request,
                                                     const torch::Tensor& output_gradient);

/// Numbers for the output's gradient that no symmetry hides.
torch::Tensor some_gradient(const torch::Tensor& output);

/// Checks that both have the same outputs, with the largest error relative to the largest value.
void expect_same(const std::map<std::string, torch::Tensor>& actual,
                 const std::map<std::string, torch::Tensor>& expected, double tolerance);

}  // namespace whycam::test
