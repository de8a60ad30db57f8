// The families of torchvision compile whole, and both engines explain them alike.
#include <gtest/gtest.h>

#include <cstdlib>
#include <optional>

#include "backends/onednn/plan.h"
#include "compiled/compare.h"
#include "explain/explanation_graph.h"
#include "support/exported.h"
#include "support/temporary_folder.h"

namespace whycam::test {
namespace {

/// Most are explained on small pictures, which is quick. Where one flipped mask would weigh too much there, they are
/// larger.
struct Family {
  const char* network;
  int size = 96;
  bool tuple = false;  ///< gives its output and what training alone needs
  int onnx_size = 0;   ///< where PyTorch does not export it to ONNX for that size
};

void PrintTo(const Family& family, std::ostream* out) { *out << family.network; }

class Torchvision : public testing::TestWithParam<Family> {};

int onnx_size(const Family& family) { return family.onnx_size ? family.onnx_size : family.size; }

/// The network's file, written when it is first asked for; empty where torchvision is not there.
std::filesystem::path exported(const Family& family, const std::string& extension = ".pt") {
  static const TemporaryFolder folder;
  const std::filesystem::path file = folder.path() / (family.network + extension);
  const std::string command = "/usr/bin/python3 " WHYCAM_SOURCE_DIR "/tests/compiled/export_torchvision.py " +
                              folder.path().string() + " " + family.network + ":" + std::to_string(onnx_size(family)) +
                              " >/dev/null 2>&1";
  return exists(file) || std::system(command.c_str()) == 0 ? file : std::filesystem::path();
}

double relative_l2(const torch::Tensor& actual, const torch::Tensor& expected) {
  const double scale = expected.norm().item<double>();
  return (actual - expected).norm().item<double>() / (scale == 0 ? 1 : scale);
}

/// What `explain` plans for one picture layer and one rule.
onednn::Plan plan_of(const Model& model, const std::string& layer, const torch::Tensor& image,
                     std::vector<OutputElement> element = {}) {
  engine::Request request;
  request.inputs = {image};
  request.layers = {Layer(layer)};
  request.settings.methods = AttributeOptions().methods();
  request.output_element = std::move(element);
  const graph::Forward lowered = engine::lower(*model.network(), request);
  return onednn::Plan(graph::optimise(explain::explanation_graph(lowered, request.settings).graph));
}

/// A mask flips where an activation is 0 up to rounding, and then a part of the gradient goes another way: to whichever
/// of two results in float32, as chance has it. Activations that are off by 1e-6 of their spread flip about 3e-7 of the
/// masks of a ReLU, half of which are open: 6e-7 of a squared gradient, and with a hundred ReLUs an error of 8e-3. A
/// channel of a thousand that is wrong would be 3e-2.
constexpr double tolerance_of_masks = 1e-2;

/// Compares explanations of one picture: they are alike, or both as near to double precision as flips let them be.
class Comparison {
 public:
  Comparison(std::filesystem::path network, torch::Tensor image, std::string layer, AttributeOptions options)
      : network_(std::move(network)),
        image_(std::move(image)),
        layer_(std::move(layer)),
        options_(std::move(options)) {}

  void expect_alike(const Explanation& actual, const Explanation& expected) {
    for (std::size_t target = 0; target < expected.targets.size(); ++target) {
      expect_alike(actual, expected, [=](const Explanation& e) { return e.targets[target].guided_backprop[0]; });
      expect_alike(actual, expected,
                   [=](const Explanation& e) { return e.targets[target].layers[0].layer_attributions[0]; });
      expect_alike(actual, expected,
                   [=](const Explanation& e) { return e.targets[target].layers[0].guided_grad_cam[0]; });
    }
  }

 private:
  template <class Part>
  void expect_alike(const Explanation& actual, const Explanation& expected, const Part& part) {
    const torch::Tensor one = part(actual), other = part(expected);
    if (relative_l2(one, other) <= 1e-3) return;
    if (!exact_) exact_ = in_double_precision(expected);
    const torch::Tensor truth = part(*exact_);
    EXPECT_LE(relative_l2(one.to(torch::kDouble), truth), tolerance_of_masks) << layer_;
    EXPECT_LE(relative_l2(other.to(torch::kDouble), truth), tolerance_of_masks) << layer_ << ", the other";
  }

  Explanation in_double_precision(const Explanation& like) {
    torch::jit::Module network = torch::jit::load(network_.string());
    network.eval();
    network.to(torch::kDouble);
    std::vector<Target> targets;
    for (const TargetExplanation& one : like.targets) targets.push_back(one.target);
    return GuidedGradCam(network, layer_)
        .explain({image_.to(torch::kDouble)}, targets, options_.engine(Engine::autograd));
  }

  std::filesystem::path network_;
  torch::Tensor image_;
  std::string layer_;
  AttributeOptions options_;
  std::optional<Explanation> exact_;
};

TEST_P(Torchvision, PacksItsWeightsIntoTwiceTheirSize) {
  const std::filesystem::path file = exported(GetParam());
  if (file.empty()) GTEST_SKIP() << "no torchvision for /usr/bin/python3";
  std::size_t own = 0;
  for (const torch::Tensor& parameter : torch::jit::load(file.string()).parameters()) own += parameter.nbytes();
  const torch::Tensor image = torch::zeros({1, 3, GetParam().size, GetParam().size});
  const Model model = Model::load(file);
  const auto element = GetParam().tuple ? std::vector<OutputElement>{0} : std::vector<OutputElement>{};
  // Forward and backward, and what oneDNN fills channels up with: it takes them 48 or 64 at a time.
  EXPECT_LE(plan_of(model, model.default_layer({image}), image, element).packed_bytes(), 2.1 * own);
}

TEST(TorchvisionMemory, OfResnet50IsLessThanThatOfAForwardPass) {
  const std::filesystem::path file = exported(Family{"resnet50"});
  if (file.empty()) GTEST_SKIP() << "no torchvision for /usr/bin/python3";
  const onednn::Plan plan = plan_of(Model::load(file), "layer4", torch::zeros({8, 3, 224, 224}));
  // libtorch's forward pass without gradients has three tensors of the largest shape at a time: a block's input, and
  // the input and output of the batch norm inside. 8 x 256 x 56 x 56 floats each, and the same again for what its
  // convolutions reorder.
  EXPECT_LE(plan.run_bytes(), 6ULL * 8 * 256 * 56 * 56 * sizeof(float));
}

TEST_P(Torchvision, CompilesAndAgreesWithAutograd) {
  const std::filesystem::path file = exported(GetParam());
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
  Comparison(file, image, layer, options).expect_alike(compiled, autograd);
}

TEST_P(Torchvision, ExplainsNearlyTheSameWithFastGradients) {
  const std::filesystem::path file = exported(GetParam());
  if (file.empty()) GTEST_SKIP() << "no torchvision for /usr/bin/python3";
  torch::manual_seed(1);
  const torch::Tensor image = torch::randn({2, 3, GetParam().size, GetParam().size});
  const Model model = Model::load(file);
  const GuidedGradCam explainer(model, model.default_layer({image}));
  AttributeOptions options;
  options.methods({Method::grad_cam, Method::guided_backprop, Method::guided_grad_cam}).engine(Engine::compiled);
  if (GetParam().tuple) options.output_element({0});
  const TargetExplanation exact = explainer.explain({image}, {Target(5)}, options).targets[0],
                          fast = explainer.explain({image}, {Target(5)}, options.precision(Precision::fast)).targets[0];
  EXPECT_TRUE(fast.layers[0].layer_attributions[0].equal(exact.layers[0].layer_attributions[0]));
  EXPECT_LE(relative_l2(fast.guided_backprop[0], exact.guided_backprop[0]), 1e-2);
  EXPECT_LE(relative_l2(fast.layers[0].guided_grad_cam[0], exact.layers[0].guided_grad_cam[0]), 1e-2);
}

TEST_P(Torchvision, ExplainsAsOnnxAsItDoesAsTorchScript) {
  const int size = onnx_size(GetParam());
  const std::filesystem::path onnx = exported(GetParam(), ".onnx"), script = exported(GetParam());
  if (onnx.empty() || script.empty()) GTEST_SKIP() << "no torchvision for /usr/bin/python3";
  torch::manual_seed(1);
  const torch::Tensor image = torch::randn({2, 3, size, size});
  const Model from_onnx = Model::load(onnx), from_script = Model::load(script);
  const std::string layer = from_script.default_layer({image});
  AttributeOptions options;
  options.methods({Method::grad_cam, Method::guided_backprop, Method::guided_grad_cam}).engine(Engine::compiled);
  const Explanation actual = GuidedGradCam(from_onnx, layer).explain({image}, {Target(5)}, options);
  if (GetParam().tuple) options.output_element({0});
  const Explanation expected = GuidedGradCam(from_script, layer).explain({image}, {Target(5)}, options);
  EXPECT_EQ(actual.activations.relus_guided, expected.activations.relus_guided);
  EXPECT_LE(relative_l2(actual.output, expected.output), 1e-5) << "float32 rounding alone";
  Comparison(script, image, layer, options).expect_alike(actual, expected);
}

/// Overlapping and ceil-mode pooling, depthwise convolutions, concatenations, batch norms.
class ExportedTorchvision : public testing::TestWithParam<Family> {};

TEST_P(ExportedTorchvision, GivesInOnnxRuntimeWhatWhycamGives) {
  const std::filesystem::path file = exported(GetParam());
  if (file.empty()) GTEST_SKIP() << "no torchvision for /usr/bin/python3";
  if (!OnnxRuntime::available()) GTEST_SKIP() << OnnxRuntime::missing;
  torch::manual_seed(1);
  const torch::Tensor image = torch::zeros({1, 3, GetParam().size, GetParam().size});
  const Model model = Model::load(file);
  AttributeOptions options;
  options.interpolate_mode(Interpolation::bilinear);
  if (GetParam().tuple) options.output_element({0});
  OnnxRuntime runtime;
  // Masks flip where an activation is 0 up to rounding; GoogLeNet's do so between any two engines.
  add_exported(runtime, GetParam().network, model, {image}, Layer(model.default_layer({image})), options,
               GetParam().tuple ? 1e-2 : 1e-3);
  EXPECT_EQ(runtime.run(), "");
}

INSTANTIATE_TEST_SUITE_P(Families, ExportedTorchvision,
                         testing::Values(Family{"resnet18", 224}, Family{"mobilenet_v2", 224}, Family{"densenet121"},
                                         Family{"googlenet", 96, true}),
                         [](const auto& info) { return info.param.network; });

INSTANTIATE_TEST_SUITE_P(DISABLED_Others, ExportedTorchvision,
                         testing::Values(Family{"alexnet"}, Family{"vgg11"}, Family{"resnet50"},
                                         Family{"resnext50_32x4d"}, Family{"squeezenet1_1"},
                                         Family{"inception_v3", 128, true}, Family{"shufflenet_v2_x1_0"},
                                         Family{"mobilenet_v3_small"}, Family{"mnasnet1_0"}, Family{"efficientnet_b0"},
                                         Family{"regnet_y_400mf"}, Family{"convnext_tiny"}),
                         [](const auto& info) { return info.param.network; });

INSTANTIATE_TEST_SUITE_P(Families, Torchvision,
                         testing::Values(Family{"alexnet", 96, false, 224}, Family{"vgg11", 160, false, 224},
                                         Family{"vgg11_bn", 96, false, 224}, Family{"resnet18"}, Family{"resnet50"},
                                         Family{"wide_resnet50_2"}, Family{"resnext50_32x4d"}, Family{"squeezenet1_0"},
                                         Family{"squeezenet1_1"}, Family{"densenet121"},
                                         Family{"inception_v3", 128, true}, Family{"googlenet", 96, true},
                                         Family{"shufflenet_v2_x1_0"}, Family{"mobilenet_v2", 224},
                                         Family{"mobilenet_v3_small"}, Family{"mobilenet_v3_large"},
                                         Family{"mnasnet1_0"}, Family{"efficientnet_b0"}, Family{"regnet_x_400mf"},
                                         Family{"regnet_y_400mf"}, Family{"convnext_tiny"}),
                         [](const auto& info) { return info.param.network; });

/// The other members of the families take long: --gtest_also_run_disabled_tests runs them.
INSTANTIATE_TEST_SUITE_P(DISABLED_Others, Torchvision,
                         testing::Values(Family{"vgg13"}, Family{"vgg13_bn"}, Family{"vgg16"}, Family{"vgg16_bn"},
                                         Family{"vgg19"}, Family{"vgg19_bn"}, Family{"resnet34"}, Family{"resnet101"},
                                         Family{"resnet152"}, Family{"wide_resnet101_2"}, Family{"resnext101_32x8d"},
                                         Family{"densenet161"}, Family{"densenet169"}, Family{"densenet201"},
                                         Family{"shufflenet_v2_x0_5"}, Family{"shufflenet_v2_x1_5"},
                                         Family{"shufflenet_v2_x2_0"}, Family{"mnasnet0_5"}, Family{"mnasnet0_75"},
                                         Family{"mnasnet1_3"}, Family{"efficientnet_b1"}, Family{"efficientnet_b2"},
                                         Family{"efficientnet_b3"}, Family{"efficientnet_b4"},
                                         Family{"efficientnet_b5"}, Family{"efficientnet_b6"},
                                         Family{"efficientnet_b7"}, Family{"efficientnet_v2_s"},
                                         Family{"regnet_x_800mf"}, Family{"regnet_x_1_6gf"}, Family{"regnet_x_3_2gf"},
                                         Family{"regnet_x_8gf"}, Family{"regnet_x_16gf"}, Family{"regnet_x_32gf"},
                                         Family{"regnet_y_800mf"}, Family{"regnet_y_1_6gf"}, Family{"regnet_y_3_2gf"},
                                         Family{"regnet_y_8gf"}, Family{"regnet_y_16gf"}, Family{"regnet_y_32gf"},
                                         Family{"convnext_small"}, Family{"convnext_base"}, Family{"convnext_large"}),
                         [](const auto& info) { return info.param.network; });

}  // namespace
}  // namespace whycam::test
