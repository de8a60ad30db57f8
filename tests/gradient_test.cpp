// The plain gradients behind Grad-CAM, against central finite differences in double precision.
#include <gtest/gtest.h>

#include "support/reference.h"
#include "support/scripted.h"

namespace whycam::test {
namespace {

/// A smooth network whose layer's tensor can be set from outside: `layer` adds `shift` to what passes.
torch::jit::Module smooth_network(const torch::Tensor& shift) {
  torch::manual_seed(21);
  const auto layer = scripted("def forward(self, x):\n    return x + self.shift\n", {{"shift", shift}});
  return scripted(R"(
def forward(self, x):
    x = self.layer.forward(torch.tanh(torch.conv2d(x, self.first)))
    x = torch.softplus(torch.conv2d(x, self.second))
    return torch.linear(torch.sigmoid(x.flatten(1)), self.third)
)",
                  {{"first", torch::randn({3, 2, 3, 3}, torch::kDouble)},
                   {"second", torch::randn({4, 3, 2, 2}, torch::kDouble)},
                   {"third", torch::randn({5, 4 * 9}, torch::kDouble)}},
                  {{"layer", layer}});
}

TEST(LayerGradient, EqualsCentralDifferences) {
  torch::manual_seed(1);
  const torch::Tensor x = torch::randn({1, 2, 6, 6}, torch::kDouble);
  const torch::Tensor shift = torch::zeros({1, 3, 4, 4}, torch::kDouble);
  const auto score = [&](const torch::Tensor& moved) {
    return smooth_network(moved).forward({x}).toTensor()[0][2].item<double>();
  };
  // Grad-CAM from numerical gradients: equations 1 and 2 of Selvaraju et al. 2017
  constexpr double step = 1e-5;
  torch::Tensor gradient = torch::zeros_like(shift);
  for (int i = 0; i < shift.numel(); ++i) {
    torch::Tensor up = shift.clone(), down = shift.clone();
    up.view(-1)[i] += step;
    down.view(-1)[i] -= step;
    gradient.view(-1)[i] = (score(up) - score(down)) / (2 * step);
  }
  const auto network = smooth_network(shift);
  const torch::NoGradGuard no_gradients;
  const torch::Tensor activation = torch::tanh(torch::conv2d(x, network.attr("first").toTensor()));
  const torch::Tensor expected = (gradient.mean({2, 3}, true) * activation).sum(1, true);
  // central differences: an error of step^2, and rounding of 1e-16 / step
  expect_close(LayerGradCam(network, "layer").attribute(x, 2), expected, 1e-7, "Grad-CAM");
}

/// The gradient of a class's score for one example, to an error of step^2 and a rounding of 1e-16 / step.
torch::Tensor central_differences(torch::jit::Module network, const torch::Tensor& x, std::int64_t of_class) {
  torch::Tensor gradient = torch::zeros_like(x);
  constexpr double step = 1e-5;
  for (int i = 0; i < x.numel(); ++i) {
    torch::Tensor up = x.clone(), down = x.clone();
    up.view(-1)[i] += step;
    down.view(-1)[i] -= step;
    const torch::Tensor difference =
        network.forward({up}).toTensor()[0][of_class] - network.forward({down}).toTensor()[0][of_class];
    gradient.view(-1)[i] = difference.item<double>() / (2 * step);
  }
  return gradient;
}

TEST(InputGradient, EqualsCentralDifferencesWhereThereIsNoRelu) {
  const auto network = smooth_network(torch::zeros({1, 3, 4, 4}, torch::kDouble));
  torch::manual_seed(2);
  const torch::Tensor x = torch::randn({1, 2, 6, 6}, torch::kDouble);
  const torch::Tensor expected = central_differences(network, x, 4);
  expect_close(GuidedBackprop(Model(network)).attribute(x, 4), expected, 1e-7, "gradient");
}

/// libtorch's own backward pass makes wrong numbers where the gradient comes back through the transpose.
TEST(InputGradient, OfABatchNormalisationBeforeTokensEqualsCentralDifferences) {
  torch::manual_seed(3);
  const auto network = scripted(R"(
def forward(self, x):
    x = torch.batch_norm(torch.conv2d(x, self.weight), self.scale, self.scale, self.scale, self.scale, False, 0.1, 1e-5, False)
    return torch.linear(x.flatten(2).transpose(1, 2)[:, 5], self.head)
)",
                                {{"weight", torch::randn({5, 2, 3, 3}, torch::kDouble)},
                                 {"scale", torch::rand({5}, torch::kDouble) + 0.5},
                                 {"head", torch::randn({4, 5}, torch::kDouble)}});
  const torch::Tensor x = torch::randn({1, 2, 6, 6}, torch::kDouble);
  const torch::Tensor expected = central_differences(network, x, 2);
  for (const torch::Tensor& laid_out : {x, x.contiguous(torch::MemoryFormat::ChannelsLast)})
    for (const Engine engine : {Engine::autograd, Engine::automatic})
      expect_close(GuidedBackprop(network).attribute(laid_out, 2, AttributeOptions().engine(engine)), expected, 1e-7,
                   to_string(engine));
}

}  // namespace
}  // namespace whycam::test
