// The values that Captum's own tests state for Guided Grad-CAM, layer Grad-CAM, guided backpropagation and
// deconvolution. Each holds to 0.01, as it does there.
#include <gtest/gtest.h>

#include "support/reference.h"
#include "support/scripted.h"

namespace whycam::test {
namespace {

constexpr double tolerance = 0.01;

void expect_values(const torch::Tensor& actual, const std::vector<double>& expected, torch::IntArrayRef shape) {
  const torch::Tensor values = torch::tensor(expected, torch::kFloat).reshape(shape);
  ASSERT_EQ(actual.sizes(), values.sizes());
  EXPECT_LE((actual - values).abs().max().item<double>(), tolerance) << actual;
}

/// One convolution with weights of 1 and biases -50 and -75, a linear layer of 1s and -1s, and two ReLUs.
torch::jit::Module one_convolution(bool in_place = false) {
  const auto relu = [in_place] {
    return scripted(std::string("def forward(self, x):\n    return torch.relu") + (in_place ? "_" : "") + "(x)\n");
  };
  const auto convolution = scripted("def forward(self, x):\n    return torch.conv2d(x, self.weight, self.bias)\n",
                                    {{"weight", torch::ones({2, 1, 3, 3})}, {"bias", torch::tensor({-50.f, -75.f})}});
  return scripted(R"(
def forward(self, x, x2: Optional[Tensor] = None):
    if x2 is not None:
        x = x + x2
    x = self.relu1.forward(self.conv1.forward(x))
    return self.relu2.forward(torch.linear(x.view([-1, 8]), self.weight))
)",
                  {{"weight", torch::cat({torch::ones({4, 5}), -torch::ones({4, 3})}, 1)}},
                  {{"conv1", convolution}, {"relu1", relu()}, {"relu2", relu()}});
}

const torch::Tensor ramp = torch::arange(16, torch::kFloat).reshape({1, 1, 4, 4});
const torch::Tensor ones = torch::ones({1, 1, 4, 4});
const std::vector<double> two_inputs{14.5, 29, 38, 19, 29, 58, 76, 38, 65, 130, 148, 74, 32.5, 65, 74, 37};

TEST(CaptumsOwnValues, GuidedGradCamOfOneInput) {
  expect_values(GuidedGradCam(one_convolution(), "relu1").attribute(ramp, 0),
                {0, 0, 4, 4, 0, 0, 12, 8, 28, 84, 97.5, 65, 28, 56, 65, 32.5}, {1, 1, 4, 4});
}

TEST(CaptumsOwnValues, GuidedGradCamOfTwoInputs) {
  for (const bool in_place : {false, true}) {
    const auto both = GuidedGradCam(one_convolution(in_place), "conv1").attribute({ramp, ones}, 0);
    for (const torch::Tensor& attribution : both) expect_values(attribution, two_inputs, {1, 1, 4, 4});
  }
  const auto both = GuidedGradCam(one_convolution(true), "relu1")
                        .attribute({ramp, ones}, 0, AttributeOptions().attribute_to_layer_input(true));
  for (const torch::Tensor& attribution : both) expect_values(attribution, two_inputs, {1, 1, 4, 4});
}

TEST(CaptumsOwnValues, GuidedGradCamIsEmptyForAnInputWithoutSpace) {
  const auto both = GuidedGradCam(one_convolution(), "conv1").attribute({ramp, torch::ones({1})}, 0);
  expect_values(both[0], two_inputs, {1, 1, 4, 4});
  EXPECT_EQ(both[1].numel(), 0);
}

TEST(CaptumsOwnValues, LayerGradCamOfAConvolution) {
  const auto network = one_convolution();
  expect_values(LayerGradCam(network, "conv1").attribute(ramp, 0), {11.25, 13.5, 20.25, 22.5}, {1, 1, 2, 2});
  expect_values(LayerGradCam(network, "relu1").attribute(ramp, 0), {0, 4, 28, 32.5}, {1, 1, 2, 2});
  expect_values(LayerGradCam(network, "conv1").attribute({ramp, ones}, 0), {14.5, 19, 32.5, 37}, {1, 1, 2, 2});
  expect_values(LayerGradCam(network, "conv1").attribute(ramp, 0, AttributeOptions().attr_dim_summation(false)),
                {-3.75, 3, 23.25, 30, 15, 10.5, -3, -7.5}, {1, 2, 2, 2});
}

TEST(CaptumsOwnValues, LayerGradCamKeepsNegativeValuesUnlessAsked) {
  torch::Tensor input = ramp.clone();
  input[0][0][1][1] = -4.0;
  const LayerGradCam explainer(one_convolution(), "conv1");
  auto options = AttributeOptions().attribute_to_layer_input(true);
  const torch::Tensor plain = explainer.attribute(input, 0, options);
  EXPECT_LE((plain - 0.5625 * input).abs().max().item<double>(), tolerance);
  const torch::Tensor clipped = explainer.attribute(input, 0, options.relu_attributions(true));
  EXPECT_LE((clipped - (0.5625 * input).clamp_min(0)).abs().max().item<double>(), tolerance);
}

TEST(CaptumsOwnValues, LayerGradCamOfLayersWithoutSpace) {
  const auto identity = scripted("def forward(self, x):\n    return x * 1\n");
  const auto relus = scripted("def forward(self, a, b):\n    return torch.relu(a), torch.relu(b)\n");
  const auto network = [&](bool two) {
    return scripted(std::string(R"(
def forward(self, x):
    first = self.linear0.forward(x)
    a = torch.linear(first, self.weight1, self.bias1)
)") +
                        (two ? R"(
    b, c = self.multi_relu.forward(a, torch.linear(x, self.weight1, self.bias1))
    d = b + c
)"
                             : "    d = torch.relu(a)\n") +
                        "    return torch.linear(d, self.weight2, self.bias2)\n",
                    {{"weight1", torch::ones({4, 3})},
                     {"bias1", torch::tensor({-10.f, 1.f, 1.f, 1.f})},
                     {"weight2", torch::ones({2, 4})},
                     {"bias2", torch::tensor({-1.f, 1.f})}},
                    {{"linear0", identity}, {"multi_relu", relus}});
  };
  expect_values(LayerGradCam(network(false), "linear0").attribute(torch::tensor({{0.f, 100.f, 0.f}}), 0), {400},
                {1, 1});
  const auto both = LayerGradCam(network(true), "multi_relu").attribute_all({torch::tensor({{0.f, 6.f, 0.f}})}, 0);
  ASSERT_EQ(both.size(), 2u);
  for (const torch::Tensor& attribution : both) expect_values(attribution, {21}, {1, 1});
}

TEST(CaptumsOwnValues, GuidedBackprop) {
  expect_values(GuidedBackprop(Model(one_convolution())).attribute(ramp, 0),
                {0, 1, 1, 1, 1, 3, 3, 2, 1, 3, 3, 2, 1, 2, 2, 1}, {1, 1, 4, 4});
  for (const torch::Tensor& attribution :
       GuidedBackprop(Model(one_convolution())).attribute(std::vector<torch::Tensor>{ramp, ones}, 0))
    expect_values(attribution, {1, 2, 2, 1, 2, 4, 4, 2, 2, 4, 4, 2, 1, 2, 2, 1}, {1, 1, 4, 4});
}

TEST(CaptumsOwnValues, Deconvolution) {
  const std::vector<double> expected{2, 3, 3, 1, 3, 5, 5, 2, 3, 5, 5, 2, 1, 2, 2, 1};
  expect_values(Deconvolution(Model(one_convolution())).attribute(ramp, 0), expected, {1, 1, 4, 4});
  for (const torch::Tensor& attribution :
       Deconvolution(Model(one_convolution())).attribute(std::vector<torch::Tensor>{ramp, ones}, 0))
    expect_values(attribution, expected, {1, 1, 4, 4});
}

}  // namespace
}  // namespace whycam::test
