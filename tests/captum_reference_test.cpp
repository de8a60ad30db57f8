// Every attribution equals what Captum answers for the same network with its ReLUs as modules.
#include <gtest/gtest.h>

#include "support/reference.h"

namespace whycam::test {
namespace {

class CaptumReference : public testing::TestWithParam<ReferenceCase> {
 protected:
  void SetUp() override {
    tensors_ = GetParam().tensors();
    inputs_ = GetParam().inputs(tensors_);
    options_ = GetParam().options(tensors_);
    layer_ = GetParam().row.at("layer");
  }

  void expect_all(const std::vector<torch::Tensor>& actual, const std::string& name) {
    ASSERT_EQ(actual.size(), inputs_.size());
    for (std::size_t i = 0; i < actual.size(); ++i) {
      const std::string key = name + "." + std::to_string(i);
      expect_close(actual[i], tensors_.at(key), GetParam().tolerance(), key);
    }
  }

  std::map<std::string, torch::Tensor> tensors_;
  std::vector<torch::Tensor> inputs_;
  AttributeOptions options_;
  std::string layer_;
};

TEST_P(CaptumReference, GuidedGradCam) {
  const GuidedGradCam guided_grad_cam(Model::load(GetParam().network()), layer_);
  expect_all(guided_grad_cam.attribute(inputs_, GetParam().target(), options_), "guided_grad_cam");
}

TEST_P(CaptumReference, LayerGradCam) {
  const LayerGradCam layer_grad_cam(Model::load(GetParam().network()), layer_);
  expect_close(layer_grad_cam.attribute(inputs_, GetParam().target(), options_), tensors_.at("layer_grad_cam"),
               GetParam().tolerance(), "layer_grad_cam");
}

TEST_P(CaptumReference, GuidedBackprop) {
  const GuidedBackprop guided_backprop(Model::load(GetParam().network()));
  expect_all(guided_backprop.attribute(inputs_, GetParam().target(), options_), "guided_backprop");
}

TEST_P(CaptumReference, Deconvolution) {
  if (!tensors_.count("deconvolution.0")) GTEST_SKIP() << "the reference has no deconvolution";
  const Deconvolution deconvolution(Model::load(GetParam().network()));
  expect_all(deconvolution.attribute(inputs_, GetParam().target(), options_), "deconvolution");
}

TEST_P(CaptumReference, ExplainGivesTheSameFromOneForwardPass) {
  const GuidedGradCam guided_grad_cam(Model::load(GetParam().network()), layer_);
  AttributeOptions options = options_;
  options.methods({Method::grad_cam, Method::guided_backprop, Method::guided_grad_cam, Method::deconvolution});
  const Explanation explanation = guided_grad_cam.explain(inputs_, {GetParam().target()}, options);
  ASSERT_EQ(explanation.targets.size(), 1u);
  const TargetExplanation& target = explanation.targets[0];
  ASSERT_EQ(target.layers.size(), 1u);
  expect_all(target.layers[0].guided_grad_cam, "guided_grad_cam");
  expect_all(target.guided_backprop, "guided_backprop");
  if (tensors_.count("deconvolution.0")) expect_all(target.deconvolution, "deconvolution");
  expect_close(target.layers[0].layer_attributions.at(0), tensors_.at("layer_grad_cam").clamp_min(0),
               GetParam().tolerance(), "layer_grad_cam");
  EXPECT_EQ(explanation.engine, "autograd");
  EXPECT_GT(explanation.activations.relus_guided, 0);
}

std::string name_of(const testing::TestParamInfo<ReferenceCase>& info) { return info.param.name(); }

INSTANTIATE_TEST_SUITE_P(Goldens, CaptumReference, testing::ValuesIn(reference_cases("goldens")), name_of);
INSTANTIATE_TEST_SUITE_P(Real, CaptumReference, testing::ValuesIn(reference_cases("real")), name_of);
GTEST_ALLOW_UNINSTANTIATED_PARAMETERIZED_TEST(CaptumReference);

TEST(CaptumReferenceFolder, IsThere) {
  if (!std::filesystem::exists(reference_dir() / "goldens"))
    GTEST_SKIP() << "no reference answers at " << reference_dir();
  EXPECT_GE(reference_cases("goldens").size(), 47u);
  EXPECT_EQ(reference_cases("real").size(), 6u);
}

}  // namespace
}  // namespace whycam::test
