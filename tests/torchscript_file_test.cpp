// What whycam::Network takes of TorchScript files: lists of inputs, half precision, layers and outputs of several
// tensors.
#include <gtest/gtest.h>

#include "support/scripted.h"
#include "support/temporary_folder.h"
#include "whycam/whycam.h"

namespace whycam::test {
namespace {

Options all_options() {
  Options options;
  options.methods = all_methods();
  return options;
}

class TorchScriptFile : public testing::Test {
 protected:
  void SetUp() override {
    torch::manual_seed(0);
    pictures_ = torch::randn({3, 3, 64, 64});
  }
  torch::Tensor pictures_;
};

/// A network with a layer of three tensors, the last of which has no extent, in a file.
std::filesystem::path of_several_tensors(const std::filesystem::path& folder, const std::string& before) {
  const auto backbone = scripted(
      "def forward(self, x):\n    y = torch.relu(x - 0.1)\n    return torch.sigmoid(x), y * y, y.mean([2, 3])\n");
  scripted("def forward(self, x):\n    a, b, c = self.backbone.forward(" + before +
               ")\n    return (a * b).mean([2, 3]) + c\n",
           {}, {{"backbone", backbone}})
      .save((folder / "several.pt").string());
  return folder / "several.pt";
}

TEST_F(TorchScriptFile, ExplainsTheLastTensorWithSpaceOfATorchScriptLayer) {
  const TemporaryFolder folder;
  // No rule compiles nan_to_num.
  for (const auto& [engine, before] :
       {std::pair(Engine::compiled, "x * 2"), std::pair(Engine::autograd, "torch.nan_to_num(x)")}) {
    const Network network = Network::load(of_several_tensors(folder.path(), before));
    const std::vector<Tensor> input{picture::to_array(pictures_)};
    Options options;
    options.methods = {Method::grad_cam};
    const auto named = network.explain(input, "backbone", {1}, options),
               chosen = network.explain(input, "backbone:1", {1}, options);
    EXPECT_EQ(named.engine, to_string(engine)) << named.why_not_compiled;
    ASSERT_EQ(named.targets[0].layers[0].heat_maps.at(Method::grad_cam).size(), 1U);
    EXPECT_EQ(named.targets[0].layers[0].heat_maps.at(Method::grad_cam)[0].values,
              chosen.targets[0].layers[0].heat_maps.at(Method::grad_cam)[0].values);
    EXPECT_TRUE(chosen.warnings.empty());
    ASSERT_EQ(named.warnings.size(), 1U);
    EXPECT_NE(named.warnings[0].find("\"backbone\" gives 3 tensors; this explains \"backbone:1\""), std::string::npos)
        << named.warnings[0];
  }
}

TEST_F(TorchScriptFile, TellsTheDefaultLayerOfTheOutputThatIsExplained) {
  const TemporaryFolder folder;
  const std::filesystem::path file = folder.path() / "heads.pt";
  const auto relu = [] { return scripted("def forward(self, x):\n    return torch.relu(x)\n"); };
  for (const std::string before : {"x * 2", "torch.nan_to_num(x)"}) {
    scripted("def forward(self, x):\n    y = self.trunk.forward(" + before +
                 ")\n    a = self.first.forward(y * 3).mean([2, 3])\n    b = self.second.forward(y * 4).mean([2, 3])\n"
                 "    return {'first': torch.matmul(a, self.head), 'second': torch.matmul(b, self.head)}\n",
             {{"head", torch::randn({3, 5})}}, {{"trunk", relu()}, {"first", relu()}, {"second", relu()}})
        .save(file.string());
    const Network network = Network::load(file);
    EXPECT_EQ(network.default_layer({{1, 3, 8, 8}}, {std::string("first")}), "first") << before;
    EXPECT_EQ(network.default_layer({{1, 3, 8, 8}}, {std::string("second")}), "second") << before;
    const std::vector<LayerInfo> layers = network.layers({{1, 3, 8, 8}}, {std::string("first")});
    ASSERT_EQ(layers.size(), 3U);
    EXPECT_TRUE(layers[0].fit_for_grad_cam);
    EXPECT_FALSE(layers[2].fit_for_grad_cam) << "the output does not depend on it";
  }
}

TEST_F(TorchScriptFile, TakesInputsOfAListOrTuple) {
  const TemporaryFolder folder;
  const torch::Tensor other = torch::randn({3, 3, 64, 64});
  const std::string body = "    y = self.layer.forward(a * b - 0.2)\n    return (y * a + torch.relu(b)).mean([2, 3])\n";
  const auto layer = [] { return scripted("def forward(self, x):\n    return torch.relu(x)\n"); };
  const auto saved = [&](const std::string& name, const std::string& head) {
    scripted("def forward(" + head + body, {}, {{"layer", layer()}}).save((folder.path() / name).string());
    return folder.path() / name;
  };
  const std::vector<Tensor> inputs{picture::to_array(pictures_), picture::to_array(other)};
  for (const Engine engine : {Engine::compiled, Engine::autograd}) {
    Options options = all_options();
    options.engine = engine;
    const auto expected = Network::load(saved("apart.pt", "self, a, b):\n")).explain(inputs, "layer", {1}, options);
    for (const auto& [name, head] : {std::pair("list.pt", "self, all: List[Tensor]):\n    a, b = all[0], all[1]\n"),
                                     std::pair("tuple.pt", "self, all: Tuple[Tensor, Tensor]):\n    a, b = all\n"),
                                     std::pair("rest.pt", "self, a, rest: List[Tensor]):\n    b = rest[0]\n")}) {
      const auto actual = Network::load(saved(name, head)).explain(inputs, "layer", {1}, options);
      EXPECT_EQ(actual.engine, to_string(engine)) << name << ": " << actual.why_not_compiled;
      for (const auto& [method, maps] : expected.targets[0].input_methods)
        for (std::size_t i = 0; i < 2; ++i)
          EXPECT_EQ(actual.targets[0].input_methods.at(method)[i].values, maps[i].values) << name << title(method);
      for (const auto& [method, maps] : expected.targets[0].layers[0].at_inputs)
        for (std::size_t i = 0; i < 2; ++i)
          EXPECT_EQ(actual.targets[0].layers[0].at_inputs.at(method)[i].values, maps[i].values) << name;
    }
  }
}

TEST_F(TorchScriptFile, ExplainsWhatEntersASoftmax) {
  const TemporaryFolder folder;
  const auto saved = [&](const std::string& name, const std::string& rest) {
    scripted("def forward(self, x):\n    y = self.layer.forward(x * 3).mean([2, 3])\n    return " + rest + "\n", {},
             {{"layer", scripted("def forward(self, x):\n    return torch.relu(x - 0.1)\n")}})
        .save((folder.path() / name).string());
    return Network::load(folder.path() / name);
  };
  const std::vector<Tensor> input{picture::to_array(pictures_)};
  for (const Engine engine : {Engine::compiled, Engine::autograd}) {
    Options options;
    options.engine = engine;
    const auto expected = saved("scores.pt", "y").explain(input, "layer", {1}, options);
    std::size_t number = 0;
    for (const auto& [code, path] : std::vector<std::pair<std::string, std::vector<OutputElement>>>{
             {"torch.softmax(y, 1)", {}},
             {"torch.log_softmax(y, 1)", {}},
             {"torch.sigmoid(y)", {}},
             {"(x, torch.softmax(y, 1))", {std::int64_t{1}}},
             {"{'scores': torch.softmax(y, 1)}", {std::string("scores")}}}) {
      options.output_element = path;
      const Network network = saved(std::to_string(number++) + ".pt", code);
      const auto actual = network.before_softmax(path).explain(input, "layer", {1}, options),
                 with = network.explain(input, "layer", {1}, options);
      EXPECT_EQ(actual.targets[0].scores, expected.targets[0].scores) << code;
      const auto& map = expected.targets[0].attributions(Method::guided_grad_cam)[0].values;
      EXPECT_EQ(actual.targets[0].attributions(Method::guided_grad_cam)[0].values, map) << code;
      EXPECT_NE(with.targets[0].scores, expected.targets[0].scores) << code;
    }
  }
  EXPECT_THROW(saved("tanh.pt", "torch.tanh(y)").before_softmax(), ModelError);
  EXPECT_THROW(saved("lines.pt", "torch.stack([y, y])").before_softmax(), ModelError);
}

TEST_F(TorchScriptFile, ExplainsOneExampleWhoseScoresAreSqueezed) {
  const TemporaryFolder folder;
  const auto saved = [&](const std::string& name, const std::string& rest) {
    scripted("def forward(self, x):\n    return self.layer.forward(x).mean([2, 3])" + rest + "\n", {},
             {{"layer", scripted("def forward(self, x):\n    return torch.relu(x - 0.1)\n")}})
        .save((folder.path() / name).string());
    return Network::load(folder.path() / name);
  };
  const std::vector<Tensor> one{picture::to_array(pictures_.slice(0, 0, 1))};
  for (const Engine engine : {Engine::compiled, Engine::autograd}) {
    Options options;
    options.engine = engine;
    const auto expected = saved("whole.pt", "").explain(one, "layer", {2}, options),
               actual = saved("squeezed.pt", ".squeeze()").explain(one, "layer", {2}, options);
    EXPECT_EQ(actual.output.shape, (Shape{1, 3}));
    EXPECT_EQ(actual.targets[0].scores, expected.targets[0].scores);
    EXPECT_EQ(actual.targets[0].attributions(Method::guided_grad_cam)[0].values,
              expected.targets[0].attributions(Method::guided_grad_cam)[0].values);
  }
}

TEST_F(TorchScriptFile, ComputesHalfPrecisionInFloat32) {
  const TemporaryFolder folder;
  for (const torch::ScalarType type : {torch::kHalf, torch::kBFloat16}) {
    // The weights are those of half precision in both, and a conversion is written into the code of one.
    const torch::Tensor weight = torch::randn({4, 3, 3, 3}).to(type);
    const auto saved = [&](const std::string& name, const torch::Tensor& of, const std::string& convert) {
      scripted("def forward(self, x):\n    y = self.layer.forward(torch.conv2d(x" + convert +
                   ", self.weight))\n    return torch.softmax(y.mean([2, 3]), 1)\n",
               {{"weight", of}}, {{"layer", scripted("def forward(self, x):\n    return torch.relu(x)\n")}})
          .save((folder.path() / name).string());
      return Network::load(folder.path() / name);
    };
    const Network half = saved("half.pt", weight, ".to(" + std::to_string(static_cast<int>(type)) + ")"),
                  single = saved("single.pt", weight.to(torch::kFloat), "");
    for (const Engine engine : {Engine::compiled, Engine::autograd}) {
      Options options;
      options.engine = engine;
      const std::vector<Tensor> input{picture::to_array(pictures_)};
      const auto actual = half.explain(input, "layer", {1}, options),
                 expected = single.explain(input, "layer", {1}, options);
      EXPECT_EQ(actual.targets[0].attributions(Method::guided_grad_cam)[0].values,
                expected.targets[0].attributions(Method::guided_grad_cam)[0].values);
      ASSERT_EQ(actual.warnings.size(), 1U);
      EXPECT_NE(actual.warnings[0].find("of half precision"), std::string::npos);
    }
  }
}

}  // namespace
}  // namespace whycam::test
