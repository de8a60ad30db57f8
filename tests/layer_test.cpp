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

/// A body that runs twice, and two bodies with its weight that run once each.
const std::string twice =
    "def forward(self, x):\n    return self.body.forward(self.body.forward(x) + x).mean([2, 3])\n";
const std::string apart =
    "def forward(self, x):\n    return self.second.forward(self.first.forward(x) + x).mean([2, 3])\n";

TEST(Layers, OneThatRunsTwiceIsItsLastCallOrTheOneThatIsNamed) {
  torch::manual_seed(1);
  const torch::Tensor weight = torch::randn({3, 3, 3, 3}), image = torch::rand({2, 3, 8, 8});
  const auto body = [&] {
    return scripted("def forward(self, x):\n    return torch.relu(torch.conv2d(x, self.weight, padding=1))\n",
                    {{"weight", weight}});
  };
  const auto network = scripted(twice, {}, {{"body", body()}});
  const auto named = scripted(apart, {}, {{"first", body()}, {"second", body()}});
  for (const Engine engine : {Engine::compiled, Engine::autograd}) {
    const auto options = AttributeOptions().engine(engine).relu_attributions(false);
    const auto map = [&](const Model& model, const Layer& layer) {
      return LayerGradCam(model, layer).attribute(image, 1, options);
    };
    const torch::Tensor first = map(named, "first"), second = map(named, "second");
    EXPECT_GT(relative_error(first, second), 0.01);
    for (const Layer& layer : {Layer("body@0"), Layer("body").at_call(0), Layer("body@0:0")})
      expect_close(map(network, layer), first, 1e-5, "the first call");
    for (const Layer& layer : {Layer("body"), Layer("body@1")})
      expect_close(map(network, layer), second, 1e-5, "the last");
    if (engine == Engine::compiled) continue;  // which leaves it to autograd to say what is wrong
    try {
      map(network, "body@2");
      FAIL();
    } catch (const LayerError& error) {
      EXPECT_NE(std::string(error.what()).find("ran 2 times; there is no call 2"), std::string::npos) << error.what();
    }
  }
}

TEST(Layers, TensorsAreNamedByTheirKeyInADictionary) {
  const auto network = scripted(
      "def forward(self, x):\n    y = self.backbone.forward(x)\n    return (y['out'] * y['aux']).mean([2, 3])\n", {},
      {{"backbone", scripted("def forward(self, x):\n    return {'out': torch.relu(x - 0.5), 'aux': x * x}\n")}});
  const torch::Tensor image = torch::rand({2, 3, 8, 8});
  for (const Engine engine : {Engine::compiled, Engine::autograd}) {
    const auto options = AttributeOptions().engine(engine);
    const auto map = [&](const Layer& layer) { return LayerGradCam(network, layer).attribute(image, 1, options); };
    EXPECT_TRUE(map("backbone:out").equal(map(Layer("backbone", 0))));
    EXPECT_TRUE(map("backbone:aux").equal(map("backbone:1")));
    EXPECT_FALSE(map("backbone:aux").equal(map("backbone:out")));
    if (engine == Engine::compiled) continue;
    try {
      map("backbone:none");
      FAIL();
    } catch (const LayerError& error) {
      EXPECT_NE(std::string(error.what()).find("no tensor called \"none\"; it has out, aux"), std::string::npos)
          << error.what();
    }
  }
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

/// Everything that explain() gives for class 1 at the layer "inner".
std::vector<torch::Tensor> everything(const torch::jit::Module& network, const torch::Tensor& x,
                                      const std::string& layer = "inner") {
  AttributeOptions options;
  options.methods({Method::grad_cam, Method::guided_backprop, Method::guided_grad_cam, Method::deconvolution});
  const Explanation explanation = GuidedGradCam(network, layer).explain({x}, {Target(1)}, options);
  const TargetExplanation& target = explanation.targets[0];
  return {LayerGradCam(network, layer).attribute(x, 1), target.guided_backprop[0], target.layers[0].guided_grad_cam[0],
          target.deconvolution[0]};
}

struct InPlaceOnAView {
  const char* name;
  const char* inner;     // gives a view of other memory
  const char* in_place;  // what follows
  const char* not_in_place;
};

class LayersThatAreViews : public testing::TestWithParam<InPlaceOnAView> {};

TEST_P(LayersThatAreViews, AreExplainedAsTheyWereBeforeAnOperationInPlace) {
  torch::manual_seed(4);
  const torch::Tensor weight = torch::randn({4, 2, 3, 3}, torch::kDouble),
                      x = torch::randn({2, 2, 8, 8}, torch::kDouble);
  const auto network = [&](const std::string& rest) {
    const std::string source =
        "def forward(self, x):\n    y = self.inner.forward(torch.conv2d(x, self.weight))\n" + rest;
    return scripted(source, {{"weight", weight}}, {{"inner", scripted(GetParam().inner)}});
  };
  const auto expected = everything(network(GetParam().not_in_place), x);
  const auto actual = everything(network(GetParam().in_place), x);
  ASSERT_GT(expected[0].abs().max().item<double>(), 0);
  for (std::size_t i = 0; i < expected.size(); ++i) expect_close(actual[i], expected[i], 1e-12, "double precision");
  const auto layers = Model(network(GetParam().in_place)).layers({x});
  EXPECT_TRUE(layers.at(0).fit_for_grad_cam);
}

constexpr const char* viewing = "def forward(self, x):\n    return x.flatten(0, 1).view(x.shape)\n";
INSTANTIATE_TEST_SUITE_P(
    Layers, LayersThatAreViews,
    testing::Values(
        InPlaceOnAView{"ReluInPlace", viewing, "    return y.relu_().mean([2, 3])\n",
                       "    return y.relu().mean([2, 3])\n"},
        InPlaceOnAView{"InstanceNorm",
                       "def forward(self, x):\n    return torch.instance_norm(x, None, None, None, None, True, 0.1, "
                       "1e-5, False)\n",
                       "    return torch.relu_(y).mean([2, 3])\n", "    return torch.relu(y).mean([2, 3])\n"},
        InPlaceOnAView{"Added", viewing, "    y += x[:, :1, 1:7, 1:7]\n    return y.relu_().pow(2).mean([2, 3])\n",
                       "    return (y + x[:, :1, 1:7, 1:7]).relu().pow(2).mean([2, 3])\n"},
        InPlaceOnAView{"ScaledTwice", viewing, "    y.mul_(2)\n    y.mul_(3)\n    return y.relu_().mean([2, 3])\n",
                       "    return (y * 6).relu().mean([2, 3])\n"}),
    [](const auto& info) { return info.param.name; });

TEST(Layers, AViewThatIsUsedBesideTheOperationInPlaceIsExplainedByTheRuleAtTheRelu) {
  const torch::Tensor x = torch::randn({2, 2, 8, 8}, torch::kDouble);
  const auto network = [](const std::string& relu) {
    return scripted("def forward(self, x):\n    y = self.inner.forward(x * 3)\n    b = -y\n    y = " + relu +
                        "\n    return torch.cat([b, y * y], 1).mean([2, 3])\n",
                    {}, {{"inner", scripted(viewing)}});
  };
  expect_close(LayerGradCam(network("y.relu_()"), "inner").attribute(x, 2),
               LayerGradCam(network("y.relu()"), "inner").attribute(x, 2), 1e-12, "both parts of the gradient");
  // Captum's rule clips both parts together, and they meet nowhere in the graph: refused rather than wrong
  EXPECT_THROW(GuidedBackprop(Model(network("y.relu_()"))).attribute(x, 2), ModelError);
  const auto paper = AttributeOptions().guided_rule(GuidedRule::paper);
  expect_close(GuidedBackprop(Model(network("y.relu_()"))).attribute(x, 2, paper),
               GuidedBackprop(Model(network("y.relu()"))).attribute(x, 2, paper), 1e-12, "paper");
}

TEST(Layers, OneModuleUnderTwoNamesIsOneLayer) {
  const auto shared = scripted("def forward(self, x):\n    return x * 2\n");
  const auto network =
      scripted("def forward(self, x):\n    return self.b.forward(torch.relu(self.a.forward(x))).mean([2, 3])\n", {},
               {{"a", shared}, {"b", shared}});
  const torch::Tensor x = torch::randn({1, 2, 4, 4}, torch::kDouble);
  // the last run counts, by whichever name
  const torch::Tensor expected = torch::relu(x.slice(1, 1, 2) * 2) * 2 / 16;
  expect_close(LayerGradCam(network, "a").attribute(x, 1), expected, 1e-12, "a");
  expect_close(LayerGradCam(network, "b").attribute(x, 1), expected, 1e-12, "b");
}

TEST(Layers, AnotherMethodThanForwardIsNotTheLayer) {
  const auto sub = scripted("def forward(self, x):\n    return x * 2\ndef forward2(self, x):\n    return x * 5\n");
  const auto network =
      scripted("def forward(self, x):\n    return self.sub.forward2(torch.relu(self.sub.forward(x))).mean([2, 3])\n",
               {}, {{"sub", sub}});
  const torch::Tensor x = torch::rand({1, 2, 4, 4}, torch::kDouble) + 0.1;
  expect_close(LayerGradCam(network, "sub").attribute(x, 1), x.slice(1, 1, 2) * 2 * 5 / 16, 1e-12, "forward alone");
}

TEST(Layers, OneThatGivesASingleNumberDoesNotDisturbTheList) {
  const auto network = scripted(
      "def forward(self, x):\n    return torch.relu(self.inner.forward(x) * self.mean.forward(x)).mean([2, 3])\n", {},
      {{"inner", identity()}, {"mean", scripted("def forward(self, x):\n    return x.mean()\n")}});
  EXPECT_EQ(Model(network).default_layer({torch::rand({1, 2, 4, 4})}), "inner");
}

TEST(Layers, TheNetworksOwnListsBuffersAndDictionariesStayAsTheyWere) {
  const auto network = scripted(R"(
def forward(self, x, deep: bool):
    chosen = self.count
    if deep:
        chosen = self.other
    chosen.add_(1)
    return self.inner.forward(torch.relu(x) * self.count * self.other).mean([2, 3])
)",
                                {{"count", torch::ones({1})}, {"other", torch::ones({1})}}, {{"inner", identity()}});
  const torch::Tensor x = torch::rand({1, 2, 4, 4});
  const LayerGradCam explainer(network, "inner");
  const auto explained = [&](bool deep) {
    return explainer.attribute(x, 1, AttributeOptions().additional_forward_args({deep}));
  };
  const torch::Tensor first = explained(true);
  EXPECT_TRUE(explained(true).equal(first));
  EXPECT_TRUE(explained(false).equal(first));
  EXPECT_EQ(network.attr("count").toTensor().item<float>(), 1);
  EXPECT_EQ(network.attr("other").toTensor().item<float>(), 1);
}

}  // namespace
}  // namespace whycam::test
