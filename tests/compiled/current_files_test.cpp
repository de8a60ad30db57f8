// Networks of torchvision in every form that a current PyTorch writes, explained alike.
#include <gtest/gtest.h>

#include <cstdlib>

#include "support/temporary_folder.h"
#include "whycam/whycam.h"

namespace whycam::test {
namespace {

/// scripts/matrix.sh makes this one; another is named by WHYCAM_CURRENT_PYTHON.
std::string current_python() {
  if (const char* named = std::getenv("WHYCAM_CURRENT_PYTHON")) return named;
  const char* home = std::getenv("HOME");
  return std::string(home ? home : "") + "/.cache/whycam/torch-2.13.0/bin/python";
}

double relative_l2(const torch::Tensor& actual, const torch::Tensor& expected) {
  const double scale = expected.norm().item<double>();
  return (actual - expected).norm().item<double>() / (scale == 0 ? 1 : scale);
}

/// Those that attend to windows of 7 x 7, or have a table of positions, take what they were made for.
std::int64_t size_of(const std::string& network) {
  return network.rfind("vit", 0) == 0 || network.rfind("maxvit", 0) == 0 ? 224 : 96;
}

class CurrentFiles : public testing::TestWithParam<const char*> {
 protected:
  void SetUp() override {
    const std::string python = current_python();
    if (std::system((python + " -c 'import torch.export, onnxscript' >/dev/null 2>&1").c_str()) != 0 ||
        std::system((python + " -m pip show torchvision >/dev/null 2>&1").c_str()) != 0)
      GTEST_SKIP() << "no current torch with torchvision and onnxscript (" << python << ")";
    const std::string command = python + " " WHYCAM_SOURCE_DIR "/tests/fixtures/torchvision_files.py " +
                                folder_.path().string() + " " + GetParam() + " " + std::to_string(size_of(GetParam())) +
                                " >/dev/null 2>&1";
    ASSERT_EQ(std::system(command.c_str()), 0) << command;
  }

  Explanation explained(const std::string& extension, const torch::Tensor& image, const std::string& layer) const {
    return GuidedGradCam(Model::load(folder_.path() / (GetParam() + extension)), layer).explain({image}, {Target(3)});
  }

  TemporaryFolder folder_;
};

/// Two results in single precision: of a hundred ReLUs whose masks flip with rounding come up to 8e-3, as
/// torchvision_test.cpp has it. ONNX has the batch normalisations in the convolutions, and rounds in other places.
TEST_P(CurrentFiles, AreExplainedAsTorchScriptIs) {
  torch::manual_seed(0);
  const torch::Tensor image = torch::randn({1, 3, size_of(GetParam()), size_of(GetParam())});
  const std::string layer = Model::load(folder_.path() / (GetParam() + std::string(".pt"))).default_layer({image});
  const Explanation expected = explained(".pt", image, layer);
  for (const char* extension : {".pt2", ".decomposed.pt2", ".batch.pt2", ".onnx"}) {
    const Explanation actual = explained(extension, image, layer);
    EXPECT_EQ(actual.engine, "compiled") << extension;
    EXPECT_EQ(actual.activations.relus_guided, expected.activations.relus_guided) << extension;
    const TargetExplanation &one = actual.targets[0], &other = expected.targets[0];
    EXPECT_LE(relative_l2(one.guided_backprop[0], other.guided_backprop[0]), 1e-2) << extension;
    EXPECT_LE(relative_l2(one.layers[0].layer_attributions[0], other.layers[0].layer_attributions[0]), 1e-2)
        << extension;
    EXPECT_LE(relative_l2(one.layers[0].guided_grad_cam[0], other.layers[0].guided_grad_cam[0]), 1e-2) << extension;
  }
}

INSTANTIATE_TEST_SUITE_P(Families, CurrentFiles,
                         testing::Values("resnet18", "squeezenet1_1", "mobilenet_v3_small", "shufflenet_v2_x0_5"),
                         [](const auto& info) { return std::string(info.param); });

/// The other families take long: --gtest_also_run_disabled_tests runs them.
INSTANTIATE_TEST_SUITE_P(DISABLED_Others, CurrentFiles,
                         testing::Values("alexnet", "vgg11", "vgg11_bn", "resnet50", "wide_resnet50_2",
                                         "resnext50_32x4d", "densenet121", "mobilenet_v2", "mnasnet1_0",
                                         "efficientnet_b0", "efficientnet_v2_s", "regnet_x_400mf", "regnet_y_400mf",
                                         "convnext_tiny", "googlenet", "inception_v3", "vit_b_16", "swin_t",
                                         "swin_v2_t", "maxvit_t"),
                         [](const auto& info) { return std::string(info.param); });

}  // namespace
}  // namespace whycam::test
