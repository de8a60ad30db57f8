// What was written is run before anyone else does.

#include <ATen/CPUGeneratorImpl.h>
#include <ATen/TensorOperators.h>
#include <ATen/ops/argmax.h>
#include <ATen/ops/empty.h>
#include <ATen/ops/randn.h>
#include <ATen/ops/tensor.h>

#include "backends/backend.h"
#include "core/objective.h"
#include "core/warning_texts.h"
#include "export/explanation_graph.h"
#include "export/target_gradient.h"
#include "formats/onnx/network.h"
#include "graph/passes.h"
#include "torch/engine/compiled/compiled_engine.h"
#include "whycam/errors.h"
#include "whycam/picture/tensor.h"

namespace whycam::exporting {
namespace {

/// A mask may flip where an activation is 0 up to rounding; a number that was built in for one input changes the whole
/// picture.
constexpr double tolerance = 1e-2;

using Parts = std::map<std::string, torch::Tensor>;

/// What is explained in one round, and by whom: the classes, or elements, and the mask, where the file takes one.
struct Chosen {
  std::vector<std::int64_t> targets;
  torch::Tensor mask;
};

/// The output as a target reads it: without a region, rows of elements.
core::OutputValues values_of(const Plan& plan, const torch::Tensor& output, std::optional<std::size_t> class_axis) {
  core::OutputValues values;
  const torch::Tensor numbers = output.to(torch::kDouble).contiguous();
  values.values.assign(numbers.data_ptr<double>(), numbers.data_ptr<double>() + numbers.numel());
  values.examples = output.size(0);
  values.shape = plan.target.region ? output.sizes().vec()
                                    : std::vector<std::int64_t>{values.examples, output.numel() / values.examples};
  values.class_axis = class_axis;
  return values;
}

/// Another target for each example; with a region, the class that is best at one of the places, so that there is one.
Chosen chosen_for(const Plan& plan, const torch::Tensor& output, std::size_t class_axis, std::int64_t round,
                  const Fill& fill) {
  Chosen chosen;
  const std::int64_t examples = output.size(0), elements = output.numel() / examples;
  for (std::int64_t i = 0; i < examples; ++i) {
    std::int64_t target = (3 * i + 7 * round + elements / 2) % elements;
    if (plan.target.region) {
      const torch::Tensor best = output[i].argmax(static_cast<std::int64_t>(class_axis) - 1).flatten();
      target = best[target % best.numel()].item<std::int64_t>();
    }
    chosen.targets.push_back(target);
  }
  if (plan.target.region != Region::Kind::mask) return chosen;
  std::vector<std::int64_t> space = output.sizes().vec();
  space.erase(space.begin() + static_cast<std::ptrdiff_t>(class_axis));
  chosen.mask = fill(space).gt(0).to(torch::kFloat);
  return chosen;
}

/// What the compiled engine gives for what it chose itself.
struct ByTheEngine {
  Chosen chosen;
  Parts parts;
  std::vector<std::string> warnings;
};

ByTheEngine by_the_engine(const Plan& plan, const engine::Request& request, std::int64_t round, const Fill& fill) {
  const auto pass = engine::compiled_engine(plan.network)->forward(request);
  const torch::Tensor& output = pass->output();
  const std::optional<std::size_t> class_axis = pass->class_axis();
  ByTheEngine result;
  result.chosen = chosen_for(plan, output, class_axis.value_or(1), round, fill);
  const picture::Array mask = result.chosen.mask.defined() ? picture::to_array(result.chosen.mask) : picture::Array();
  core::Objective objective =
      core::objective(target_of(plan.target, result.chosen.targets, mask).terms(), values_of(plan, output, class_axis));
  result.warnings = std::move(objective.warnings);
  const torch::Tensor gradient = at::tensor(objective.gradient, torch::kFloat).reshape(output.sizes());
  result.parts = {{plan.output, output}};
  const engine::Explained explained = pass->explain(gradient, /*last=*/true);
  for_each_part(explained.parts, [&](const engine::PartTensor& one, std::size_t input) {
    if (one.tensor.numel() > 0) result.parts[output_name(plan, one.part, input)] = one.tensor;
  });
  for (const core::Warning& warning : explained.warnings) result.warnings.push_back(warning.message);
  if (request.settings.guide() && pass->activations().relus_guided == 0) result.warnings.push_back(core::no_relu());
  return result;
}

std::vector<torch::Tensor> tensors_of(const engine::Request& request) {
  std::vector<torch::Tensor> tensors = request.inputs;
  for (const c10::IValue& argument : request.additional_forward_args)
    if (argument.isTensor() && argument.toTensor().defined()) tensors.push_back(argument.toTensor());
  return tensors;
}

Parts by_the_file(const onnx::Network& network, const engine::Request& request, const Chosen& chosen) {
  std::vector<torch::Tensor> tensors = tensors_of(request);
  if (chosen.mask.defined()) tensors.push_back(chosen.mask);
  tensors.push_back(at::tensor(chosen.targets, torch::kFloat));
  const auto last = static_cast<std::size_t>(network.inputs().size()) - 1;
  std::vector<onnx::Given> given(network.inputs().size());
  // The file has its inputs in the order in which the graph does: arguments behind inputs, then the mask, the target
  // last.
  for (std::size_t i = 0; i < given.size(); ++i)
    given[i] = {"in." + std::to_string(i), tensors.at(i).sizes().vec(), i == last};
  onnx::Lowered lowered = network.lower(given, {}, false);
  for (std::size_t i = 0; i < lowered.outputs.size(); ++i)
    if (lowered.outputs[i] != graph::no_value) lowered.graph.add_output(network.outputs()[i].name, lowered.outputs[i]);
  const auto plan = backends::cpu().prepare(graph::optimise(lowered.graph), Precision::exact);
  const auto run = plan->start();
  for (std::size_t i = 0; i < given.size(); ++i) run->set(0, given[i].name, tensors[i].contiguous().data_ptr<float>());
  run->run(0);
  Parts parts;
  for (std::size_t i = 0; i < lowered.outputs.size(); ++i) {
    if (lowered.outputs[i] == graph::no_value) continue;
    torch::Tensor part = at::empty(lowered.graph.shape(lowered.outputs[i]), torch::kFloat);
    run->read(network.outputs()[i].name, part.data_ptr<float>());
    parts[network.outputs()[i].name] = part;
  }
  return parts;
}

void compare(const Parts& expected, const Parts& actual) {
  for (const auto& [name, one] : expected) {
    const auto other = actual.find(name);
    if (other == actual.end() || other->second.sizes() != one.sizes())
      throw ModelError("the network cannot be exported: the file gives no \"" + name + "\" of the right shape");
    const double apart = (one - other->second).to(torch::kDouble).norm().item<double>(),
                 scale = one.to(torch::kDouble).norm().item<double>();
    if (!(apart <= tolerance * scale))
      throw ModelError("the network cannot be exported: the file's \"" + name +
                       "\" is not what the compiled engine gives (relative L2 error " +
                       std::to_string(scale == 0 ? apart : apart / scale) + ")");
  }
}

}  // namespace

std::vector<std::string> prove(const Plan& plan, const std::string& onnx) {
  const auto network = onnx::Network::parse(onnx, "the exported network", {});
  at::Generator generator = at::detail::createCPUGenerator(20240613);
  const auto random = [&](torch::IntArrayRef shape) {
    return at::randn(shape, generator, at::TensorOptions(at::kFloat));
  };
  std::vector<std::string> warnings;
  for (std::int64_t round = 0; round < 2; ++round) {
    const std::int64_t examples = plan.fixed_batch > 0 ? plan.fixed_batch : round + 1;
    const engine::Request request = with_examples(plan, examples, random);
    ByTheEngine expected = by_the_engine(plan, request, round, random);
    compare(expected.parts, by_the_file(*network, request, expected.chosen));
    if (round == 0) warnings = std::move(expected.warnings);
  }
  return warnings;
}

}  // namespace whycam::exporting
