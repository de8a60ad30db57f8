// Networks on a GPU: the CPU's numbers, which lie on the GPU. Skipped where libtorch finds none; device lists are in
// concurrency_test.cpp, too.
#include <gtest/gtest.h>
#include <torch/cuda.h>
#include <torch/nn.h>

#include "support/gpu.h"
#include "support/reference.h"
#include "support/scripted.h"
#include "support/temporary_folder.h"

namespace whycam::test {
namespace {

namespace nn = torch::nn;

const std::filesystem::path shapes = std::filesystem::path(WHYCAM_SOURCE_DIR) / "examples/shapes/shapes.pt";

/// Double precision: sums in another order alone.
constexpr double rounding = 1e-10;
/// Single precision: where an activation is 0 up to rounding, a ReLU's mask may flip, as between two processors.
constexpr double flipped_masks = 1e-2;

class Cuda : public testing::Test {
 protected:
  void SetUp() override {
    if (!torch::cuda::is_available()) GTEST_SKIP() << no_gpu;
    torch::manual_seed(12);
  }
  const WithoutTf32 without_tf32_;
};

Model shapes_in_double(torch::Device device) {
  torch::jit::Module module = torch::jit::load(shapes.string(), device);
  module.to(torch::kDouble);
  module.eval();
  return Model(module);
}

/// The CPU's numbers, which are not all 0, on the GPU.
void expect_on_gpu(const torch::Tensor& actual, const torch::Tensor& expected, double tolerance,
                   const std::string& what) {
  EXPECT_TRUE(actual.is_cuda()) << what;
  EXPECT_GT(expected.abs().max().item<double>(), 0) << what;
  expect_close(actual.cpu(), expected, tolerance, what);
}

void expect_the_cpus_numbers(const Model& on_cpu, const Model& on_gpu, const torch::Tensor& images, double tolerance) {
  const auto target = Target::per_example({0, 3, 4, 1, 5});
  const auto options = AttributeOptions().interpolate_mode(Interpolation::bilinear);
  const auto expect = [&](const char* what, const auto& explain) {
    expect_on_gpu(explain(on_gpu, images.to(torch::kCUDA)), explain(on_cpu, images), tolerance, what);
  };
  expect("Guided Grad-CAM", [&](const Model& model, const torch::Tensor& x) {
    return GuidedGradCam(model, "stage4").attribute(x, target, options);
  });
  expect("Grad-CAM", [&](const Model& model, const torch::Tensor& x) {
    return LayerGradCam(model, "stage4").attribute(x, target);
  });
  expect("guided backpropagation",
         [&](const Model& model, const torch::Tensor& x) { return GuidedBackprop(model).attribute(x, target); });
  expect("deconvolution",
         [&](const Model& model, const torch::Tensor& x) { return Deconvolution(model).attribute(x, target); });
}

TEST_F(Cuda, HasTheCpusNumbers) {
  const Model on_gpu = Model::load(shapes, torch::kCUDA);
  expect_the_cpus_numbers(Model::load(shapes), on_gpu, torch::randn({5, 3, 64, 64}), flipped_masks);
  const torch::Tensor image = torch::randn({1, 3, 64, 64});
  EXPECT_EQ(on_gpu.default_layer({image.to(torch::kCUDA)}), Model::load(shapes).default_layer({image}));
}

TEST_F(Cuda, HasTheCpusNumbersInDoublePrecision) {
  expect_the_cpus_numbers(shapes_in_double(torch::kCPU), shapes_in_double(torch::kCUDA),
                          torch::randn({5, 3, 64, 64}, torch::kDouble), rounding);
}

/// ReLUs as they are followed in different ways: in place, in place on a view, as a clamp.
torch::jit::Module network_of_relus() {
  const auto weight = [](int out, int in) { return torch::randn({out, in, 3, 3}, torch::kDouble); };
  return scripted(R"(
def forward(self, x):
    y = self.inner.forward(torch.conv2d(x, self.first))
    y.relu_()
    z = torch.conv2d(y, self.second)
    z[:, :4].relu_()
    return torch.clamp(torch.conv2d(z, self.third), min=0.0).mean([2, 3])
)",
                  {{"first", weight(6, 3)}, {"second", weight(8, 6)}, {"third", weight(5, 8)}},
                  {{"inner", scripted("def forward(self, x):\n    return x * 2 - 1\n")}});
}

TEST_F(Cuda, GivesEveryMethodForSeveralTargets) {
  const torch::jit::Module network = network_of_relus();
  torch::jit::Module moved = network.deepcopy();
  moved.to(torch::kCUDA);
  const torch::Tensor images = torch::randn({2, 3, 16, 16}, torch::kDouble);
  const auto options = AttributeOptions().methods(all_methods());
  const Explanation expected = GuidedGradCam(network, "inner").explain(images, {1, 4}, options);
  const Explanation actual = GuidedGradCam(moved, "inner").explain(images.to(torch::kCUDA), {1, 4}, options);
  EXPECT_EQ(actual.activations.relus_guided, 3);
  expect_on_gpu(actual.output, expected.output, rounding, "output");
  ASSERT_EQ(actual.targets.size(), 2u);
  for (std::size_t i = 0; i < 2; ++i) {
    expect_on_gpu(actual.targets[i].scores, expected.targets[i].scores, rounding, "scores");
    for (const Method method : all_methods())
      expect_on_gpu(actual.targets[i].attributions(method).at(0), expected.targets[i].attributions(method).at(0),
                    rounding, title(method));
  }
}

TEST_F(Cuda, IsAutogradsAndSaysWhy) {
  const GuidedGradCam explainer(Model::load(shapes, torch::kCUDA), "stage4");
  const torch::Tensor image = torch::rand({1, 3, 64, 64}, torch::kCUDA);
  const Explanation explanation = explainer.explain(image, {3});
  EXPECT_EQ(explanation.engine, "autograd");
  EXPECT_NE(explanation.why_not_compiled.find("inputs on cuda"), std::string::npos) << explanation.why_not_compiled;
  EXPECT_THROW(explainer.attribute(image, 3, AttributeOptions().engine(Engine::compiled)), ModelError);
}

struct NetImpl : nn::Module {
  torch::Tensor forward(torch::Tensor x) {
    x = middle(torch::relu(conv1(x)));
    return fc(conv2(x).relu_().mean({2, 3}));
  }
  nn::Conv2d conv1{register_module("conv1", nn::Conv2d(3, 4, 3))};
  Tap middle{register_module("middle", Tap())};
  nn::Conv2d conv2{register_module("conv2", nn::Conv2d(4, 6, 3))};
  nn::Linear fc{register_module("fc", nn::Linear(6, 5))};
};

TEST_F(Cuda, ExplainsACppNetworkAtItsLayersAndTaps) {
  const auto net = std::make_shared<NetImpl>();
  net->to(torch::kDouble);
  const torch::Tensor images = torch::randn({2, 3, 12, 12}, torch::kDouble);
  const auto explain = [&](const Layer& layer, torch::Device device) {
    net->to(device);
    return LayerGradCam(net, layer).attribute(images.to(device), 3);
  };
  for (const Layer& layer : {Layer(net->conv2), Layer(net->middle)})
    expect_on_gpu(explain(layer, torch::kCUDA), explain(layer, torch::kCPU), rounding, layer.path());
}

TEST_F(Cuda, CopiesACppNetworkToItsDevices) {
  nn::Sequential network(nn::Conv2d(3, 4, 3), nn::ReLU(nn::ReLUOptions(true)), nn::Conv2d(4, 6, 3), nn::ReLU(),
                         nn::AdaptiveAvgPool2d(1), nn::Flatten(), nn::Linear(6, 5));
  network->to(torch::kDouble);
  const torch::Tensor images = torch::randn({4, 3, 12, 12}, torch::kDouble);
  const auto expected = GuidedBackprop(network).attribute(images, 3);
  const auto actual = GuidedBackprop(network, {torch::kCPU, torch::kCUDA}).attribute(images.to(torch::kCUDA), 3);
  expect_on_gpu(actual, expected, rounding, "guided backpropagation");
}

TEST_F(Cuda, JoinsABatchOnTheDeviceOfItsInputs) {
  const torch::Tensor images = torch::randn({5, 3, 64, 64}, torch::kDouble);
  const auto target = Target::per_example({0, 3, 4, 1, 5});
  const auto expected = GuidedGradCam(shapes_in_double(torch::kCPU), "stage4").attribute(images, target);
  using Devices = std::vector<torch::Device>;
  for (const Devices& devices : {Devices{torch::kCUDA}, {torch::kCUDA, torch::kCUDA}, {torch::kCPU, torch::kCUDA}})
    for (const torch::Device from : {torch::kCPU, torch::kCUDA}) {
      const GuidedGradCam explainer(shapes_in_double(from), "stage4", devices);
      expect_on_gpu(explainer.attribute(images.to(torch::kCUDA), target), expected, rounding, c10::str(devices));
      const torch::Tensor on_cpu = explainer.attribute(images, target);
      EXPECT_TRUE(on_cpu.is_cpu()) << devices;
      expect_close(on_cpu, expected, rounding, c10::str(devices));
    }
}

TEST_F(Cuda, AnInputOnAnotherDeviceIsAClearError) {
  const auto message = [](torch::Device of_network, torch::Device of_input) -> std::string {
    try {
      GuidedGradCam(Model::load(shapes, of_network), "stage4").attribute(torch::zeros({1, 3, 64, 64}, of_input), 0);
    } catch (const InputError& error) {
      return error.what();
    }
    return "nothing was thrown";
  };
  const std::string from_cpu = message(torch::kCUDA, torch::kCPU), from_gpu = message(torch::kCPU, torch::kCUDA);
  EXPECT_NE(from_cpu.find("the network is on cuda:0 and an input on cpu"), std::string::npos) << from_cpu;
  EXPECT_NE(from_gpu.find("the network is on cpu and an input on cuda:0"), std::string::npos) << from_gpu;
}

TEST_F(Cuda, WhatAPlanCannotReadIsAnError) {
  const auto network = scripted("def forward(self, x, mask):\n    return torch.relu(x * mask).mean([2, 3])\n");
  const auto options = AttributeOptions().additional_forward_args({torch::ones({1, 1, 8, 8}, torch::kCUDA)});
  EXPECT_THROW(GuidedBackprop(network).attribute(torch::rand({1, 3, 8, 8}), 0, options), ModelError);
  const TemporaryFolder folder;
  const torch::Tensor image = torch::zeros({1, 3, 64, 64});
  EXPECT_THROW(
      export_explanation(Model::load(shapes, torch::kCUDA), {image}, "stage4", folder.path() / "explained.onnx"),
      ModelError);
}

TEST_F(Cuda, ChecksWhetherAnExplanationCanBeBelieved) {
  TrustOptions options;
  options.randomisation_steps = 2;
  options.pixel_steps = 4;
  const torch::Tensor image = torch::randn({1, 3, 64, 64}, torch::kDouble);
  const TrustReport expected = check_trust(shapes_in_double(torch::kCPU), "stage4", image, 3, options);
  const TrustReport actual = check_trust(shapes_in_double(torch::kCUDA), "stage4", image.to(torch::kCUDA), 3, options);
  EXPECT_NEAR(actual.probability, expected.probability, rounding);
  ASSERT_EQ(actual.randomisation.size(), expected.randomisation.size());
  EXPECT_NEAR(actual.randomisation.at(0).probability, expected.randomisation.at(0).probability, rounding);
  EXPECT_NEAR(actual.insertion.random.area, expected.insertion.random.area, rounding);
  EXPECT_EQ(actual.left_out, expected.left_out);
}

}  // namespace
}  // namespace whycam::test
