// whycam::Network beside whycam::GuidedGradCam: the same numbers on buffers of floats, from ONNX and TorchScript files.
#include "whycam/network.h"

#include <ATen/Parallel.h>
#include <gtest/gtest.h>

#include <cmath>
#include <fstream>
#include <thread>

#include "support/reference.h"
#include "support/scripted.h"
#include "support/temporary_folder.h"
#include "whycam/plain.h"

namespace whycam::test {
namespace {

const std::filesystem::path networks = std::filesystem::path(WHYCAM_SOURCE_DIR) / "tests/plain",
                            shapes = std::filesystem::path(WHYCAM_SOURCE_DIR) / "examples/shapes/shapes.pt";

/// The relative L2 error; both may be empty.
void expect_equal(const Tensor& actual, const torch::Tensor& expected, const std::string& what,
                  double tolerance = 1e-4) {
  ASSERT_EQ(actual.shape, expected.sizes().vec()) << what;
  const torch::Tensor difference = picture::to_tensor(actual) - expected;
  const double norm = expected.norm().item<double>(), error = difference.norm().item<double>();
  EXPECT_LE(error, tolerance * std::max(norm, 1e-12)) << what;
}

void expect_equal(const std::map<Method, std::vector<Tensor>>& actual,
                  const std::map<Method, std::vector<torch::Tensor>>& expected) {
  ASSERT_EQ(actual.size(), expected.size());
  for (const auto& [method, tensors] : expected) {
    ASSERT_EQ(actual.at(method).size(), tensors.size()) << title(method);
    for (std::size_t i = 0; i < tensors.size(); ++i)
      expect_equal(actual.at(method)[i], tensors[i], std::string(title(method)) + " " + std::to_string(i));
  }
}

Options everything() {
  Options options;
  options.methods = all_methods();
  return options;
}

/// Sets an environment variable for a scope.
struct Environment {
  explicit Environment(const char* engine) { setenv("WHYCAM_ENGINE", engine, 1); }
  ~Environment() { unsetenv("WHYCAM_ENGINE"); }
};

/// Explains by both and compares all that comes of it. Returns which engine ran.
std::string expect_same(const std::filesystem::path& file, const std::vector<torch::Tensor>& inputs,
                        const std::string& layer, const std::vector<Target>& targets, const Options& options) {
  SCOPED_TRACE(file.filename().string() + ", " + layer + ", " + to_string(options.interpolation));
  const Explanation expected = GuidedGradCam(Model::load(file), layer).explain(inputs, targets, options);
  std::vector<Tensor> arrays;
  for (const torch::Tensor& input : inputs) arrays.push_back(picture::to_array(input));
  const Network::Explanation actual = Network::load(file).explain(arrays, layer, targets, options);
  expect_equal(actual.output, expected.output, "output");
  EXPECT_EQ(actual.activations.relus_guided, expected.activations.relus_guided);
  EXPECT_EQ(actual.activations.not_guided, expected.activations.not_guided);
  EXPECT_EQ(actual.engine, expected.engine);
  EXPECT_EQ(actual.why_not_compiled, expected.why_not_compiled);
  EXPECT_EQ(actual.warnings, expected.warnings);
  EXPECT_EQ(actual.targets.size(), targets.size());
  for (std::size_t i = 0; i < actual.targets.size(); ++i) {
    SCOPED_TRACE("target " + targets[i].to_string());
    const Network::TargetExplanation& one = actual.targets[i];
    const TargetExplanation& other = expected.targets[i];
    EXPECT_EQ(one.target.to_string(), targets[i].to_string());
    expect_equal({{static_cast<std::int64_t>(one.scores.size())}, one.scores}, other.scores, "scores");
    expect_equal(one.input_methods, other.input_methods);
    EXPECT_EQ(one.layers.size(), other.layers.size());
    for (std::size_t j = 0; j < one.layers.size(); ++j) {
      expect_equal(one.layers[j].heat_maps, other.layers[j].heat_maps);
      expect_equal(one.layers[j].at_inputs, other.layers[j].at_inputs);
    }
  }
  return actual.engine;
}

class NetworkFile : public testing::Test {
 protected:
  void SetUp() override {
    torch::manual_seed(0);
    pictures_ = torch::randn({3, 3, 64, 64});
  }
  template <class Error, class Call>
  static void expect_error(const Call& call, const std::string& words) {
    try {
      call();
      ADD_FAILURE() << "nothing was thrown";
    } catch (const Error& error) {
      EXPECT_NE(std::string(error.what()).find(words), std::string::npos) << error.what();
    }
  }

  const std::filesystem::path file_ = networks / "network.onnx", two_ports_ = networks / "two_ports.onnx";
  torch::Tensor pictures_;
};

TEST_F(NetworkFile, GivesTheLibrarysNumbersByEveryMethodAndInterpolation) {
  for (const Interpolation mode :
       {Interpolation::nearest, Interpolation::area, Interpolation::bilinear, Interpolation::bicubic}) {
    Options options = everything();
    options.interpolation = mode;
    expect_same(file_, {pictures_}, "stage1", {3, Target::per_example({0, 5, 2})}, options);
  }
}

TEST_F(NetworkFile, FollowsTheRulesOnBothSidesOfALayer) {
  for (const GuidedRule rule : {GuidedRule::captum, GuidedRule::paper})
    for (const bool clipped : {false, true})
      for (const bool layer_input : {false, true}) {
        Options options = everything();
        options.guided_rule = options.deconvolution_rule = rule;
        options.guide_clipped_relus = clipped;
        options.attribute_to_layer_input = layer_input;
        expect_same(file_, {pictures_.slice(0, 0, 1)}, "stage2", {1}, options);
      }
}

TEST_F(NetworkFile, ComputesWhatIsAskedForAlone) {
  for (const std::vector<Method>& methods :
       std::vector<std::vector<Method>>{{Method::grad_cam},
                                        {Method::guided_backprop},
                                        {Method::deconvolution},
                                        {Method::guided_grad_cam},
                                        {Method::deconvolution, Method::grad_cam}}) {
    Options options;
    options.methods = methods;
    expect_same(file_, {pictures_}, "stage2", {0}, options);
  }
}

TEST_F(NetworkFile, ExplainsSeveralInputsAndOneOfSeveralOutputs) {
  const std::vector<torch::Tensor> inputs{torch::randn({2, 3, 16, 16}), torch::randn({2, 1, 8, 8})};
  Options options = everything();
  options.output_element = {std::int64_t{0}};
  expect_same(two_ports_, inputs, "mix", {2}, options);
  options.output_element = {"map"};
  expect_same(two_ports_, inputs, "mix", {Target::at({1, 2, 3}), Target::per_example_at({{0, 0, 0}, {1, 7, 7}})},
              options);
  const Network network = Network::load(two_ports_);
  EXPECT_EQ(network.inputs()[1].name, "depth");
  EXPECT_EQ(network.inputs()[1].shape, (Shape{-1, 1, 8, 8}));
  EXPECT_EQ(network.outputs()[1].name, "map");
}

TEST_F(NetworkFile, LeavesEmptyWhatCannotBeResized) {
  Options options = everything();
  expect_same(file_, {pictures_}, "/Flatten", {1}, options);  // N x C
  options.interpolation = Interpolation::linear;
  expect_same(file_, {pictures_}, "stage2", {1}, options);
}

TEST_F(NetworkFile, ListsTheLibrarysLayers) {
  const Network network = Network::load(file_);
  const std::vector<LayerInfo> layers = network.layers({{1, 3, 64, 64}}),
                               expected = Model::load(file_).layers({torch::zeros({1, 3, 64, 64})});
  ASSERT_EQ(layers.size(), expected.size());
  for (std::size_t i = 0; i < layers.size(); ++i) {
    EXPECT_EQ(layers[i].path, expected[i].path);
    EXPECT_EQ(layers[i].output_shapes, expected[i].output_shapes);
  }
  EXPECT_EQ(network.default_layer({{1, 3, 64, 64}}), "stage2");
  EXPECT_EQ(network.graph_stages({{1, 3, 64, 64}}, "stage2").front().pass, "lower");
}

TEST_F(NetworkFile, ChoosesTargetsWhenTheOutputIsKnown) {
  const Network network = Network::load(file_);
  const auto choose = [](const Tensor& output) {
    EXPECT_EQ(output.shape, (Shape{3, 6}));
    return std::vector<Target>{4, 5};
  };
  EXPECT_EQ(network.explain({picture::to_array(pictures_)}, "stage2", choose).targets[1].target.to_string(), "5");
}

TEST_F(NetworkFile, GivesManyThreadsTheResultsOfOne) {
  // libtorch's threads are OpenMP's.
  const Network network = Network::load(file_);
  const Tensor input = picture::to_array(pictures_);
  const int threads = at::get_num_threads();
  at::set_num_threads(1);
  std::vector<Tensor> expected, results(48);
  for (int target = 0; target < 6; ++target)
    expected.push_back(
        network.explain({input}, "stage2", {target}).targets[0].attributions(Method::guided_grad_cam)[0]);
  at::set_num_threads(threads);
  std::vector<std::thread> workers;
  for (std::size_t worker = 0; worker < 6; ++worker)
    workers.emplace_back([&, worker] {
      at::set_num_threads(1);
      for (std::size_t i = worker; i < results.size(); i += 6)
        results[i] = network.explain({input}, "stage2", {Target(static_cast<int>(i / 8))})
                         .targets[0]
                         .attributions(Method::guided_grad_cam)[0];
    });
  for (std::thread& worker : workers) worker.join();
  for (std::size_t i = 0; i < results.size(); ++i) EXPECT_EQ(results[i].values, expected[i / 8].values) << i;
}

TEST_F(NetworkFile, NamesWhatIsWrong) {
  const Network network = Network::load(file_);
  const Tensor input = picture::to_array(pictures_);
  const auto explain = [&](const std::vector<Tensor>& inputs, const std::string& layer, const Target& target,
                           const Options& options = {}) {
    return [=] { network.explain(inputs, layer, std::vector<Target>{target}, options); };
  };
  expect_error<LayerError>(explain({input}, "stage3", 1), "\"stage1\"");
  expect_error<TargetError>(explain({input}, "stage2", 6), "must be from 0 to 5");
  expect_error<TargetError>(explain({input}, "stage2", Target::per_example({1})), "1 entries");
  expect_error<InputError>(explain({}, "stage2", 1), "no input");
  expect_error<InputError>(explain({{{1, 3, 2, 2}, {1, 2}}}, "stage2", 1), "2 numbers for a shape of 1 x 3 x 2 x 2");
  expect_error<InputError>(explain({{{0, 3, 2, 2}, {}}}, "stage2", 1), "is empty");
  expect_error<ModelError>(explain({picture::to_array(torch::zeros({1, 1, 64, 64}))}, "stage2", 1),
                           "is to be of any x 3 x any x any, not of 1 x 1 x 64 x 64");
  expect_error<ModelError>(explain({input, input}, "stage2", 1), "takes 1 inputs (\"pictures\"), not 2");
  expect_error<ModelError>(explain({picture::to_array(pictures_ / 0)}, "stage2", 1), "NaN or infinity");
  const std::vector<Tensor> two{picture::to_array(torch::zeros({1, 3, 16, 16})),
                                picture::to_array(torch::zeros({1, 1, 8, 8}))};
  expect_error<ModelError>([&] { Network::load(two_ports_).explain(two, "mix", std::vector<Target>{1}); },
                           "0 (\"scores\"), 1 (\"map\")");
  expect_error<ModelError>([&] { Network::load(networks / "absent.onnx"); }, "there is no network file");
  expect_error<ModelError>([&] { Network::load(networks); }, "is a folder");
  expect_error<ModelError>([&] { Network::load(networks / "make_networks.py"); }, "torch.onnx.export");
}

TEST_F(NetworkFile, ExplainsTorchScriptByEitherEngine) {
  Options options = everything();
  options.interpolation = Interpolation::bilinear;
  for (const Engine engine : {Engine::automatic, Engine::compiled, Engine::autograd}) {
    options.engine = engine;
    const std::vector<Target> targets{3, Target::per_example({0, 5, 2})};
    EXPECT_EQ(expect_same(shapes, {pictures_}, "stage4", targets, options),
              engine == Engine::autograd ? "autograd" : "compiled");
  }
  const Environment environment("autograd");
  EXPECT_EQ(expect_same(shapes, {pictures_}, "stage2", {3}, Options()), "autograd");
}

TEST_F(NetworkFile, ListsTorchScriptsLayers) {
  const Network network = Network::load(shapes);
  const Model model = Model::load(shapes);
  const torch::Tensor zeros = torch::zeros({1, 3, 64, 64});
  const std::vector<LayerInfo> layers = network.layers({{1, 3, 64, 64}}), expected = model.layers({zeros});
  ASSERT_EQ(layers.size(), expected.size());
  for (std::size_t i = 0; i < layers.size(); ++i) {
    EXPECT_EQ(layers[i].path, expected[i].path);
    EXPECT_EQ(layers[i].output_shapes, expected[i].output_shapes);
  }
  EXPECT_EQ(network.default_layer({{1, 3, 64, 64}}), "stage4");
  EXPECT_EQ(network.graph_stages({{1, 3, 64, 64}}, "stage4").back().text,
            graph_stages(model, {zeros}, "stage4").back().text);
  EXPECT_TRUE(network.inputs().empty());
}

TEST_F(NetworkFile, ComputesInDoublePrecisionWhatIsInIt) {
  const TemporaryFolder folder;
  const std::filesystem::path file = folder.path() / "double.pt";
  scripted("def forward(self, x):\n    return self.part.forward(x * self.scale).mean([2, 3])\n",
           {{"scale", torch::full({1}, 1.0 / 3, torch::kDouble)}},
           {{"part", scripted("def forward(self, x):\n    return torch.relu(x - 0.1)\n")}})
      .save(file.string());
  EXPECT_EQ(Network::load(file).default_layer({{1, 3, 8, 8}}), "part");
  const torch::Tensor pictures = pictures_.slice(2, 0, 8).slice(3, 0, 8);
  const Explanation expected = GuidedGradCam(Model::load(file), "part").explain({pictures.to(torch::kDouble)}, {1});
  const Network::Explanation actual =
      Network::load(file).explain({picture::to_array(pictures)}, "part", {1}, Options());
  EXPECT_EQ(actual.engine, "autograd");
  EXPECT_NE(actual.why_not_compiled.find("Double"), std::string::npos) << actual.why_not_compiled;
  for (const Method method : default_methods())
    expect_equal(actual.targets[0].attributions(method)[0],
                 expected.targets[0].attributions(method)[0].to(torch::kFloat), title(method), 0);
  expect_equal(actual.output, expected.output.to(torch::kFloat), "output", 0);
}

TEST_F(NetworkFile, GivesManyThreadsTheResultsOfOneFromTorchScript) {
  const Network network = Network::load(shapes);
  const std::vector<Tensor> input{picture::to_array(pictures_)};
  const std::vector<std::string> layers{"stage2", "stage3", "stage4"};
  std::vector<Tensor> expected, results(12);
  const auto map = [&](std::size_t i) {
    at::set_num_threads(1);
    return network.explain(input, layers[i % 3], {3}).targets[0].attributions(Method::guided_grad_cam)[0];
  };
  const int threads = at::get_num_threads();
  for (std::size_t i = 0; i < 3; ++i) expected.push_back(map(i));
  at::set_num_threads(threads);
  std::vector<std::thread> workers;
  for (std::size_t worker = 0; worker < 4; ++worker)
    workers.emplace_back([&, worker] {
      for (std::size_t i = worker; i < results.size(); i += 4) results[i] = map(i);
    });
  for (std::thread& worker : workers) worker.join();
  for (std::size_t i = 0; i < results.size(); ++i) EXPECT_EQ(results[i].values, expected[i % 3].values) << i;
}

TEST_F(NetworkFile, RefusesAnEngineThatCannotExplainIt) {
  const TemporaryFolder folder;
  const std::filesystem::path file = folder.path() / "cumsum.pt";
  scripted("def forward(self, x):\n    return torch.relu(torch.cumsum(x, 2)).mean([2, 3])\n").save(file.string());
  Options options;
  options.methods = {Method::guided_backprop};
  EXPECT_EQ(expect_same(file, {pictures_}, "", {1}, options), "autograd");
  const Tensor input = picture::to_array(pictures_);
  const auto explain = [&](const std::filesystem::path& network, Engine engine) {
    return [&options, &input, network, engine] {
      options.engine = engine;
      Network::load(network).explain({input}, "stage2", {1}, options);
    };
  };
  expect_error<ModelError>(explain(file, Engine::compiled), "aten::cumsum");
  expect_error<ModelError>(explain(file_, Engine::autograd), "an ONNX network has no autograd engine");
  {
    const Environment environment("autograd");
    expect_error<ModelError>(explain(file_, Engine::automatic), "an ONNX network has no autograd engine");
  }
  const Environment environment("fastest");
  expect_error<InputError>(explain(file_, Engine::automatic), "fastest");
  expect_error<InputError>(explain(shapes, Engine::automatic), "fastest");
}

TEST_F(NetworkFile, NamesWhatIsWrongWithTorchScript) {
  const TemporaryFolder folder;
  const std::filesystem::path half = folder.path() / "half.pt";
  std::filesystem::copy(shapes, half);
  std::filesystem::resize_file(half, std::filesystem::file_size(half) / 2);
  expect_error<ModelError>([&] { Network::load(half); }, "half.pt");
  const Network network = Network::load(shapes);
  const Tensor input = picture::to_array(pictures_);
  expect_error<LayerError>([&] { network.explain({input}, "stage44", {1}); }, "\"stage4\"");
  expect_error<TargetError>([&] { network.explain({input}, "stage4", {6}); }, "from 0 to 5");
  expect_error<InputError>([&] { network.explain({{{1, 3, 2, 2}, {1, 2}}}, "stage4", {1}); }, "2 numbers");
  expect_error<InputError>([&] { network.layers({{1, 3, -1, 64}}); }, "-1");
  expect_error<ModelError>([&] { network.explain({{{1, 1, 2, 2}, {1, 2, 3, 4}}}, "stage4", {1}); }, "1 x 1 x 2 x 2");
  Options options;
  options.output_element = {std::int64_t{1}};
  expect_error<ModelError>([&] { network.explain({input}, "stage4", {1}, options); }, "no element 1");
}

TEST_F(NetworkFile, HasItsOldNames) {
  const std::vector<Tensor> inputs{picture::to_array(pictures_)};
  const plain::Explanation old = plain::Network::load(file_).explain(inputs, "stage2", {3}, everything());
  const Network::Explanation now = Network::load(file_).explain(inputs, "stage2", {3}, everything());
  const auto values = [&](Method method) { return now.targets[0].attributions(method)[0].values; };
  EXPECT_EQ(old.targets[0].scores, now.targets[0].scores);
  EXPECT_EQ(old.targets[0].layer_attributions[0].values,
            now.targets[0].layers[0].heat_maps.at(Method::grad_cam)[0].values);
  EXPECT_EQ(old.targets[0].upsampled[0].values, values(Method::grad_cam));
  EXPECT_EQ(old.targets[0].guided_grad_cam[0].values, values(Method::guided_grad_cam));
  EXPECT_EQ(old.targets[0].guided_backprop[0].values, values(Method::guided_backprop));
  EXPECT_EQ(old.targets[0].deconvolution[0].values, values(Method::deconvolution));
}

class NetworkReference : public testing::TestWithParam<ReferenceCase> {};

TEST_P(NetworkReference, GivesTheLibrarysNumbers) {
  const std::filesystem::path file =
      reference_dir() / "onnx" / "real" / GetParam().network().filename().replace_extension(".onnx");
  if (!exists(file)) GTEST_SKIP() << "the network is not there as ONNX";
  const std::vector<torch::Tensor> inputs = GetParam().inputs(GetParam().tensors());
  Options options = everything();
  options.interpolation = Interpolation::bilinear;
  expect_same(file, inputs, GetParam().row.at("layer"), {GetParam().target()}, options);
}

INSTANTIATE_TEST_SUITE_P(Real, NetworkReference, testing::ValuesIn(reference_cases("real")),
                         [](const auto& info) { return info.param.name(); });
GTEST_ALLOW_UNINSTANTIATED_PARAMETERIZED_TEST(NetworkReference);

}  // namespace
}  // namespace whycam::test
