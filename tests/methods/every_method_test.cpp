// Every method of the table, by everything that computes it: both engines, the network without libtorch, an exported
// file.
#include <gtest/gtest.h>

#include "support/exported.h"
#include "support/reference.h"

namespace whycam::test {
namespace {

const std::filesystem::path shapes = std::filesystem::path(WHYCAM_SOURCE_DIR) / "examples/shapes/shapes.pt";

AttributeOptions every_method(Engine engine, std::vector<Method> methods = all_methods()) {
  return AttributeOptions()
      .methods(methods)
      .interpolate_mode(Interpolation::bilinear)
      .deconvolution_rule(GuidedRule::paper)
      .engine(engine);
}

void expect_same_maps(const std::map<Method, std::vector<torch::Tensor>>& actual,
                      const std::map<Method, std::vector<torch::Tensor>>& expected, double tolerance) {
  ASSERT_EQ(actual.size(), expected.size());
  // On the way from the baseline, some of many activations pass 0 within rounding, where the engines may not agree.
  for (const auto& [method, maps] : expected)
    for (std::size_t i = 0; i < maps.size(); ++i)
      EXPECT_LE(relative_error(actual.at(method).at(i), maps[i]),
                method == Method::integrated_gradients ? 10 * tolerance : tolerance)
          << title(method);
}

TEST(EveryMethod, IsComputedAlikeByBothEngines) {
  torch::manual_seed(5);
  const GuidedGradCam explainer(Model::load(shapes), "stage3");
  const torch::Tensor pictures = torch::randn({2, 3, 96, 96});
  const Explanation expected = explainer.explain(pictures, {1, 4}, every_method(Engine::autograd)),
                    actual = explainer.explain(pictures, {1, 4}, every_method(Engine::compiled));
  EXPECT_EQ(actual.engine, "compiled");
  for (std::size_t target = 0; target < 2; ++target) {
    // Both compute in float32, in other orders.
    const TargetExplanation &one = actual.targets[target], &other = expected.targets[target];
    expect_same_maps(one.input_methods, other.input_methods, 1e-4);
    expect_same_maps(one.layers[0].heat_maps, other.layers[0].heat_maps, 1e-4);
    expect_same_maps(one.layers[0].at_inputs, other.layers[0].at_inputs, 1e-4);
    for (const Method method : all_methods())
      EXPECT_EQ(one.attributions(method)[0].size(1), is_heat_map(method) ? 1 : 3) << title(method);
  }
}

TEST(EveryMethod, IsExported) {
  if (!OnnxRuntime::available()) GTEST_SKIP() << OnnxRuntime::missing;
  torch::manual_seed(6);
  std::vector<Method> in_one_pass;
  for (const Method method : all_methods())
    if (method != Method::integrated_gradients) in_one_pass.push_back(method);
  OnnxRuntime runtime;
  add_exported(runtime, "shapes", Model::load(shapes), {torch::zeros({1, 3, 96, 96})}, "stage3",
               every_method(Engine::automatic, in_one_pass), 1e-4);
  EXPECT_EQ(runtime.run(), "");
}

TEST(EveryMethod, IsFoundByItsName) {
  for (const Method method : all_methods()) EXPECT_EQ(method_named(to_string(method)), method);
  EXPECT_THROW(method_named("grad-cam"), InputError);
}

TEST(Explanation, SaysWhichMethodItDoesNotHave) {
  const GuidedGradCam explainer(Model::load(shapes), "stage3");
  const Explanation explanation =
      explainer.explain(torch::zeros({1, 3, 96, 96}), {1}, AttributeOptions().methods({Method::guided_backprop}));
  EXPECT_EQ(explanation.targets[0].attributions(Method::guided_backprop)[0].size(1), 3);
  EXPECT_THROW(explanation.targets[0].attributions(Method::deconvolution), InputError);
}

}  // namespace
}  // namespace whycam::test
