// Exported programs (.pt2) as libtorch runs them: what the compiler does not know goes through autograd.
#include <gtest/gtest.h>

#include "support/arrays.h"
#include "whycam/picture/npy.h"
#include "whycam/whycam.h"

namespace whycam::test {
namespace {

const std::filesystem::path folder = WHYCAM_SOURCE_DIR "/tests/pt2/networks";

struct Case {
  const char* network;
  const char* layer;
  std::int64_t relus;
  const char* output = nullptr;
};

void PrintTo(const Case& one, std::ostream* out) { *out << one.network; }

const Case cases[] = {{"unet", "join1", 5},         {"detector", "stage2", 3, "scores"},
                      {"vit", "patches", 0},        {"swin", "patches", 0},
                      {"convnext", "depthwise", 0}, {"crnn", "features.2.0", 2},
                      {"signal", "features.3", 2},  {"volume", "features.4", 2},
                      {"siamese", "body", 2},       {"squeeze", "depthwise", 2},
                      {"mixture", "body", 2},       {"warp", "body", 2},
                      {"branch", "body", 2}};

picture::Array numbers_of(const std::string& file) { return picture::to_array(picture::read_npy(folder / file)); }

class ExportedProgramByAutograd : public testing::TestWithParam<Case> {
 protected:
  /// Captum computes in single precision, too; these networks are too small for a mask to flip.
  void expect_captums(const std::string& suffix) const {
    const std::string name = GetParam().network;
    Options options;
    options.engine = Engine::autograd;
    options.layout = Layout::channels_first();  // of swin's patches no run can tell
    if (GetParam().output) options.output_element = {std::string(GetParam().output)};
    Network::Explanation explanation;
    try {
      explanation = Network::load(folder / (name + suffix))
                        .explain({numbers_of(name + ".x.npy")}, GetParam().layer, {Target(1)}, options);
    } catch (const ModelError& error) {  // an old libtorch lacks some of the operators that a new PyTorch writes
      if (std::string(error.what()).find("this libtorch") != std::string::npos) GTEST_SKIP() << error.what();
      throw;
    }
    EXPECT_EQ(explanation.engine, "autograd");
    EXPECT_EQ(explanation.activations.relus_guided, GetParam().relus);
    const std::pair<Method, const char*> methods[] = {{Method::grad_cam, "gradcam"},
                                                      {Method::guided_backprop, "guided-backprop"},
                                                      {Method::guided_grad_cam, "guided-gradcam"}};
    for (const auto& [method, file] : methods)
      EXPECT_LT(relative_l2(explanation.targets[0].attributions(method)[0].values,
                            numbers_of(name + "." + file + ".npy").values),
                1e-5)
          << file;
  }
};

TEST_P(ExportedProgramByAutograd, IsExplainedAsByCaptum) { expect_captums(".pt2"); }

TEST_P(ExportedProgramByAutograd, IsExplainedAlikeWhenItIsDecomposed) {
  if (!exists(folder / (GetParam().network + std::string(".decomposed.pt2"))))
    GTEST_SKIP() << "PyTorch's decomposition leaves out where no gradient is to pass";
  expect_captums(".decomposed.pt2");
}

INSTANTIATE_TEST_SUITE_P(Small, ExportedProgramByAutograd, testing::ValuesIn(cases),
                         [](const auto& info) { return std::string(info.param.network); });

TEST(ExportedProgramOfUnknownOperators, GoesThroughAutogradByItself) {
  for (const auto& [file, reason] : {std::pair("warp", "aten."), std::pair("branch", "higher_order.cond")}) {
    const Network network = Network::load(folder / (file + std::string(".pt2")));
    const Tensor x = numbers_of(file + std::string(".x.npy"));
    const Network::Explanation explanation = network.explain({x}, "body", {Target(1)});
    EXPECT_EQ(explanation.engine, "autograd");
    EXPECT_NE(explanation.why_not_compiled.find(reason), std::string::npos) << explanation.why_not_compiled;
    EXPECT_LT(relative_l2(explanation.targets[0].attributions(Method::guided_grad_cam)[0].values,
                          numbers_of(file + std::string(".guided-gradcam.npy")).values),
              1e-5);
    // The last with weights behind it; torch.cond's branches have no layers.
    EXPECT_EQ(network.default_layer({x.shape}), file == std::string("warp") ? "relu" : "body");
  }
}

TEST(ExportedProgramOfUnknownOperators, IsRefusedByNameWhereItIsToBeCompiled) {
  Options options;
  options.engine = Engine::compiled;
  try {
    Network::load(folder / "branch.pt2").explain({numbers_of("branch.x.npy")}, "body", {Target(1)}, options);
    FAIL() << "nothing was thrown";
  } catch (const ModelError& error) {
    EXPECT_NE(std::string(error.what()).find("higher_order.cond"), std::string::npos) << error.what();
  }
}

TEST(ExportedProgramOfUnknownOperators, IsAModelToo) {
  const Model model = Model::load(folder / "warp.pt2");
  const picture::Array x = numbers_of("warp.x.npy");
  const torch::Tensor image = torch::tensor(x.values).reshape(x.shape);
  const Explanation explanation = GuidedGradCam(model, "body").explain({image}, {Target(1)});
  EXPECT_EQ(explanation.engine, "autograd");
  const torch::Tensor map = explanation.targets[0].layers[0].guided_grad_cam[0].contiguous();
  const std::vector<float> values(map.data_ptr<float>(), map.data_ptr<float>() + map.numel());
  EXPECT_LT(relative_l2(values, numbers_of("warp.guided-gradcam.npy").values), 1e-5);
}

}  // namespace
}  // namespace whycam::test
