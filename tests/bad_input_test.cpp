// What cannot be explained says so, before or instead of a wrong answer.
#include <gtest/gtest.h>

#include "support/reference.h"
#include "support/scripted.h"

namespace whycam::test {
namespace {

const std::filesystem::path shapes = std::filesystem::path(WHYCAM_SOURCE_DIR) / "examples/shapes/shapes.pt";

torch::jit::Module mean_of_relu() { return scripted("def forward(self, x):\n    return torch.relu(x).mean([2, 3])\n"); }

TEST(BadInput, IsRefusedByTypeAndShape) {
  const GuidedBackprop explainer{Model(mean_of_relu())};
  EXPECT_THROW(explainer.attribute(torch::zeros({1, 2, 4, 4}, torch::kInt), 0), InputError);
  EXPECT_THROW(explainer.attribute(torch::zeros({1, 2, 4, 4}, torch::kHalf), 0), InputError);
  EXPECT_THROW(explainer.attribute(torch::zeros({1, 2, 4, 4}, torch::kBFloat16), 0), InputError);
  EXPECT_THROW(explainer.attribute(torch::zeros({0, 2, 4, 4}), 0), InputError);
  EXPECT_THROW(explainer.attribute(torch::tensor(1.0), 0), InputError);
  EXPECT_THROW(explainer.attribute(torch::Tensor(), 0), InputError);
  EXPECT_THROW(explainer.attribute(torch::zeros({2, 2}).to_sparse(), 0), InputError);
  EXPECT_THROW(explainer.attribute(std::vector<torch::Tensor>{}, 0), InputError);
  EXPECT_THROW(explainer.attribute(std::vector<torch::Tensor>{torch::zeros({2, 2}), torch::zeros({3, 2})}, 0),
               InputError);
  EXPECT_THROW(Model(mean_of_relu()).layers({torch::Tensor()}), InputError);
}

TEST(BadInput, TheNetworksFailureIsOneSentence) {
  try {
    GuidedGradCam(Model::load(shapes), "stage4").attribute(torch::zeros({1, 4, 32, 32}), 0);
    FAIL();
  } catch (const ModelError& error) {
    const std::string message = error.what();
    EXPECT_NE(message.find("1 x 4 x 32 x 32"), std::string::npos) << message;
    EXPECT_EQ(message.find('\n'), std::string::npos) << message;
  }
}

TEST(BadOutput, ThatIsNoTensorIsChosenByElement) {
  const auto network = scripted(R"(
def forward(self, x):
    y = torch.relu(x).mean([2, 3])
    return {"out": y, "aux": y * 2}, [y * 3, y * 4]
)");
  const torch::Tensor x = torch::rand({1, 2, 4, 4}) + 0.1;
  const GuidedBackprop explainer{Model(network)};
  try {
    explainer.attribute(x, 0);
    FAIL();
  } catch (const ModelError& error) {
    EXPECT_NE(std::string(error.what()).find("0 (a dictionary), 1 (a list of 2)"), std::string::npos) << error.what();
  }
  const torch::Tensor once = explainer.attribute(x, 0, AttributeOptions().output_element({0, "out"}));
  const auto expect_times = [&](double factor, const std::vector<OutputElement>& element) {
    expect_close(explainer.attribute(x, 0, AttributeOptions().output_element(element)), once * factor, 1e-6, "element");
  };
  expect_times(2, {0, "aux"});
  expect_times(4, {1, 1});
  for (const std::vector<OutputElement>& wrong :
       {std::vector<OutputElement>{0, "output"}, {2, 0}, {"out"}, {1, 5}, {0, "out", 0}})
    EXPECT_THROW(explainer.attribute(x, 0, AttributeOptions().output_element(wrong)), ModelError);
}

TEST(BadOutput, OfIntegersOrWithoutExamplesIsRefused) {
  const torch::Tensor x = torch::rand({2, 2, 4, 4});
  EXPECT_THROW(
      GuidedBackprop(Model(scripted("def forward(self, x):\n    return torch.argmax(x, 1)\n"))).attribute(x, 0),
      ModelError);
  EXPECT_THROW(GuidedBackprop(Model(scripted("def forward(self, x):\n    return torch.relu(x).sum()\n"))).attribute(x),
               TargetError);
  EXPECT_THROW(
      GuidedBackprop(Model(scripted("def forward(self, x):\n    return torch.relu(x).detach().mean([2, 3])\n")))
          .attribute(x, 0),
      ModelError);
}

TEST(BadNetwork, OptimisedForInferenceIsRefused) {
  torch::jit::Module network = mean_of_relu();
  auto graph = network.get_method("forward").graph();
  const auto quantised = c10::Symbol::fromQualString("quantized::relu6");
  auto* node = graph->create(quantised, {graph->inputs()[1]});
  graph->prependNode(node);
  EXPECT_THROW(GuidedBackprop(Model(network)).attribute(torch::rand({1, 2, 4, 4}), 0), ModelError);
}

TEST(NotANumber, IsPassedOnAndReportedOnce) {
  const auto network = scripted("def forward(self, x):\n    return (torch.relu(x) + x / x).mean([2, 3])\n");
  torch::Tensor x = torch::rand({1, 2, 4, 4}) + 1;
  x[0][0][0][0] = 0;
  const GuidedGradCam explainer(network, "none");
  const Explanation explanation = explainer.explain(x, {0, 1}, AttributeOptions().methods({Method::guided_backprop}));
  EXPECT_TRUE(explanation.targets[0].guided_backprop[0].isnan().any().item<bool>());
  ASSERT_EQ(explanation.warnings.size(), 1u);
  EXPECT_NE(explanation.warnings[0].find("NaN"), std::string::npos);
}

TEST(AdditionalArguments, AreCheckedAndLeftAsTheyAre) {
  const auto network = scripted(R"(
def forward(self, x, mask, steps: List[int], name: str = "relu"):
    mask.mul_(2)
    y = torch.relu(x) * mask
    for step in steps:
        y = y * step
    return y.mean([2, 3])
)");
  const torch::Tensor x = torch::rand({1, 2, 4, 4});
  const torch::Tensor mask = torch::ones({1, 1, 4, 4});
  const GuidedBackprop explainer{Model(network)};
  const auto with = [](std::vector<c10::IValue> values) { return AttributeOptions().additional_forward_args(values); };
  const torch::Tensor attribution = explainer.attribute(x, 0, with({mask, std::vector<std::int64_t>{2, 3}}));
  EXPECT_TRUE(attribution.slice(1, 0, 1).isclose(torch::tensor(2.0 * 6 / 16)).all().item<bool>());
  EXPECT_TRUE(mask.equal(torch::ones_like(mask)));
  EXPECT_NO_THROW(explainer.attribute(x, 0, with({mask, std::vector<std::int64_t>{2}, "name"})));
  EXPECT_THROW(explainer.attribute(x, 0), ModelError);
  EXPECT_THROW(explainer.attribute(x, 0, with({mask, 2})), ModelError);
  EXPECT_THROW(explainer.attribute(x, 0, with({mask, std::vector<std::int64_t>{2}, "name", 1})), ModelError);
}

TEST(Inputs, OfAnyLayoutHaveTheSameExplanation) {
  torch::manual_seed(9);
  const torch::Tensor x = torch::randn({2, 3, 32, 48});
  const GuidedGradCam explainer(Model::load(shapes), "stage4");
  const torch::Tensor expected = explainer.attribute(x, 1);
  const torch::Tensor strided = torch::cat({x, x}, 3).slice(3, 0, 48);
  EXPECT_FALSE(strided.is_contiguous());
  // another layout may add in another order: float32 rounding
  expect_close(explainer.attribute(strided, 1), expected, 1e-4, "strided");
  expect_close(explainer.attribute(x.to(torch::kFloat, false, false, at::MemoryFormat::ChannelsLast), 1).contiguous(),
               expected, 1e-4, "channels last");
}

}  // namespace
}  // namespace whycam::test
