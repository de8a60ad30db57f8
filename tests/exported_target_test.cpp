// Exported networks that explain a region or a comparison, in ONNX Runtime, against autograd through the same formula.
#include <gtest/gtest.h>

#include <fstream>
#include <sstream>

#include "formats/onnx/network.h"
#include "support/command.h"
#include "support/onnx_runtime.h"
#include "support/segmenter.h"
#include "whycam/whycam.h"

namespace whycam::test {
namespace {

struct Case {
  const char* name;
  ExportedTarget target;
  /// Each example's number, of its class, the scores as N x classes x space and the mask.
  torch::Tensor (*formula)(const torch::Tensor& own, const torch::Tensor& scores, const torch::Tensor& is_best,
                           const torch::Tensor& mask);
};

ExportedTarget target_over(std::optional<Region::Kind> region, std::optional<std::int64_t> versus = {},
                           bool against = false) {
  return {region, versus, against};
}

const Case cases[] = {
    {"Everywhere", target_over(Region::Kind::all),
     [](const auto& own, const auto&, const auto&, const auto&) { return own.sum({1, 2}); }},
    {"WherePredicted", target_over(Region::Kind::predicted),
     [](const auto& own, const auto&, const auto& is_best, const auto&) { return (own * is_best).sum({1, 2}); }},
    {"OverAMask", target_over(Region::Kind::mask),
     [](const auto& own, const auto&, const auto&, const auto& mask) { return (own * mask.ne(0)).sum({1, 2}); }},
    {"OverAMaskVersusAnother", target_over(Region::Kind::mask, 2),
     [](const auto& own, const auto& scores, const auto&, const auto& mask) {
       return ((own - scores.select(1, 2)) * mask.ne(0)).sum({1, 2});
     }},
    {"AgainstWherePredicted", target_over(Region::Kind::predicted, {}, true),
     [](const auto& own, const auto&, const auto& is_best, const auto&) { return -(own * is_best).sum({1, 2}); }},
};

class ExportedTargets : public testing::TestWithParam<std::tuple<Case, bool>> {
 protected:
  static OnnxRuntime::Array array_of(const torch::Tensor& tensor) {
    const torch::Tensor numbers = tensor.to(torch::kFloat).contiguous();
    return {tensor.sizes().vec(), {numbers.data_ptr<float>(), numbers.data_ptr<float>() + numbers.numel()}};
  }
};

TEST_P(ExportedTargets, GiveInOnnxRuntimeWhatAutogradGives) {
  const auto& [one, channels_last] = GetParam();
  torch::manual_seed(1);
  const torch::Tensor images = torch::randn({2, 3, 8, 10}), mask = torch::randn({2, 8, 10}).round();
  const Model model(segmenter(channels_last));
  const std::vector<std::int64_t> classes{1, 0};
  const bool last = channels_last;
  const auto formula = one.formula;
  const Target target = Target::of([=](const torch::Tensor& output) {
    const torch::Tensor scores = in_order(output, last), chosen = torch::tensor(classes);
    const torch::Tensor own = torch::stack({scores[0][classes[0]], scores[1][classes[1]]});
    return formula(own, scores, scores.argmax(1) == chosen.reshape({2, 1, 1}), mask);
  });
  const Explanation expected =
      GuidedGradCam(model, "features").explain({images}, {target}, AttributeOptions().engine(Engine::autograd));

  const TemporaryFolder folder;
  const fs::path file = folder.path() / "explained.onnx";
  export_explanation(model, {images}, "features", file, {}, {}, one.target);
  OnnxRuntime runtime;
  runtime.add_network(one.name, content(file));
  OnnxRuntime::Arrays given{{"x", array_of(images)}, {"target", {{2}, {1, 0}, true}}};
  if (one.target.region == Region::Kind::mask) given["mask"] = array_of(mask);
  const LayerExplanation& layer = expected.targets[0].layers[0];
  ASSERT_GT(layer.guided_grad_cam[0].abs().max().item<float>(), 0);
  runtime.expect(one.name, one.name, given,
                 {{"output", array_of(expected.output)},
                  {"grad_cam", array_of(layer.upsampled[0])},
                  {"guided_grad_cam", array_of(layer.guided_grad_cam[0])}},
                 1e-5);                   // float32, few operations
  given["target"] = {{2}, {1, 3}, true};  // of the classes 0 to 2
  runtime.expect_failure(one.name, one.name, given);
  if (!OnnxRuntime::available()) GTEST_SKIP() << OnnxRuntime::missing;
  EXPECT_EQ(runtime.run(), "");
}

INSTANTIATE_TEST_SUITE_P(Regions, ExportedTargets, testing::Combine(testing::ValuesIn(cases), testing::Bool()),
                         [](const auto& info) {
                           return std::get<0>(info.param).name +
                                  std::string(std::get<1>(info.param) ? "ClassesLast" : "ClassesFirst");
                         });

class ExportWarnings : public Command {};

TEST_F(ExportWarnings, AreThoseOfTheExplanation) {
  const torch::Tensor images = torch::ones({1, 3, 8, 10});
  const auto warnings_of = [&](const torch::jit::Module& network, const std::string& layer) {
    const Model model(network);
    const std::vector<std::string> warnings =
        export_explanation(model, {images}, layer, folder_ / "explained.onnx", {}, {}, target_over(Region::Kind::all));
    const Explanation explanation =
        GuidedGradCam(model, layer).explain({images}, {Target(0).over(Region::all())}, AttributeOptions());
    EXPECT_EQ(warnings, explanation.warnings);
    return warnings;
  };
  EXPECT_TRUE(warnings_of(segmenter(/*channels_last=*/false), "features").empty());
  // After the matrix product neither axis is known to be the classes'; and there is no ReLU.
  const torch::jit::Module unknown = scripted(
      "def forward(self, x):\n"
      "    y = self.features.forward(x)\n"
      "    return torch.matmul(y.reshape([x.size(0), 4, 60]), self.mix)\n",
      {{"mix", torch::randn({60, 5})}}, {{"features", scripted("def forward(self, x):\n    return x * 2\n")}});
  const std::vector<std::string> warnings = warnings_of(unknown, "features");
  ASSERT_EQ(warnings.size(), 2);
  EXPECT_NE(warnings[0].find("N x classes x space was assumed"), std::string::npos) << warnings[0];
  EXPECT_NE(warnings[1].find("no ReLU"), std::string::npos) << warnings[1];
}

TEST_F(ExportWarnings, AreSaidByTheCommand) {
  const fs::path network = folder_ / "smooth.pt";
  scripted("def forward(self, x):\n    return self.features.forward(x).mean([2, 3])\n", {},
           {{"features", scripted("def forward(self, x):\n    return x.sigmoid()\n")}})
      .save(network);
  const auto with = [&](std::vector<std::string> more) {
    more.insert(more.begin(),
                {"export", network, "--layer", "features", "--size", "8,10", "--output", folder_ / "explained.onnx"});
    return run(more);
  };
  const Outcome said = with({});
  EXPECT_EQ(said.exit_code, 0) << said.error;
  EXPECT_EQ(said.error.rfind("whycam: warning: the network has no ReLU", 0), 0) << said.error;
  EXPECT_EQ(with({"--quiet"}).error, "");
}

class ExportedComparison : public Command {};

TEST_F(ExportedComparison, OfTwoClassesIsTheDifferenceOfTheirGradients) {
  const Model model = Model::load(shapes / "shapes.pt");
  const fs::path file = folder_ / "explained.onnx";
  const Outcome outcome = run({"export", shapes / "shapes.pt", "--layer", "stage4", "--size", "64", "--versus", "5",
                               "--against", "--output", file});
  ASSERT_EQ(outcome.exit_code, 0) << outcome.error;
  for (const char* words : {"whycam_versus", "whycam_against"})
    EXPECT_NE(content(file).find(words), std::string::npos) << words;
  torch::manual_seed(1);
  const torch::Tensor image = torch::randn({1, 3, 64, 64});
  const Explanation expected =
      GuidedGradCam(model, "stage4")
          .explain({image}, {Target::of([](const torch::Tensor& y) { return y.select(1, 5) - y.select(1, 3); })},
                   AttributeOptions().engine(Engine::autograd).interpolate_mode(Interpolation::bilinear));
  const auto exported = onnx::Network::parse(content(file), "the exported network", {});
  OnnxRuntime runtime;
  runtime.add_network("comparison", content(file));
  const auto array_of = [](const torch::Tensor& tensor) {
    return OnnxRuntime::Array{tensor.sizes().vec(), picture::to_array(tensor).values};
  };
  runtime.expect("comparison", "comparison",
                 {{exported->inputs()[0].name, array_of(image)}, {"target", {{1}, {3}, true}}},
                 {{"guided_grad_cam", array_of(expected.targets[0].layers[0].guided_grad_cam[0])}},
                 1e-3);  // masks flip where activations are 0 up to rounding
  if (!OnnxRuntime::available()) GTEST_SKIP() << OnnxRuntime::missing;
  EXPECT_EQ(runtime.run(), "");
}

TEST_F(ExportedComparison, OrRegionThatTheOutputDoesNotHaveIsRefused) {
  const std::string network = shapes / "shapes.pt";
  const auto with = [&](std::vector<std::string> words) {
    words.insert(words.begin(), {"export", network, "--size", "64", "--output", folder_ / "explained.onnx"});
    return run(words);
  };
  expect_failure(with({"--region", "all"}), 6, "N x classes x space");
  expect_failure(with({"--region", "mask.png"}), 2, "all, predicted or mask");
  expect_failure(with({"--versus", "6"}), 6, "from 0 to 5");
  expect_failure(with({"--versus", "9999999999999999999"}), 6, "9999999999999999999");
  EXPECT_FALSE(exists(folder_ / "explained.onnx"));
}

}  // namespace
}  // namespace whycam::test
