// How layers are found, listed and observed.
#include <gtest/gtest.h>

#include "support/reference.h"
#include "support/scripted.h"
#include "whycam/nearest_names.h"

namespace whycam::test {
namespace {

const std::filesystem::path shapes = std::filesystem::path(WHYCAM_SOURCE_DIR) / "examples/shapes/shapes.pt";

torch::jit::Module identity() { return scripted("def forward(self, x):\n    return x\n"); }

TEST(Layers, AreListedInOrderWithTypesAndShapes) {
  const auto layers = Model::load(shapes).layers({torch::zeros({2, 3, 64, 64})});
  const auto stage4 = std::find_if(layers.begin(), layers.end(), [](const auto& l) { return l.path == "stage4"; });
  ASSERT_NE(stage4, layers.end());
  EXPECT_EQ(stage4->type, "ResidualBlock");
  EXPECT_EQ(stage4->output_shapes, (std::vector<std::vector<std::int64_t>>{{2, 56, 4, 4}}));
  EXPECT_TRUE(stage4->is_default);
  EXPECT_TRUE(stage4->fit_for_grad_cam);
  for (const LayerInfo& layer : layers) {
    EXPECT_EQ(layer.is_default, layer.path == "stage4") << layer.path;
    const bool without_space = layer.path == "pool" || layer.path == "classifier";
    EXPECT_EQ(layer.fit_for_grad_cam, !without_space) << layer.path;
  }
  EXPECT_EQ(Model::load(shapes).default_layer({torch::zeros({1, 3, 64, 64})}), "stage4");
}

TEST(Layers, AWrongNameListsTheNearest) {
  const GuidedGradCam guided_grad_cam(Model::load(shapes), "stage4.convolution");
  try {
    guided_grad_cam.attribute(torch::zeros({1, 3, 64, 64}), 0);
    FAIL();
  } catch (const LayerError& error) {
    EXPECT_NE(std::string(error.what()).find("\"stage4.convolution1\""), std::string::npos) << error.what();
  }
  EXPECT_EQ(nearest_names("Conv1", {"relu", "conv2", "conv1"}, 2), (std::vector<std::string>{"conv1", "conv2"}));
}

TEST(Layers, OneThatDoesNotRunIsAnError) {
  const auto network = scripted(R"(
def forward(self, x):
    return self.used.forward(torch.relu(x)).mean([2, 3])
)",
                                {}, {{"used", identity()}, {"unused", identity()}});
  EXPECT_NO_THROW(LayerGradCam(network, "used").attribute(torch::rand({1, 2, 4, 4}), 1));
  EXPECT_THROW(LayerGradCam(network, "unused").attribute(torch::rand({1, 2, 4, 4}), 1), LayerError);
}

TEST(Layers, OneThatTheOutputDoesNotDependOnIsAnError) {
  const auto network = scripted(R"(
def forward(self, x):
    aside = self.aside.forward(x * 2)
    return torch.relu(x).mean([2, 3])
)",
                                {}, {{"aside", identity()}});
  EXPECT_THROW(LayerGradCam(network, "aside").attribute(torch::rand({1, 2, 4, 4}), 1), LayerError);
}

TEST(Layers, SeveralTensorsAreChosenByNumberOrGivenAsAList) {
  const auto pair = scripted("def forward(self, x):\n    return x * 2, (x * 3, [x * 5])\n");
  const auto network = scripted(R"(
def forward(self, x):
    a, b = self.pair.forward(x)
    c, d = b
    return (a.relu() * 7 + c * 11 + d[0].relu_() * 13).mean([2, 3])
)",
                                {}, {{"pair", pair}});
  const torch::Tensor x = torch::rand({1, 2, 4, 4}, torch::kDouble) + 0.1;
  const std::vector<double> scales{2 * 7, 3 * 11, 5 * 13};
  for (int i = 0; i < 3; ++i) {
    // Grad-CAM by its definition: weight = mean gradient of channel 1 = factor / 16; the other channel has none
    const torch::Tensor expected = x.slice(1, 1, 2) * scales[i] / 16;
    expect_close(LayerGradCam(network, Layer("pair", i)).attribute(x, 1), expected, 1e-12, "tensor");
    expect_close(LayerGradCam(network, "pair").attribute_all({x}, 1).at(i), expected, 1e-12, "list");
  }
  EXPECT_THROW(LayerGradCam(network, "pair").attribute(x, 1), LayerError);
  EXPECT_THROW(GuidedGradCam(network, "pair").attribute(x, 1), LayerError);
  EXPECT_THROW(LayerGradCam(network, Layer("pair", 3)).attribute(x, 1), LayerError);
}

TEST(Layers, AreFoundThroughLoopsAndBranches) {
  const auto network = scripted(R"(
def forward(self, x):
    y = torch.relu(x)
    for i in range(3):
        if i < 2:
            y = self.inner.forward(y * 2)
    return self.other.forward(y).mean([2, 3])
)",
                                {}, {{"inner", identity()}, {"other", identity()}});
  const torch::Tensor x = torch::rand({1, 2, 4, 4}, torch::kDouble) + 0.1;
  const torch::Tensor expected = x.slice(1, 0, 1) * 4 / 16;  // the last run of both: relu(x) * 2 * 2
  expect_close(LayerGradCam(network, "inner").attribute(x, 0), expected, 1e-12, "inner");
  expect_close(LayerGradCam(network, "other").attribute(x, 0), expected, 1e-12, "other");
}

TEST(Layers, FrozenNetworksSayWhyTheyHaveNone) {
  const auto network = scripted("def forward(self, x):\n    return torch.relu(x).mean([2, 3])\n");
  try {
    LayerGradCam(network, "features").attribute(torch::rand({1, 2, 4, 4}), 0);
    FAIL();
  } catch (const LayerError& error) {
    EXPECT_NE(std::string(error.what()).find("freeze"), std::string::npos) << error.what();
  }
}

}  // namespace
}  // namespace whycam::test
