// HiResCAM, against its definition put down with plain autograd.
#include <gtest/gtest.h>

#include "support/reference.h"
#include "support/scripted.h"

namespace whycam::test {
namespace {

TEST(HiResCam, IsTheNonNegativeSumOfActivationTimesGradient) {
  torch::manual_seed(31);
  const torch::Tensor first = torch::randn({4, 2, 3, 3}), second = torch::randn({3, 4, 3, 3});
  const auto layer =
      scripted("def forward(self, x):\n    return torch.relu(torch.conv2d(x, self.w))\n", {{"w", first}});
  const Model model(scripted(
      "def forward(self, x):\n    return torch.relu(torch.conv2d(self.layer.forward(x), self.w)).mean([2, 3])\n",
      {{"w", second}}, {{"layer", layer}}));
  const torch::Tensor x = torch::randn({2, 2, 9, 8});

  const torch::Tensor activation = torch::relu(torch::conv2d(x, first)).requires_grad_();
  torch::relu(torch::conv2d(activation, second)).mean({2, 3}).select(1, 2).sum().backward();
  const torch::Tensor expected = (activation * activation.grad()).sum(1, /*keepdim=*/true).clamp_min(0).detach();

  const GuidedGradCam explainer(model, "layer");
  for (const Engine engine : {Engine::autograd, Engine::compiled}) {
    const auto explanation = explainer.explain(x, {2}, AttributeOptions().methods({Method::hirescam}).engine(engine));
    const TargetExplanation& target = explanation.targets[0];
    // Both are float32 sums of the same numbers, in other orders.
    expect_close(target.layers[0].heat_maps.at(Method::hirescam)[0], expected, 1e-5, to_string(engine));
    expect_close(target.attributions(Method::hirescam)[0], interpolate(expected, {9, 8}), 1e-5, to_string(engine));
  }
}

}  // namespace
}  // namespace whycam::test
