// Plans on oneDNN give what the plain evaluator and autograd give.
#include <gtest/gtest.h>

#include "compiled/compare.h"
#include "engine/autograd/autograd_engine.h"
#include "onednn/plan.h"
#include "support/scripted.h"

namespace whycam::test {
namespace {

/// The outputs of a plan, each section run behind the forward pass.
std::map<std::string, torch::Tensor> outputs_of_plan(const onednn::Plan& plan, const graph::Graph& program,
                                                     const engine::Request& request,
                                                     const torch::Tensor& output_gradient) {
  const auto run = plan.start();
  const auto give = [&](int section, const std::string& name, const torch::Tensor& tensor) {
    run->set(section, name, tensor.to(torch::kFloat).contiguous().data_ptr<float>());
  };
  for (std::size_t i = 0; i < request.inputs.size(); ++i) give(0, engine::input_name(i), request.inputs[i]);
  std::size_t argument = 0;
  for (const c10::IValue& value : request.additional_forward_args)
    if (value.isTensor() && value.toTensor().defined()) give(0, engine::argument_name(argument++), value.toTensor());
  std::map<std::string, torch::Tensor> outputs;
  int last = 0;
  for (const graph::Output& output : program.outputs()) last = std::max(last, output.section);
  run->run(0);
  for (int section = 0; section <= last; ++section) {
    if (section > 0) {
      give(section, "output_gradient", output_gradient);
      run->run(section);
    }
    for (const graph::Output& output : program.outputs()) {
      if (output.section != section) continue;
      torch::Tensor tensor = torch::empty(program.shape(output.value));
      run->read(output.name, tensor.data_ptr<float>());
      outputs[output.name] = tensor;
    }
  }
  return outputs;
}

class PlansOnGoldens : public testing::TestWithParam<ReferenceCase> {};

TEST_P(PlansOnGoldens, EqualAutograd) {
  const auto tensors = GetParam().tensors();
  const Model model = Model::load(GetParam().network());
  const engine::Request request = request_of(GetParam(), tensors);
  if (request.inputs[0].scalar_type() != torch::kFloat) GTEST_SKIP() << "plans compute in float32";
  const auto pass = engine::autograd_engine(model.network())->forward(request);
  const torch::Tensor gradient = some_gradient(pass->output());
  const auto expected = outputs_of(*pass, all_rules(), gradient);
  const auto side = request.layer_inputs ? network::LayerSide::input : network::LayerSide::output;
  const engine::Lowered lowered = engine::lower(*model.network()->script(request.layers, side), request);
  const graph::Graph program = graph::optimise(engine::program(lowered, all_rules()));
  const onednn::Plan plan(program);
  expect_same(outputs_of_plan(plan, program, request, gradient), expected, 1e-4);
}

std::string name_of(const testing::TestParamInfo<ReferenceCase>& info) { return info.param.name(); }
INSTANTIATE_TEST_SUITE_P(Goldens, PlansOnGoldens, testing::ValuesIn(reference_cases("goldens")), name_of);
INSTANTIATE_TEST_SUITE_P(Real, PlansOnGoldens, testing::ValuesIn(reference_cases("real")), name_of);
GTEST_ALLOW_UNINSTANTIATED_PARAMETERIZED_TEST(PlansOnGoldens);

}  // namespace
}  // namespace whycam::test
