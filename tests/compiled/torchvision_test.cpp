// The families of torchvision compile whole, and both engines explain them alike.
#include <gtest/gtest.h>

#include <cstdlib>
#include <optional>

#include "compiled/compare.h"
#include "support/temporary_folder.h"

namespace whycam::test {
namespace {

/// Most are explained on small pictures, which is quick. Where one flipped mask would weigh too much there, they are larger.
struct Family {
  const char* network;
  int size = 96;
  bool tuple = false;  ///< gives its output and what training alone needs
};

void PrintTo(const Family& family, std::ostream* out) { *out << family.network; }

class Torchvision : public testing::TestWithParam<Family> {
 protected:
  static std::filesystem::path exported(const std::string& network) {
    static const TemporaryFolder folder;
    const std::string command = "/usr/bin/python3 " WHYCAM_SOURCE_DIR "/tests/compiled/export_torchvision.py " + folder.path().string() +
                                " " + network + " >/dev/null 2>&1";
    return std::system(command.c_str()) == 0 ? folder.path() / (network + ".pt") : std::filesystem::path();
  }
};

double relative_l2(const torch::Tensor& actual, const torch::Tensor& expected) {
  const double scale = expected.norm().item<double>();
  return (actual - expected).norm().item<double>() / (scale == 0 ? 1 : scale);
}

TEST_P(Torchvision, CompilesAndAgreesWithAutograd) {
  const std::filesystem::path file = exported(GetParam().network);
  if (file.empty()) GTEST_SKIP() << "no torchvision for /usr/bin/python3";
  torch::manual_seed(1);
  const torch::Tensor image = torch::randn({2, 3, GetParam().size, GetParam().size});
  const Model model = Model::load(file);
  const std::string layer = model.default_layer({image});
  AttributeOptions options;
  options.methods({Method::grad_cam, Method::guided_backprop, Method::guided_grad_cam});
  if (GetParam().tuple) options.output_element({0});
  const GuidedGradCam explainer(model, layer);
  const Explanation compiled = explainer.explain({image}, {Target(5), Target(7)}, options.engine(Engine::compiled));
  const Explanation autograd = explainer.explain({image}, {Target(5), Target(7)}, options.engine(Engine::autograd));
  EXPECT_EQ(compiled.engine, "compiled");
  EXPECT_LE(relative_l2(compiled.output, autograd.output), 1e-5) << "float32 rounding alone";
  EXPECT_EQ(compiled.activations.relus_guided, autograd.activations.relus_guided);
  EXPECT_EQ(compiled.activations.not_guided, autograd.activations.not_guided);
  // A mask flips where an activation is 0 up to rounding, and then a part of the gradient goes another way. In some of these
  // networks that happens to autograd in float32 as well: then both must be about as far from double precision.
  std::optional<Explanation> exact;
  const auto expect_alike = [&](const auto& part) {
    const torch::Tensor actual = part(compiled), expected = part(autograd);
    if (relative_l2(actual, expected) <= 1e-3) return;
    if (!exact) {
      torch::jit::Module network = torch::jit::load(file.string());
      network.eval();
      network.to(torch::kDouble);
      exact = GuidedGradCam(network, layer).explain({image.to(torch::kDouble)}, {Target(5), Target(7)}, options.engine(Engine::autograd));
    }
    const torch::Tensor truth = part(*exact);
    EXPECT_LE(relative_l2(actual.to(torch::kDouble), truth), 3 * relative_l2(expected.to(torch::kDouble), truth)) << layer;
    EXPECT_LE(relative_l2(actual, expected), 1e-2) << "a few flips, not more";
  };
  for (int target = 0; target < 2; ++target) {
    expect_alike([&](const Explanation& e) { return e.targets[target].guided_backprop[0]; });
    expect_alike([&](const Explanation& e) { return e.targets[target].layers[0].layer_attributions[0]; });
    expect_alike([&](const Explanation& e) { return e.targets[target].layers[0].guided_grad_cam[0]; });
  }
}

INSTANTIATE_TEST_SUITE_P(Families, Torchvision,
                         testing::Values(Family{"alexnet"}, Family{"vgg11"}, Family{"vgg11_bn"}, Family{"resnet18"}, Family{"resnet50"},
                                         Family{"wide_resnet50_2"}, Family{"resnext50_32x4d"}, Family{"squeezenet1_0"},
                                         Family{"squeezenet1_1"}, Family{"densenet121"}, Family{"inception_v3", 128, true},
                                         Family{"googlenet", 96, true}, Family{"shufflenet_v2_x1_0"}, Family{"mobilenet_v2", 224},
                                         Family{"mobilenet_v3_small"}, Family{"mobilenet_v3_large"}, Family{"mnasnet1_0"},
                                         Family{"efficientnet_b0"}, Family{"regnet_x_400mf"}, Family{"regnet_y_400mf"},
                                         Family{"convnext_tiny"}),
                         [](const auto& info) { return info.param.network; });

}  // namespace
}  // namespace whycam::test
