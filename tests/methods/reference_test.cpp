// The methods of the table beside pytorch-grad-cam's and Captum's (make_reference.py).
#include <gtest/gtest.h>

#include "support/reference.h"
#include "support/scripted.h"

namespace whycam::test {
namespace {

class MethodReference : public testing::TestWithParam<Engine> {
 protected:
  std::map<std::string, torch::Tensor> reference_ =
      load_tensors(std::filesystem::path(WHYCAM_SOURCE_DIR) / "tests/methods/reference.tensors.pt");
  Model model_ = scripted(
      "def forward(self, x):\n    y = torch.relu(self.layer.forward(torch.relu(x)))\n"
      "    return torch.relu(torch.conv2d(y, self.w)).mean([2, 3])\n",
      {{"w", reference_.at("second")}},
      {{"layer",
        scripted("def forward(self, x):\n    return torch.conv2d(x, self.w)\n", {{"w", reference_.at("first")}})}});
  TargetExplanation explained(std::vector<Method> methods) const {
    const auto options = AttributeOptions().methods(std::move(methods)).engine(GetParam());
    return GuidedGradCam(model_, "layer")
        .explain({reference_.at("x")}, {Target(reference_.at("classes"))}, options)
        .targets[0];
  }
};

TEST_P(MethodReference, HeatMapsAreThoseOfPytorchGradCam) {
  const std::vector<Method> methods{Method::grad_cam, Method::grad_cam_plus_plus, Method::hirescam, Method::layer_cam,
                                    Method::xgrad_cam};
  const TargetExplanation found = explained(methods);
  for (const Method method : methods)  // float32 sums of the same numbers, in other orders
    expect_close(found.layers[0].heat_maps.at(method)[0].squeeze(1), reference_.at(to_string(method)), 1e-5,
                 title(method));
}

TEST_P(MethodReference, EigenCamIsPytorchGradCamsUpToItsSign) {
  const torch::Tensor found = explained({Method::eigen_cam}).layers[0].heat_maps.at(Method::eigen_cam)[0].squeeze(1);
  for (std::int64_t example = 0; example < 2; ++example) {
    const torch::Tensor signed_map = reference_.at("eigencam")[example];
    const bool negated = (found[example] * signed_map).sum().item<float>() < 0;
    // Products in float32 beside LAPACK's.
    expect_close(found[example], (negated ? -signed_map : signed_map).clamp_min(0), 1e-5, "Eigen-CAM");
  }
}

TEST_P(MethodReference, EigenCamHasTheSignOfTheMeanOverChannels) {
  const torch::Tensor found = explained({Method::eigen_cam}).layers[0].heat_maps.at(Method::eigen_cam)[0].squeeze(1);
  const torch::Tensor activation = torch::conv2d(torch::relu(reference_.at("x")), reference_.at("first"));
  const torch::Tensor mean = activation.sum(1) - activation.sum(1).mean({1, 2}, true);
  for (std::int64_t example = 0; example < 2; ++example) {
    torch::Tensor component = reference_.at("eigencam")[example];
    if ((component * mean[example]).sum().item<float>() < 0) component = -component;
    expect_close(found[example], component.clamp_min(0), 1e-4, "Eigen-CAM");
  }
}

TEST_P(MethodReference, MapsOfTheInputAreCaptums) {
  const TargetExplanation found = explained({Method::saliency, Method::input_x_gradient});
  for (const Method method : {Method::saliency, Method::input_x_gradient})
    expect_close(found.attributions(method)[0], reference_.at(to_string(method)), 1e-5, title(method));
}

TEST_P(MethodReference, IntegratedGradientsAreCaptums) {
  const auto options = AttributeOptions().integration(20, 0.1).engine(GetParam());
  const auto [maps, error] =
      IntegratedGradients(model_).attribute_with_error({reference_.at("x")}, Target(reference_.at("classes")), options);
  expect_close(maps[0], reference_.at("integrated-gradients"), 1e-4, "integrated gradients");
  // What is left of sums of some hundred numbers.
  EXPECT_LE((error - reference_.at("completeness-error")).abs().max().item<float>(), 1e-4);
  EXPECT_GT(reference_.at("completeness-error").abs().max().item<float>(), 1e-4) << "20 steps are few";
}

TEST_P(MethodReference, ExplainersOfTheInputAreCaptums) {
  const Target classes(reference_.at("classes"));
  const auto options = AttributeOptions().engine(GetParam());
  expect_close(Saliency(model_).attribute(reference_.at("x"), classes, options), reference_.at("saliency"), 1e-5,
               "Saliency");
  expect_close(InputXGradient(model_).attribute(reference_.at("x"), classes, options),
               reference_.at("input-x-gradient"), 1e-5, "InputXGradient");
}

TEST_P(MethodReference, SmoothMapsAreMeansOverNoisyInputs) {
  const torch::Tensor x = reference_.at("x");
  const Target classes(reference_.at("classes"));
  const auto options = AttributeOptions().engine(GetParam());
  const auto map = [&](const torch::Tensor& input, const AttributeOptions& with) {
    return GuidedGradCam(model_, "layer").attribute(input, classes, with);
  };
  const torch::Tensor one = map(x, AttributeOptions(options).smooth(1, 0.2, 9)),
                      other = map(x, AttributeOptions(options).smooth(1, 0.2, 10)),
                      both = map(x, AttributeOptions(options).smooth(2, 0.2, 9));
  EXPECT_GT(relative_error(one, other), 1e-2) << "of other noise";
  expect_close(both, (one + other) / 2, 1e-6, "the mean");  // a copy's noise comes from the seed plus its number
  EXPECT_TRUE(both.equal(map(x, AttributeOptions(options).smooth(2, 0.2, 9)))) << "the same seed";
  const torch::Tensor little = map(x, AttributeOptions(options).smooth(2, 1e-6));
  expect_close(little, map(x, options), 1e-3, "hardly any noise");
  const torch::Tensor gradients =
      Saliency(model_).attribute(x, classes, AttributeOptions(options).smooth(3, 0.5, 4).absolute_noise(true));
  expect_close(NoiseTunnel(Saliency(model_)).attribute(x, classes, 3, 0.5, AttributeOptions(options).smooth(0, 1, 4)),
               gradients, 0, "NoiseTunnel");
}

TEST_P(MethodReference, NoiseHasItsStandardDeviation) {
  // The gradient of the mean of squares is 2 x / n, so that the mean over noisy inputs shows the noise itself.
  const Model squares(scripted("def forward(self, x):\n    return (x * x).sum([1, 2, 3])\n"));
  const torch::Tensor x = torch::linspace(-3, 5, 3 * 40 * 40).reshape({1, 3, 40, 40});
  const auto noise = [&](const AttributeOptions& options) {
    return GuidedGradCam(squares, "none")
                   .explain({x}, {Target()}, AttributeOptions(options).methods({Method::gradient}).engine(GetParam()))
                   .targets[0]
                   .attributions(Method::gradient)[0] /
               2 -
           x;
  };
  // Of 4800 numbers: a standard deviation is known to a hundredth of it.
  EXPECT_NEAR(noise(AttributeOptions().smooth(1, 0.25)).std().item<float>(), 0.25 * 8, 0.06);
  EXPECT_NEAR(noise(AttributeOptions().smooth(1, 0.25).absolute_noise(true)).std().item<float>(), 0.25, 0.0075);
  EXPECT_NEAR(noise(AttributeOptions().smooth(4, 0.25).absolute_noise(true)).std().item<float>(), 0.125, 0.00375);
}

TEST_P(MethodReference, ProductsTakeAnyHeatMap) {
  const auto options = AttributeOptions().engine(GetParam()).methods({Method::hirescam, Method::guided_backprop});
  const GuidedGradCam explainer(model_, "layer");
  const Target classes(reference_.at("classes"));
  const TargetExplanation target = explainer.explain({reference_.at("x")}, {classes}, options).targets[0];
  expect_close(explainer.attribute(reference_.at("x"), classes, AttributeOptions(options).cam(Method::hirescam)),
               target.attributions(Method::hirescam)[0] * target.attributions(Method::guided_backprop)[0], 1e-6,
               "product");
  EXPECT_THROW(explainer.attribute(reference_.at("x"), classes, AttributeOptions(options).cam(Method::saliency)),
               InputError);
}

TEST(Repetition, OptionsThatMakeNoSenseAreErrors) {
  const Saliency saliency(scripted("def forward(self, x):\n    return torch.relu(x).mean([2, 3])\n"));
  const IntegratedGradients integrated(scripted("def forward(self, x):\n    return torch.relu(x).mean([2, 3])\n"));
  const torch::Tensor x = torch::randn({1, 3, 4, 4});
  EXPECT_THROW(saliency.attribute(x, 1, AttributeOptions().smooth(2, 0)), InputError);
  EXPECT_THROW(saliency.attribute(x, 1, AttributeOptions().smooth(2, NAN)), InputError);
  EXPECT_THROW(saliency.attribute(x, 1, AttributeOptions().smooth(2000000)), InputError);
  EXPECT_THROW(integrated.attribute(x, 1, AttributeOptions().integration(0)), InputError);
  EXPECT_THROW(integrated.attribute(x, 1, AttributeOptions().integration(5, INFINITY)), InputError);
}

TEST_P(MethodReference, PlainGradientsWarnOfNoMissingRelus) {
  const Model without(scripted("def forward(self, x):\n    return torch.sigmoid(x).mean([2, 3])\n"));
  const torch::Tensor x = torch::randn({1, 3, 4, 4});
  const auto warnings = [&](Method method) {
    const auto options = AttributeOptions().methods({method}).engine(GetParam());
    return GuidedGradCam(without, "none").explain({x}, {1}, options).warnings;
  };
  EXPECT_TRUE(warnings(Method::saliency).empty());
  EXPECT_EQ(warnings(Method::guided_backprop).size(), 1U);
}

INSTANTIATE_TEST_SUITE_P(Engines, MethodReference, testing::Values(Engine::compiled, Engine::autograd),
                         [](const auto& info) { return std::string(to_string(info.param)); });

}  // namespace
}  // namespace whycam::test
