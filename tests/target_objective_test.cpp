// Explanations of more than one number, against autograd through the same formula.
#include <gtest/gtest.h>

#include "support/reference.h"
#include "support/scripted.h"
#include "support/segmenter.h"
#include "whycam/whycam.h"

namespace whycam::test {
namespace {

class DenseTargets : public testing::TestWithParam<std::tuple<Engine, bool>> {
 protected:
  void expect_equal(const Target& target, const Target& expected) {
    const auto options = AttributeOptions().engine(engine_);
    const GuidedGradCam explainer(segmenter(channels_last_), "features");
    const Explanation one = explainer.explain({image_}, {target}, options),
                      other = explainer.explain({image_}, {expected}, options);
    EXPECT_TRUE(one.warnings.empty()) << one.warnings[0];
    expect_close(one.targets[0].scores, other.targets[0].scores, 1e-5, "scores");
    const auto &map = one.targets[0].layers[0].guided_grad_cam[0],
               &by_autograd = other.targets[0].layers[0].guided_grad_cam[0];
    EXPECT_GT(by_autograd.abs().max().item<float>(), 0);
    expect_close(map, by_autograd, 1e-5, "guided Grad-CAM of " + target.to_string());
  }

  Engine engine_ = std::get<0>(GetParam());
  bool channels_last_ = std::get<1>(GetParam());
  torch::Tensor image_ = [] {
    torch::manual_seed(1);
    return torch::randn({2, 3, 8, 10});
  }();
};

TEST_P(DenseTargets, OverRegionsAreWhatAutogradGivesForTheSum) {
  const bool last = channels_last_;
  expect_equal(Target(1).over(Region::all()), Target::of([last](const torch::Tensor& output) {
                 return in_order(output, last).select(1, 1).sum({1, 2});
               }));
  expect_equal(Target(1).over(Region::predicted()), Target::of([last](const torch::Tensor& output) {
                 const torch::Tensor scores = in_order(output, last);
                 return (scores.select(1, 1) * (scores.argmax(1) == 1)).sum({1, 2});
               }));
  const torch::Tensor mask = (torch::rand({8, 10}) > 0.5).to(torch::kFloat);
  expect_equal(Target(2).over(Region::mask(picture::to_array(mask))),
               Target::of([last, mask](const torch::Tensor& output) {
                 return (in_order(output, last).select(1, 2) * mask).sum({1, 2});
               }));
}

TEST_P(DenseTargets, AreNegatedAndCompared) {
  const bool last = channels_last_;
  const auto sum = [last](std::int64_t of_class) {
    return [last, of_class](const torch::Tensor& output) {
      return in_order(output, last).select(1, of_class).sum({1, 2});
    };
  };
  expect_equal(Target(1).over(Region::all()).negated(), Target::of(sum(1)).negated());
  expect_equal(Target(1).minus(2).over(Region::all()),
               Target::of([sum](const torch::Tensor& output) { return sum(1)(output) - sum(2)(output); }));
}

INSTANTIATE_TEST_SUITE_P(Engines, DenseTargets,
                         testing::Combine(testing::Values(Engine::compiled, Engine::autograd), testing::Bool()),
                         [](const auto& info) {
                           return to_string(std::get<0>(info.param)) +
                                  std::string(std::get<1>(info.param) ? "ClassesLast" : "ClassesFirst");
                         });

TEST(SimilarityTarget, IsWhatAutogradGivesForTheCosine) {
  torch::manual_seed(5);
  const auto network =
      scripted("def forward(self, x):\n    return self.features.forward(torch.conv2d(x, self.first)).mean([2, 3])\n",
               {{"first", torch::randn({6, 3, 3, 3})}},
               {{"features", scripted("def forward(self, x):\n    return torch.relu(x)\n")}});
  const torch::Tensor image = torch::randn({2, 3, 8, 8}), reference = torch::randn({6});
  const Target expected = Target::of([reference](const torch::Tensor& output) {
    return torch::cosine_similarity(output, reference.to(output.scalar_type()).expand_as(output), 1);
  });
  for (const Engine engine : {Engine::compiled, Engine::autograd}) {
    const auto options = AttributeOptions().engine(engine);
    const GuidedGradCam explainer(network, "features");
    const Explanation one = explainer.explain({image}, {Target::similarity(picture::to_array(reference))}, options),
                      other = explainer.explain({image}, {expected}, options);
    expect_close(one.targets[0].scores, other.targets[0].scores, 1e-5, "cosine");
    expect_close(one.targets[0].layers[0].guided_grad_cam[0], other.targets[0].layers[0].guided_grad_cam[0], 1e-5,
                 "guided Grad-CAM");
  }
}

TEST(FunctionTarget, ThatGivesSomethingElseIsAnError) {
  const auto network = segmenter(false);
  const torch::Tensor image = torch::randn({2, 3, 8, 8});
  for (const Target& target : {Target::of([](const torch::Tensor& output) { return output.sum(); }),
                               Target::of([](const torch::Tensor& output) { return output.detach().sum({1, 2, 3}); }),
                               Target::of([](const torch::Tensor&) { return torch::Tensor(); })})
    EXPECT_THROW(GuidedGradCam(network, "features").explain({image}, {target}), TargetError);
  EXPECT_THROW(
      GuidedGradCam(network, "features").explain({image}, {Target::of([](const torch::Tensor&) -> torch::Tensor {
                                                   throw std::range_error("own");
                                                 })}),
      std::range_error);
}

}  // namespace
}  // namespace whycam::test
