// Small networks as PyTorch exports them, beside what Captum, and of tokens pytorch-grad-cam, says of them:
// tests/fixtures/pt2.py writes all.
#include <gtest/gtest.h>

#include <functional>

#include "explain/network_state.h"
#include "support/arrays.h"
#include "whycam/errors.h"
#include "whycam/picture/npy.h"

namespace whycam::test {
namespace {

const std::filesystem::path folder = WHYCAM_SOURCE_DIR "/tests/pt2/networks";

struct Case {
  const char* network;
  const char* layer;
  std::int64_t relus;
  const char* output = nullptr;
  const char* layout = "nchw";  ///< the layer's
};

void PrintTo(const Case& one, std::ostream* out) { *out << one.network; }

const Case cases[] = {{"unet", "join1", 5},
                      {"detector", "stage2", 3, "scores"},
                      {"vit", "patches", 0},
                      {"swin", "patches", 0},
                      {"convnext", "depthwise", 0},
                      {"crnn", "features.2.0", 2},
                      {"signal", "features.3", 2},
                      {"volume", "features.4", 2},
                      {"siamese", "body", 2},
                      {"squeeze", "depthwise", 2},
                      {"mixture", "body", 2},
                      {"choices", "body", 2},
                      {"buffers", "body", 2},
                      {"rewritten", "body", 2},
                      {"registers", "blocks.1.norm1", 0, nullptr, "3x4+4"},
                      {"constants", "body", 2},
                      {"coordinates", "body", 2},
                      {"merging", "norm", 0, nullptr, "nhwc"},
                      {"embedding", "body", 2},
                      {"torchvision_maxvit", "blocks.0", 0},
                      {"torchvision_vit", "encoder.layers.encoder_layer_1.ln_1", 0, nullptr, "3x3+1"},
                      {"torchvision_swin", "features.3.1.norm1", 0, nullptr, "nhwc"},
                      {"torchvision_swin_v2", "features.3.0.norm1", 0, nullptr, "nhwc"}};

Network network_of(const std::string& file) { return Network(explain::open_graph(folder / file)); }

picture::Array numbers_of(const std::string& file) { return picture::to_array(picture::read_npy(folder / file)); }

class ExportedProgram : public testing::TestWithParam<Case> {
 protected:
  Network::Explanation explain(const std::string& suffix, const std::vector<Tensor>& inputs) const {
    Options options;
    if (GetParam().output) options.output_element = {std::string(GetParam().output)};
    return network_of(GetParam().network + suffix).explain(inputs, GetParam().layer, {Target(1)}, options);
  }

  /// Captum computes in single precision, too; these networks are too small for a mask to flip.
  void expect_captums(const Network::Explanation& explanation, std::size_t examples = 1) const {
    EXPECT_EQ(explanation.activations.relus_guided, GetParam().relus);
    const std::pair<Method, const char*> methods[] = {{Method::grad_cam, "gradcam"},
                                                      {Method::guided_backprop, "guided-backprop"},
                                                      {Method::guided_grad_cam, "guided-gradcam"}};
    for (const auto& [method, name] : methods) {
      std::vector<float> expected = numbers_of(GetParam().network + std::string(".") + name + ".npy").values, all;
      for (std::size_t i = 0; i < examples; ++i) all.insert(all.end(), expected.begin(), expected.end());
      EXPECT_LT(relative_l2(explanation.targets[0].attributions(method)[0].values, all), 1e-5) << name;
    }
  }

  Tensor input() const { return numbers_of(GetParam().network + std::string(".x.npy")); }
};

TEST_P(ExportedProgram, IsExplainedAsByCaptum) { expect_captums(explain(".pt2", {input()})); }

TEST_P(ExportedProgram, IsExplainedAlikeWhenItIsDecomposed) {
  if (!exists(folder / (GetParam().network + std::string(".decomposed.pt2"))))
    GTEST_SKIP() << "PyTorch's decomposition leaves out where no gradient is to pass";
  expect_captums(explain(".decomposed.pt2", {input()}));
}

TEST_P(ExportedProgram, IsExplainedForAnyBatchWhereItTakesAny) {
  if (!exists(folder / (GetParam().network + std::string(".batch.pt2")))) GTEST_SKIP() << "takes one batch alone";
  expect_captums(explain(".batch.pt2", {input()}));
  Tensor two = input();
  two.shape[0] = 2;
  two.values.insert(two.values.end(), two.values.begin(), two.values.end());
  expect_captums(explain(".batch.pt2", {two}), 2);
}

TEST_P(ExportedProgram, IsExplainedAlikeAsOnnx) {
  if (!exists(folder / (GetParam().network + std::string(".onnx")))) GTEST_SKIP() << "has no such file";
  if (GetParam().network == std::string("crnn")) GTEST_SKIP() << "its layer is part of another there";
  expect_captums(explain(".onnx", {input()}));
}

TEST_P(ExportedProgram, HasItsLayersLayout) {
  const Tensor x = input();
  for (const LayerInfo& layer : network_of(GetParam().network + std::string(".pt2")).layers({x.shape}))
    if (layer.path == GetParam().layer) {
      EXPECT_EQ(layer.layout, GetParam().layout);
    }
}

INSTANTIATE_TEST_SUITE_P(Small, ExportedProgram, testing::ValuesIn(cases),
                         [](const auto& info) { return std::string(info.param.network); });

std::string message_of(const std::function<void()>& call) {
  try {
    call();
  } catch (const Error& error) {
    return error.what();
  }
  return "nothing was thrown";
}

void expect_says(const std::function<void()>& call, const std::string& words) {
  const std::string message = message_of(call);
  EXPECT_NE(message.find(words), std::string::npos) << message;
}

TEST(ExportedProgramLayers, AreTheModulesWithTheirTypesInTheOrderInWhichTheyRun) {
  std::vector<std::string> names;
  for (const LayerInfo& layer : network_of("siamese.pt2").layers({{1, 3, 9, 18}}))
    names.push_back(layer.path + " " + layer.type);
  EXPECT_EQ(names, (std::vector<std::string>{"body Sequential", "body.0 Conv2d", "body.1 BatchNorm2d", "relu ReLU",
                                             "head Linear"}));
}

TEST(ExportedProgramLayers, OfSeveralCallsAreToldApart) {
  const Network network = network_of("siamese.pt2");
  const Tensor x = numbers_of("siamese.x.npy");
  const auto cam = [&](const std::string& layer) {
    return network.explain({x}, layer, {Target(1)}).targets[0].attributions(Method::grad_cam)[0].values;
  };
  EXPECT_EQ(cam("body"), cam("body@1"));
  EXPECT_EQ(cam("body.1@0"), cam("body@0"));
  EXPECT_NE(cam("body@0"), cam("body@1"));
  expect_says([&] { cam("body@2"); }, "\"body\" runs 2 times: there is no call 2");
  expect_says([&] { cam("bodi"); }, "the nearest are \"body\"");
}

TEST(ExportedProgramLayers, OfOnnxThatWentIntoOthersSayIntoWhich) {
  const auto explaining = [](const std::string& layer) {
    network_of("crnn.onnx").explain({numbers_of("crnn.x.npy")}, layer, {Target(1)});
  };
  expect_says([&] { explaining("features.2.0"); }, "its weights went into \"features.2.1\"");
  explaining("features.2.1");
}

TEST(ExportedProgramLayers, OfOnnxHoldTheNodesWithoutMetadataThatLieInThem) {
  const Network network = network_of("torchvision_swin.onnx");
  for (const LayerInfo& layer : network.layers({{1, 3, 16, 16}}))
    if (layer.path == "features.3.1.attn") {
      EXPECT_EQ(layer.output_shapes.size(), 1U);
    }
}

TEST(ExportedProgramOldLayout, WithWeightsInPicklesIsRead) {
  const Tensor x = numbers_of("siamese.x.npy");
  const auto explained = [&](const char* file) {
    return network_of(file)
        .explain({x}, "body", {Target(1)})
        .targets[0]
        .attributions(Method::guided_grad_cam)[0]
        .values;
  };
  EXPECT_EQ(explained("siamese.old.pt2"), explained("siamese.pt2"));
}

TEST(ExportedProgramLayers, MayBeTensorsOfTheProgram) {
  const Network network = network_of("unet.pt2");
  const Tensor x = numbers_of("unet.x.npy");
  Options inputs;
  inputs.attribute_to_layer_input = true;
  const auto cam = [&](const std::string& layer, const Options& options) {
    return network.explain({x}, layer, {Target(1)}, options).targets[0].attributions(Method::grad_cam)[0].values;
  };
  EXPECT_EQ(cam("cat_1", {}), cam("join1", inputs));
}

TEST(ExportedProgramOutputs, AreNamedAsForwardReturnsThem) {
  std::vector<std::string> names;
  const Network network = network_of("detector.pt2");
  for (const Port& output : network.outputs()) names.push_back(output.name);
  EXPECT_EQ(names, (std::vector<std::string>{"scores", "boxes.0", "boxes.1"}));
  const Tensor x = numbers_of("detector.x.npy");
  expect_says([&] { network.explain({x}, "stage2", {Target(1)}); }, "2 (\"boxes.1\")");
}

TEST(ExportedProgramOfUnknownOperators, IsRefusedByTheirNames) {
  const auto explaining = [](const std::string& name) {
    return [=] { network_of(name + ".pt2").explain({numbers_of(name + ".x.npy")}, "body", {Target(1)}); };
  };
  expect_says(explaining("warp"), "aten.grid_sampler.default");
  expect_says(explaining("branch"), "higher_order.cond");
}

TEST(ExportedProgramInputs, HaveTheShapesThatWereExported) {
  EXPECT_EQ(network_of("unet.batch.pt2").inputs()[0].shape, (Shape{-1, 3, 12, 12}));
  const auto with = [](const std::string& file, const Shape& shape) {
    Tensor x{shape, {}};
    x.values.resize(static_cast<std::size_t>(shape[0] * shape[1] * shape[2] * shape[3]), 0.5F);
    return [=] { network_of(file).explain({x}, "join1", {Target(1)}); };
  };
  expect_says(with("unet.pt2", {2, 3, 12, 12}), "the input \"x\" is to be of 1 x 3 x 12 x 12, not of [2, 3, 12, 12]");
  expect_says(with("unet.batch.pt2", {65, 3, 12, 12}), "is to be of up to 64 x 3 x 12 x 12");
}

}  // namespace
}  // namespace whycam::test
