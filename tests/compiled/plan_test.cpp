// Plans on oneDNN give what the plain evaluator and autograd give.
#include <gtest/gtest.h>

#include "compiled/compare.h"
#include "support/scripted.h"

namespace whycam::test {
namespace {

class PlansOnGoldens : public testing::TestWithParam<ReferenceCase> {};

TEST_P(PlansOnGoldens, EqualAutograd) {
  const auto tensors = GetParam().tensors();
  const Model model = Model::load(GetParam().network());
  const engine::Request request = request_of(GetParam(), tensors);
  if (request.inputs[0].scalar_type() != torch::kFloat) GTEST_SKIP() << "plans compute in float32";
  engine::AutogradRun run(runnable(model), request);
  const torch::Tensor gradient = some_gradient(run.output());
  const auto expected = outputs_of(run, gradient);
  const graph::Forward lowered = engine::lower(*model.network(), request);
  const graph::Graph program = graph::optimise(graph::program(lowered, all_treatments()));
  expect_same(outputs_of_plan(program, request, gradient), expected, 1e-4);
}

std::string name_of(const testing::TestParamInfo<ReferenceCase>& info) { return info.param.name(); }
INSTANTIATE_TEST_SUITE_P(Goldens, PlansOnGoldens, testing::ValuesIn(reference_cases("goldens")), name_of);
INSTANTIATE_TEST_SUITE_P(Real, PlansOnGoldens, testing::ValuesIn(reference_cases("real")), name_of);
GTEST_ALLOW_UNINSTANTIATED_PARAMETERIZED_TEST(PlansOnGoldens);

}  // namespace
}  // namespace whycam::test
