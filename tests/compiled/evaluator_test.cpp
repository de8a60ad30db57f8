// The compiler's graph, evaluated plainly in double precision, gives what autograd gives in double precision.
#include <gtest/gtest.h>

#include "compiled/compare.h"
#include "explain/explanation_plan.h"
#include "support/scripted.h"

namespace whycam::test {
namespace {

/// Both compute the same sums in double precision, in other orders.
constexpr double rounding = 1e-9;

torch::jit::Module in_double(const std::filesystem::path& path) {
  torch::jit::Module network = torch::jit::load(path.string());
  network.eval();
  network.to(torch::kDouble);
  return network;
}

void expect_compiled_equals_autograd(const torch::jit::Module& network, engine::Request request,
                                     double tolerance = rounding) {
  for (torch::Tensor& input : request.inputs) input = input.to(torch::kDouble);
  for (c10::IValue& argument : request.additional_forward_args)
    if (argument.isTensor() && argument.toTensor().defined()) argument = argument.toTensor().to(torch::kDouble);
  const Model model(network);
  engine::AutogradRun run(runnable(model), request);
  const torch::Tensor gradient = some_gradient(run.output());
  const auto expected = outputs_of(run, gradient);
  const graph::Forward lowered = engine::lower(*model.network(), request);
  graph::Graph program = graph::program(lowered, all_treatments(), /*all_outputs=*/false,
                                        [](const char*, const graph::Graph& graph) { graph::verify(graph); });
  expect_same(outputs_of(program, request, gradient), expected, tolerance);
  for (const bool clipped : {false, true}) {
    const ActivationReport actual = explain::activations(lowered, clipped);
    const ActivationReport report = run.activations(clipped);
    EXPECT_EQ(actual.relus_guided, report.relus_guided);
    EXPECT_EQ(actual.not_guided, report.not_guided);
  }
  program = graph::optimise(program, [&](const char* pass_name, const graph::Graph& graph) {
    SCOPED_TRACE(pass_name);
    graph::verify(graph);
    expect_same(outputs_of(graph, request, gradient), expected, tolerance);
  });
}

class EvaluatorOnGoldens : public testing::TestWithParam<ReferenceCase> {};

TEST_P(EvaluatorOnGoldens, EqualsAutogradInDoublePrecision) {
  const auto tensors = GetParam().tensors();
  expect_compiled_equals_autograd(in_double(GetParam().network()), request_of(GetParam(), tensors));
}

TEST(EvaluatorOnFunctions, ShrinksEqualAutogradInDoublePrecision) {
  torch::manual_seed(3);
  engine::Request request;
  request.inputs = {torch::randn({2, 3, 5, 4})};
  request.layers = {Layer("layer")};
  expect_compiled_equals_autograd(
      scripted("def forward(self, x):\n"
               "    x = self.layer.forward(torch.hardshrink(torch.conv2d(x, self.weight), 0.4))\n"
               "    return torch.softshrink(torch.relu(x) - 0.3 * x, 0.2).flatten(1)\n",
               {{"weight", torch::randn({4, 3, 3, 3}, torch::kDouble)}},
               {{"layer", scripted("def forward(self, x):\n    return x\n")}}),
      request);
}

/// Calls of every operator that resizes, on x of 2 x 4 x 5 x 4 after a reshape to as many dimensions as it takes.
const std::vector<std::string> resizings{"torch.upsample_nearest1d(x.flatten(2), [31])",
                                         "torch.upsample_linear1d(x.flatten(2), [31], True)",
                                         "torch.upsample_linear1d(x.flatten(2), None, False, [1.7])",
                                         "torch.upsample_nearest2d(x, [10, 12])",
                                         "torch.upsample_nearest2d(x, [7, 3], 1.4, 0.75)",
                                         "torch.upsample_nearest2d(x, None, [2.0, 2.5])",
                                         "torch._upsample_nearest_exact2d(x, [8, 3])",
                                         "torch.upsample_bilinear2d(x, [9, 7], False)",
                                         "torch.upsample_bilinear2d(x, [9, 7], True)",
                                         "torch.upsample_bilinear2d(x, [3, 2], False)",
                                         "torch.upsample_bilinear2d(x, None, False, [1.9, 1.6])",
                                         "torch.upsample_bicubic2d(x, [9, 7], False)",
                                         "torch.upsample_bicubic2d(x, [9, 7], True)",
                                         "torch.upsample_nearest3d(x.reshape([2, 2, 2, 5, 4]), [4, 7, 8])",
                                         "torch.upsample_trilinear3d(x.reshape([2, 2, 2, 5, 4]), [3, 7, 8], False)",
                                         "torch.upsample_trilinear3d(x.reshape([2, 2, 2, 5, 4]), [4, 10, 8], True)"};

TEST(EvaluatorOnFunctions, ResizingEqualsAutogradInDoublePrecision) {
  for (const std::string& call : resizings) {
    SCOPED_TRACE(call);
    torch::manual_seed(3);
    engine::Request request;
    request.inputs = {torch::randn({2, 3, 7, 6})};
    request.layers = {Layer("layer")};
    expect_compiled_equals_autograd(
        scripted(
            "def forward(self, x):\n    x = self.layer.forward(torch.conv2d(x, self.weight))\n    return torch.relu(" +
                call + ").flatten(1)\n",
            {{"weight", torch::randn({4, 3, 3, 3}, torch::kDouble)}},
            {{"layer", scripted("def forward(self, x):\n    return x\n")}}),
        request, 1e-6);  // matrices that resize are in single precision
  }
}

std::string name_of(const testing::TestParamInfo<ReferenceCase>& info) { return info.param.name(); }
INSTANTIATE_TEST_SUITE_P(Goldens, EvaluatorOnGoldens, testing::ValuesIn(reference_cases("goldens")), name_of);
GTEST_ALLOW_UNINSTANTIATED_PARAMETERIZED_TEST(EvaluatorOnGoldens);

}  // namespace
}  // namespace whycam::test
