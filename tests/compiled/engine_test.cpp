// Which engine runs, and what the compiled one owes to its callers.
#include <gtest/gtest.h>

#include <algorithm>
#include <thread>

#include "support/reference.h"
#include "support/scripted.h"
#include "whycam/graph.h"

namespace whycam::test {
namespace {

const std::filesystem::path shapes = std::filesystem::path(WHYCAM_SOURCE_DIR) / "examples/shapes/shapes.pt";

Explanation explained(const Model& model, Engine engine = Engine::automatic, const std::string& layer = "inner") {
  return GuidedGradCam(model, layer)
      .explain({torch::rand({1, 2, 6, 6})}, {Target(1)}, AttributeOptions().engine(engine));
}

torch::jit::Module network(const std::string& forward) {
  return scripted("def forward(self, x):\n" + forward, {},
                  {{"inner", scripted("def forward(self, x):\n    return x\n")}});
}

const char* const plain = "    return torch.relu(self.inner.forward(x) - 0.5).mean([2, 3])\n";

/// Sets an environment variable for a scope.
struct Environment {
  explicit Environment(const char* engine) { setenv("WHYCAM_ENGINE", engine, 1); }
  ~Environment() { unsetenv("WHYCAM_ENGINE"); }
};

TEST(EngineChoice, IsCompiledByItselfAndAutogradWhereThatCannotBe) {
  EXPECT_EQ(explained(network(plain)).engine, "compiled");
  const Explanation fallen_back =
      explained(network("    return torch.relu(torch.cumsum(self.inner.forward(x), 2)).mean([2, 3])\n"));
  EXPECT_EQ(fallen_back.engine, "autograd");
  EXPECT_NE(fallen_back.why_not_compiled.find("aten::cumsum"), std::string::npos) << fallen_back.why_not_compiled;
  EXPECT_NE(fallen_back.why_not_compiled.find(" at "), std::string::npos) << "the place in the source";
}

TEST(EngineChoice, CanBeForced) {
  EXPECT_EQ(explained(network(plain), Engine::autograd).engine, "autograd");
  EXPECT_EQ(explained(network(plain), Engine::compiled).engine, "compiled");
  EXPECT_THROW(explained(network("    return torch.relu(torch.cumsum(self.inner.forward(x), 2)).mean([2, 3])\n"),
                         Engine::compiled),
               ModelError);
}

TEST(EngineChoice, OfTheEnvironmentDecidesForAutomatic) {
  {
    const Environment environment("autograd");
    EXPECT_EQ(explained(network(plain)).engine, "autograd");
    EXPECT_EQ(explained(network(plain), Engine::compiled).engine, "compiled");
  }
  {
    const Environment environment("compiled");
    EXPECT_THROW(explained(network("    return torch.relu(torch.cumsum(self.inner.forward(x), 2)).mean([2, 3])\n")),
                 ModelError);
  }
  const Environment environment("fastest");
  EXPECT_THROW(explained(network(plain)), InputError);
}

TEST(EngineChoice, NamesAreReadAndWritten) {
  for (const Engine engine : {Engine::automatic, Engine::autograd, Engine::compiled})
    EXPECT_EQ(engine_named(to_string(engine)), engine);
}

TEST(CompiledEngine, TakesNumbersAsTracingWritesThem) {
  for (const std::string type : {"7", "6", "4"}) {  // TorchScript's numbers for double, float and int64
    const std::string number = "torch.tensor(3, dtype=" + type + ")";
    const auto of = network("    return torch.relu((self.inner.forward(x) * " + number + " - " + number + " / 4) / " +
                            number + " + " + number + ").mean([2, 3])\n");
    torch::manual_seed(2);
    const Explanation compiled = explained(of, Engine::compiled);
    torch::manual_seed(2);
    const Explanation autograd = explained(of, Engine::autograd);
    EXPECT_EQ(compiled.engine, "compiled") << type;
    EXPECT_TRUE(torch::allclose(compiled.output, autograd.output)) << type;
    EXPECT_TRUE(torch::allclose(compiled.targets[0].guided_backprop[0], autograd.targets[0].guided_backprop[0]))
        << type;
  }
}

TEST(CompiledEngine, LeavesControlFlowOnValuesToAutograd) {
  const Explanation explanation = explained(network(R"(
    y = self.inner.forward(x)
    if bool(y.mean() > 10):
        y = y * 2
    return torch.relu(y).mean([2, 3])
)"));
  EXPECT_EQ(explanation.engine, "autograd");
  EXPECT_FALSE(explanation.why_not_compiled.empty());
}

TEST(CompiledEngine, FollowsControlFlowOnShapes) {
  const auto branching = network(R"(
    y = self.inner.forward(x)
    for i in range(x.size(1)):
        y = y * (i + 1)
    if x.dim() == 4 and x.size(2) > 3:
        y = torch.relu(y - 0.5)
    return y.mean([2, 3])
)");
  const torch::Tensor x = torch::rand({1, 2, 6, 6});
  const auto options = [](Engine engine) { return AttributeOptions().engine(engine); };
  expect_close(GuidedGradCam(branching, "inner").attribute(x, 1, options(Engine::compiled)),
               GuidedGradCam(branching, "inner").attribute(x, 1, options(Engine::autograd)), 1e-6, "float32");
}

TEST(CompiledEngine, CompilesInstanceNormsWithoutStatistics) {
  const auto normalising = [](const std::string& statistics) {
    // The layer is behind the norm: in front of it a channel's gradients add up to 0, and Grad-CAM is rounding alone.
    const std::string source = "def forward(self, x):\n    y = torch.instance_norm(x * 2 - 1, None, None, " +
                               statistics +
                               ", True, 0.1, 1e-5, False)\n    return torch.relu(self.inner.forward(y)).mean([2, 3])\n";
    return scripted(source, {{"mean", torch::zeros({2})}, {"variance", torch::ones({2})}},
                    {{"inner", scripted("def forward(self, x):\n    return x.pow(2) - x\n")}});
  };
  torch::manual_seed(3);
  const torch::Tensor x = torch::rand({2, 2, 6, 6});
  const auto options = [](Engine engine) { return AttributeOptions().engine(engine); };
  expect_close(GuidedGradCam(normalising("None, None"), "inner").attribute(x, 1, options(Engine::compiled)),
               GuidedGradCam(normalising("None, None"), "inner").attribute(x, 1, options(Engine::autograd)), 1e-4,
               "float32, and the norm's gradient is a difference");
  EXPECT_EQ(explained(normalising("self.mean, self.variance")).engine, "autograd") << "it writes its statistics";
}

TEST(CompiledEngine, RefusesAnOperationInPlaceThatOtherViewsWouldSee) {
  // y.relu_() changes what z reads: a graph of values alone would miss it
  const Explanation explanation = explained(
      network("    y = self.inner.forward(x * 2 - 1)\n    z = y.flatten(2)\n    y.relu_()\n    return z.mean(2)\n"));
  EXPECT_EQ(explanation.engine, "autograd");
}

TEST(CompiledEngine, SeesWeightsThatHaveChangedSince) {
  torch::jit::Module changing =
      scripted("def forward(self, x):\n    return torch.relu(self.inner.forward(x) * self.weight).mean([2, 3])\n",
               {{"weight", torch::ones({2, 1, 1})}}, {{"inner", scripted("def forward(self, x):\n    return x\n")}});
  const LayerGradCam explainer(changing, "inner");
  const torch::Tensor x = torch::rand({1, 2, 6, 6});
  const auto compiled = AttributeOptions().engine(Engine::compiled);
  const torch::Tensor before = explainer.attribute(x, 1, compiled);
  {
    const torch::NoGradGuard no_gradients;
    changing.attr("weight").toTensor().mul_(3);
  }
  expect_close(explainer.attribute(x, 1, compiled), 3 * before, 1e-6, "float32");
}

TEST(CompiledEngine, DoublePrecisionIsAutograds) {
  const Explanation explanation =
      GuidedGradCam(network(plain), "inner").explain({torch::rand({1, 2, 6, 6}, torch::kDouble)}, {Target(1)});
  EXPECT_EQ(explanation.engine, "autograd");
  EXPECT_NE(explanation.why_not_compiled.find("float32"), std::string::npos);
}

TEST(CompiledEngine, LeavesWhatIsNotANumberToAutograd) {
  torch::Tensor x = torch::rand({1, 2, 6, 6});
  x[0][1][2][3] = std::nanf("");
  const Explanation of_input = GuidedGradCam(network(plain), "inner").explain({x}, {Target(1)});
  EXPECT_EQ(of_input.engine, "autograd");
  EXPECT_NE(of_input.why_not_compiled.find("inputs that hold NaN"), std::string::npos) << of_input.why_not_compiled;
  EXPECT_TRUE(of_input.output.isnan().any().item<bool>());

  const torch::jit::Module damaged =
      scripted("def forward(self, x):\n    return torch.relu(self.inner.forward(x) * self.weight).mean([2, 3])\n",
               {{"weight", torch::full({2, 1, 1}, std::nanf(""))}},
               {{"inner", scripted("def forward(self, x):\n    return x\n")}});
  const Explanation of_weights = GuidedGradCam(damaged, "inner").explain({torch::rand({1, 2, 6, 6})}, {Target(1)});
  EXPECT_EQ(of_weights.engine, "autograd");
  EXPECT_NE(of_weights.why_not_compiled.find("weights that hold NaN"), std::string::npos)
      << of_weights.why_not_compiled;
}

TEST(CompiledEngine, ManyThreadsGetWhatOneGets) {
  const GuidedGradCam explainer(Model::load(shapes), "stage4");
  const torch::Tensor image = torch::rand({1, 3, 64, 64});
  const auto options = AttributeOptions().engine(Engine::compiled);
  std::vector<torch::Tensor> expected;
  for (int target = 0; target < 6; ++target) expected.push_back(explainer.attribute(image, target, options));
  std::vector<torch::Tensor> results(200);
  std::vector<std::thread> workers;
  for (int worker = 0; worker < 8; ++worker)
    workers.emplace_back([&, worker] {
      for (int i = worker; i < 200; i += 8) results[i] = explainer.attribute(image, i % 6, options);
    });
  for (std::thread& worker : workers) worker.join();
  for (int i = 0; i < 200; ++i)
    expect_close(results[i], expected[i % 6], 1e-5, "float32, sums of another number of threads");
}

// pip's libtorch has a oneDNN inside, and plans run on another one; elsewhere both are one library. Convolutions and
// products of matrices, in bfloat16 too, are what libtorch takes its oneDNN for.
TEST(CompiledEngine, AndLibtorchsOneDnnRunInTurns) {
  torch::manual_seed(1);
  const torch::Tensor weight = torch::randn({24, 3, 3, 3}), matrix = torch::randn({24, 5});
  const torch::jit::Module network = scripted(
      "def forward(self, x):\n    y = torch.relu(torch.conv2d(x, self.weight))\n"
      "    return torch.matmul(self.inner.forward(y).mean([2, 3]), self.matrix)\n",
      {{"weight", weight}, {"matrix", matrix}}, {{"inner", scripted("def forward(self, x):\n    return x\n")}});
  const torch::Tensor x = torch::randn({2, 3, 17, 17}), many = torch::randn({64, 64});
  const auto of_libtorch = [&] {
    const torch::Tensor y = torch::relu(torch::conv2d(x, weight)).mean({2, 3}).matmul(matrix);
    const torch::Tensor product = many.to(torch::kBFloat16).matmul(many.to(torch::kBFloat16)).to(torch::kDouble);
    const torch::Tensor exact = many.to(torch::kBFloat16).to(torch::kDouble);
    // bfloat16 has 8 bits, and the sum of 64 products is rounded once: half of 2^-8.
    EXPECT_LT((product - exact.matmul(exact)).norm().item<double>(), 4e-3 * product.norm().item<double>());
    return y;
  };
  const torch::Tensor expected = torch::relu(torch::conv2d(x.to(torch::kDouble), weight.to(torch::kDouble)))
                                     .mean({2, 3})
                                     .matmul(matrix.to(torch::kDouble));
  for (int turn = 0; turn < 3; ++turn) {
    EXPECT_TRUE(torch::allclose(of_libtorch().to(torch::kDouble), expected, 1e-5, 1e-5));
    const Explanation explanation =
        GuidedGradCam(network, "inner").explain({x}, {Target(1)}, AttributeOptions().engine(Engine::compiled));
    EXPECT_EQ(explanation.engine, "compiled");
    EXPECT_TRUE(torch::allclose(explanation.output.to(torch::kDouble), expected, 1e-5, 1e-5));
  }
}

TEST(CompiledEngine, ShowsItsGraphPassByPass) {
  const auto stages = graph_stages(Model::load(shapes), {torch::zeros({1, 3, 64, 64})}, "stage4");
  ASSERT_GE(stages.size(), 4u);
  EXPECT_EQ(stages.front().pass, "lower");
  EXPECT_NE(stages.front().text.find("convolution"), std::string::npos);
  EXPECT_NE(stages.front().text.find("# stage4.convolution1"), std::string::npos) << "where an operator comes from";
  EXPECT_EQ(stages.front().text.find("input_gradient"), std::string::npos);
  EXPECT_NE(stages.back().text.find("guided_backprop"), std::string::npos);
  const auto differentiated =
      std::find_if(stages.begin(), stages.end(), [](const auto& stage) { return stage.pass == "differentiate"; });
  ASSERT_NE(differentiated, stages.end());
  EXPECT_LT(stages.back().nodes, differentiated->nodes);
  EXPECT_THROW(graph_stages(network("    return torch.cumsum(self.inner.forward(x), 2).mean([2, 3])\n"),
                            {torch::zeros({1, 2, 6, 6})}, "inner"),
               ModelError);
}

/// Networks on which a graph of values alone could go wrong. Whichever engine is chosen, the answer is autograd's, also
/// where that is an error.
class Pitfalls : public testing::TestWithParam<const char*> {};

TEST_P(Pitfalls, AreExplainedAsByAutograd) {
  torch::manual_seed(8);
  const torch::Tensor weight = torch::randn({20, 3, 3, 3}), x = torch::randn({2, 3, 9, 9});
  const auto network = scripted(
      std::string("def forward(self, x):\n    t = self.inner.forward(torch.conv2d(x, self.weight))\n") + GetParam(),
      {{"weight", weight}}, {{"inner", scripted("def forward(self, x):\n    return x\n")}});
  AttributeOptions options;
  options.methods({Method::grad_cam, Method::guided_backprop, Method::guided_grad_cam, Method::deconvolution});
  const GuidedGradCam explainer(network, "inner");
  const auto explain = [&](Engine engine) { return explainer.explain({x}, {Target(1)}, options.engine(engine)); };
  Explanation expected;
  try {
    expected = explain(Engine::autograd);
  } catch (const Error&) {
    EXPECT_THROW(explain(Engine::automatic), Error);
    return;
  }
  const Explanation actual = explain(Engine::automatic);
  const TargetExplanation &a = actual.targets[0], &e = expected.targets[0];
  expect_close(a.guided_backprop[0], e.guided_backprop[0], 1e-4, "guided backpropagation, float32");
  expect_close(a.deconvolution[0], e.deconvolution[0], 1e-4, "deconvolution, float32");
  expect_close(a.layers[0].guided_grad_cam[0], e.layers[0].guided_grad_cam[0], 1e-4, "Guided Grad-CAM, float32");
  EXPECT_EQ(actual.activations.not_guided, expected.activations.not_guided);
}

INSTANTIATE_TEST_SUITE_P(
    Snippets, Pitfalls,
    testing::Values("    t = t.permute(0, 2, 3, 1)\n    y = t.contiguous()\n    y.mul_(2)\n    return torch.relu(t * t "
                    "+ y).mean([1, 2])\n",
                    "    y = t.permute(0, 2, 3, 1).contiguous()\n    return (torch.relu(y) - 0.7 * t.permute(0, 2, 3, "
                    "1)).mean([1, 2])\n",
                    "    y = t.to(6, False, True)\n    y.mul_(2)\n    return torch.relu(t * t + y).mean([2, 3])\n",
                    "    y = torch.flatten(t, 1, 1)\n    return (torch.relu(y) - 0.7 * t).mean([2, 3])\n",
                    "    if t.requires_grad:\n        t = t * 2 + 1\n    return torch.relu(t).mean([2, 3])\n",
                    "    if torch.is_grad_enabled():\n        t = t * 2 + 1\n    return torch.relu(t).mean([2, 3])\n",
                    "    return torch.celu(t, -0.5).relu().mean([2, 3])\n",
                    "    return torch.log_sigmoid(t * 2000).mean([2, 3])\n",
                    "    return torch.selu(t).relu().mean([2, 3])\n",
                    "    return torch.cat([t[:, :0], torch.relu(t)], 1).mean([2, 3])\n",
                    "    return torch.relu(t)[:, :, ::0].mean([2, 3])\n",
                    "    return torch.chunk(torch.relu(t), 0, 1)[0].mean([2, 3])\n",
                    "    return torch.max_pool2d(torch.relu(t), 2, [0, 0]).mean([2, 3])\n",
                    "    return torch.relu(t.abs().sqrt()).mean([2, 3])\n"));

TEST(CompiledEngine, DrawsNoRandomNumbersOnceForEver) {
  EXPECT_EQ(explained(network("    return torch.relu(self.inner.forward(x) + torch.rand([1])).mean([2, 3])\n")).engine,
            "autograd");
}

TEST(CompiledEngine, SeesWeightsThatWereWrittenThroughData) {
  torch::jit::Module changing =
      scripted("def forward(self, x):\n    return torch.relu(self.inner.forward(x) * self.weight).mean([2, 3])\n",
               {{"weight", torch::ones({2, 1, 1})}}, {{"inner", scripted("def forward(self, x):\n    return x\n")}});
  const LayerGradCam explainer(changing, "inner");
  const torch::Tensor x = torch::rand({1, 2, 6, 6});
  const torch::Tensor before = explainer.attribute(x, 1);
  changing.attr("weight").toTensor().data().mul_(3);
  expect_close(explainer.attribute(x, 1), 3 * before, 1e-6, "float32");
}

TEST(CompiledEngine, ComputesInSinglePrecisionWhateverTheProgramsDefault) {
  const torch::jit::Module changing =
      scripted("def forward(self, x):\n    return torch.relu(self.inner.forward(x)).mean([2, 3])\n", {},
               {{"inner", scripted("def forward(self, x):\n    return x * 2\n")}});
  const torch::Tensor x = torch::rand({1, 2, 6, 6});
  const GuidedGradCam explainer(changing, "inner");
  const torch::Tensor expected = explainer.attribute(x, 1);
  torch::set_default_dtype(caffe2::TypeMeta::Make<double>());
  torch::Tensor actual;
  EXPECT_NO_THROW(actual =
                      GuidedGradCam(changing, "inner").attribute(x, 1, AttributeOptions().engine(Engine::compiled)));
  torch::set_default_dtype(caffe2::TypeMeta::Make<float>());
  expect_close(actual, expected, 1e-6, "float32");
  EXPECT_EQ(actual.scalar_type(), torch::kFloat);
}

}  // namespace
}  // namespace whycam::test
