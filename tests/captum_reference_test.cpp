// Every attribution equals what Captum answers for the same network with its ReLUs as modules.
#include <gtest/gtest.h>

#include "support/reference.h"

namespace whycam::test {
namespace {

/// Each case by each engine.
class CaptumReference : public testing::TestWithParam<std::tuple<ReferenceCase, Engine>> {
 protected:
  void SetUp() override {
    tensors_ = reference().tensors();
    inputs_ = reference().inputs(tensors_);
    options_ = reference().options(tensors_).engine(std::get<Engine>(GetParam()));
    layer_ = reference().row.at("layer");
    if (compiled() && inputs_[0].scalar_type() != torch::kFloat)
      GTEST_SKIP() << "the compiled engine computes in float32";
  }

  static const ReferenceCase& reference() { return std::get<ReferenceCase>(GetParam()); }
  static bool compiled() { return std::get<Engine>(GetParam()) == Engine::compiled; }

  void expect_all(const std::vector<torch::Tensor>& actual, const std::string& name) {
    ASSERT_EQ(actual.size(), inputs_.size());
    for (std::size_t i = 0; i < actual.size(); ++i) {
      const std::string key = name + "." + std::to_string(i);
      expect_close(actual[i], tensors_.at(key), reference().tolerance(), key);
    }
  }

  std::map<std::string, torch::Tensor> tensors_;
  std::vector<torch::Tensor> inputs_;
  AttributeOptions options_;
  std::string layer_;
};

TEST_P(CaptumReference, GuidedGradCam) {
  const GuidedGradCam guided_grad_cam(Model::load(reference().network()), layer_);
  expect_all(guided_grad_cam.attribute(inputs_, reference().target(), options_), "guided_grad_cam");
}

TEST_P(CaptumReference, LayerGradCam) {
  const LayerGradCam layer_grad_cam(Model::load(reference().network()), layer_);
  expect_close(layer_grad_cam.attribute(inputs_, reference().target(), options_), tensors_.at("layer_grad_cam"),
               reference().tolerance(), "layer_grad_cam");
}

TEST_P(CaptumReference, GuidedBackprop) {
  const GuidedBackprop guided_backprop(Model::load(reference().network()));
  expect_all(guided_backprop.attribute(inputs_, reference().target(), options_), "guided_backprop");
}

TEST_P(CaptumReference, Deconvolution) {
  if (!tensors_.count("deconvolution.0")) GTEST_SKIP() << "the reference has no deconvolution";
  const Deconvolution deconvolution(Model::load(reference().network()));
  expect_all(deconvolution.attribute(inputs_, reference().target(), options_), "deconvolution");
}

TEST_P(CaptumReference, ExplainGivesTheSameFromOneForwardPass) {
  const GuidedGradCam guided_grad_cam(Model::load(reference().network()), layer_);
  AttributeOptions options = options_;
  options.methods({Method::grad_cam, Method::guided_backprop, Method::guided_grad_cam, Method::deconvolution});
  const Explanation explanation = guided_grad_cam.explain(inputs_, {reference().target()}, options);
  ASSERT_EQ(explanation.targets.size(), 1u);
  const TargetExplanation& target = explanation.targets[0];
  ASSERT_EQ(target.layers.size(), 1u);
  expect_all(target.layers[0].guided_grad_cam, "guided_grad_cam");
  expect_all(target.guided_backprop, "guided_backprop");
  if (tensors_.count("deconvolution.0")) expect_all(target.deconvolution, "deconvolution");
  expect_close(target.layers[0].layer_attributions.at(0), tensors_.at("layer_grad_cam").clamp_min(0),
               reference().tolerance(), "layer_grad_cam");
  EXPECT_EQ(explanation.engine, compiled() ? "compiled" : "autograd");
  EXPECT_EQ(explanation.why_not_compiled, "");
  EXPECT_GT(explanation.activations.relus_guided, 0);
}

TEST_P(CaptumReference, IsNearWithFastGradients) {
  if (!compiled()) GTEST_SKIP() << "autograd computes exactly";
  const GuidedGradCam guided_grad_cam(Model::load(reference().network()), layer_);
  const auto explain = [&](Precision precision) {
    return guided_grad_cam.explain(inputs_, {reference().target()}, options_.precision(precision));
  };
  const Explanation exact = explain(Precision::exact), fast = explain(Precision::fast);
  EXPECT_TRUE(exact.output.equal(fast.output)) << "the forward pass is the same";
  // What is promised: a factor is rounded to 8 bits, 2^-9 of it at most, and errors of many products add up at random.
  const auto expect_near = [&](const std::vector<torch::Tensor>& one, const std::vector<torch::Tensor>& other,
                               double tolerance, const char* what) {
    for (std::size_t i = 0; i < one.size(); ++i)
      EXPECT_LE((one[i] - other[i]).norm().item<double>(), tolerance * other[i].norm().item<double>()) << what;
  };
  const TargetExplanation &of_fast = fast.targets[0], &of_exact = exact.targets[0];
  expect_near(of_fast.layers[0].layer_attributions, of_exact.layers[0].layer_attributions, 0, "grad_cam");
  expect_near(of_fast.guided_backprop, of_exact.guided_backprop, 1e-2, "guided_backprop");
  expect_near(of_fast.layers[0].guided_grad_cam, of_exact.layers[0].guided_grad_cam, 1e-2, "guided_grad_cam");
}

std::string name_of(const testing::TestParamInfo<std::tuple<ReferenceCase, Engine>>& info) {
  return std::get<ReferenceCase>(info.param).name() + "_" + to_string(std::get<Engine>(info.param));
}

const auto engines = testing::Values(Engine::autograd, Engine::compiled);
INSTANTIATE_TEST_SUITE_P(Goldens, CaptumReference,
                         testing::Combine(testing::ValuesIn(reference_cases("goldens")), engines), name_of);
INSTANTIATE_TEST_SUITE_P(Real, CaptumReference, testing::Combine(testing::ValuesIn(reference_cases("real")), engines),
                         name_of);
GTEST_ALLOW_UNINSTANTIATED_PARAMETERIZED_TEST(CaptumReference);

TEST(CaptumReferenceFolder, IsThere) {
  if (!std::filesystem::exists(reference_dir() / "goldens"))
    GTEST_SKIP() << "no reference answers at " << reference_dir();
  EXPECT_GE(reference_cases("goldens").size(), 47u);
  EXPECT_EQ(reference_cases("real").size(), 6u);
}

}  // namespace
}  // namespace whycam::test
