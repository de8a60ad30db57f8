// whycam::plain beside whycam::GuidedGradCam: the same numbers on plain buffers.
#include "whycam/plain.h"

#include <ATen/Parallel.h>
#include <gtest/gtest.h>

#include <cmath>
#include <thread>

#include "support/reference.h"

namespace whycam::test {
namespace {

const std::filesystem::path networks = std::filesystem::path(WHYCAM_SOURCE_DIR) / "tests/plain";

plain::Tensor array(const torch::Tensor& tensor) { return picture::to_array(tensor); }

/// The relative L2 error; both may be empty.
void expect_equal(const plain::Tensor& actual, const torch::Tensor& expected, const std::string& what,
                  double tolerance = 1e-4) {
  ASSERT_EQ(actual.shape, expected.sizes().vec()) << what;
  const torch::Tensor difference = picture::to_tensor(actual) - expected;
  const double norm = expected.norm().item<double>(), error = difference.norm().item<double>();
  EXPECT_LE(error, tolerance * std::max(norm, 1e-12)) << what;
}

void expect_equal(const std::vector<plain::Tensor>& actual, const std::vector<torch::Tensor>& expected,
                  const std::string& what) {
  ASSERT_EQ(actual.size(), expected.size()) << what;
  for (std::size_t i = 0; i < actual.size(); ++i)
    expect_equal(actual[i], expected[i], what + " of input " + std::to_string(i));
}

AttributeOptions whole(const plain::Options& options) {
  return AttributeOptions()
      .interpolate_mode(options.interpolation)
      .attribute_to_layer_input(options.attribute_to_layer_input)
      .guided_rule(options.guided_rule)
      .deconvolution_rule(options.deconvolution_rule)
      .guide_clipped_relus(options.guide_clipped_relus)
      .output_element(options.output_element)
      .methods(options.methods);
}

plain::Options everything() {
  plain::Options options;
  options.methods = {Method::grad_cam, Method::guided_backprop, Method::guided_grad_cam, Method::deconvolution};
  return options;
}

/// Explains by both and compares all that comes of it.
void expect_same(const std::filesystem::path& file, const std::vector<torch::Tensor>& inputs, const std::string& layer,
                 const std::vector<Target>& targets, const plain::Options& options) {
  SCOPED_TRACE(file.filename().string() + ", " + layer + ", " + to_string(options.interpolation));
  const Explanation expected = GuidedGradCam(Model::load(file), layer).explain(inputs, targets, whole(options));
  std::vector<plain::Tensor> arrays;
  for (const torch::Tensor& input : inputs) arrays.push_back(array(input));
  const plain::Explanation actual = plain::Network::load(file).explain(arrays, layer, targets, options);
  expect_equal(actual.output, expected.output, "output");
  EXPECT_EQ(actual.activations.relus_guided, expected.activations.relus_guided);
  EXPECT_EQ(actual.activations.not_guided, expected.activations.not_guided);
  EXPECT_EQ(actual.warnings, expected.warnings);
  ASSERT_EQ(actual.targets.size(), targets.size());
  for (std::size_t i = 0; i < targets.size(); ++i) {
    SCOPED_TRACE("target " + targets[i].to_string());
    const plain::TargetExplanation& one = actual.targets[i];
    const TargetExplanation& other = expected.targets[i];
    EXPECT_EQ(one.target.to_string(), targets[i].to_string());
    expect_equal({{static_cast<std::int64_t>(one.scores.size())}, one.scores}, other.scores, "scores");
    expect_equal(one.guided_backprop, other.guided_backprop, "guided backpropagation");
    expect_equal(one.deconvolution, other.deconvolution, "deconvolution");
    const LayerExplanation at_layer = other.layers.empty() ? LayerExplanation() : other.layers[0];
    expect_equal(one.layer_attributions, at_layer.layer_attributions, "Grad-CAM");
    expect_equal(one.upsampled, at_layer.upsampled, "upsampled");
    expect_equal(one.guided_grad_cam, at_layer.guided_grad_cam, "Guided Grad-CAM");
  }
}

class PlainNetwork : public testing::Test {
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

TEST_F(PlainNetwork, GivesTheLibrarysNumbersByEveryMethodAndInterpolation) {
  for (const Interpolation mode :
       {Interpolation::nearest, Interpolation::area, Interpolation::bilinear, Interpolation::bicubic}) {
    plain::Options options = everything();
    options.interpolation = mode;
    expect_same(file_, {pictures_}, "stage1", {3, Target::per_example({0, 5, 2})}, options);
  }
}

TEST_F(PlainNetwork, FollowsTheRulesOnBothSidesOfALayer) {
  for (const GuidedRule rule : {GuidedRule::captum, GuidedRule::paper})
    for (const bool clipped : {false, true})
      for (const bool layer_input : {false, true}) {
        plain::Options options = everything();
        options.guided_rule = options.deconvolution_rule = rule;
        options.guide_clipped_relus = clipped;
        options.attribute_to_layer_input = layer_input;
        expect_same(file_, {pictures_.slice(0, 0, 1)}, "stage2", {1}, options);
      }
}

TEST_F(PlainNetwork, ComputesWhatIsAskedForAlone) {
  for (const std::vector<Method>& methods :
       std::vector<std::vector<Method>>{{Method::grad_cam},
                                        {Method::guided_backprop},
                                        {Method::deconvolution},
                                        {Method::guided_grad_cam},
                                        {Method::deconvolution, Method::grad_cam}}) {
    plain::Options options;
    options.methods = methods;
    expect_same(file_, {pictures_}, "stage2", {0}, options);
  }
}

TEST_F(PlainNetwork, ExplainsSeveralInputsAndOneOfSeveralOutputs) {
  const std::vector<torch::Tensor> inputs{torch::randn({2, 3, 16, 16}), torch::randn({2, 1, 8, 8})};
  plain::Options options = everything();
  options.output_element = {std::int64_t{0}};
  expect_same(two_ports_, inputs, "mix", {2}, options);
  options.output_element = {"map"};
  expect_same(two_ports_, inputs, "mix", {Target::at({1, 2, 3}), Target::per_example_at({{0, 0, 0}, {1, 7, 7}})},
              options);
  const plain::Network network = plain::Network::load(two_ports_);
  EXPECT_EQ(network.inputs()[1].name, "depth");
  EXPECT_EQ(network.inputs()[1].shape, (plain::Shape{-1, 1, 8, 8}));
  EXPECT_EQ(network.outputs()[1].name, "map");
}

TEST_F(PlainNetwork, LeavesEmptyWhatCannotBeResized) {
  plain::Options options = everything();
  expect_same(file_, {pictures_}, "/Flatten", {1}, options);  // N x C
  options.interpolation = Interpolation::linear;
  expect_same(file_, {pictures_}, "stage2", {1}, options);
}

TEST_F(PlainNetwork, ListsTheLibrarysLayers) {
  const plain::Network network = plain::Network::load(file_);
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

TEST_F(PlainNetwork, ChoosesTargetsWhenTheOutputIsKnown) {
  const plain::Network network = plain::Network::load(file_);
  const auto choose = [](const plain::Tensor& output) {
    EXPECT_EQ(output.shape, (plain::Shape{3, 6}));
    return std::vector<Target>{4, 5};
  };
  EXPECT_EQ(network.explain({array(pictures_)}, "stage2", choose).targets[1].target.to_string(), "5");
}

TEST_F(PlainNetwork, GivesManyThreadsTheResultsOfOne) {
  // libtorch's threads are OpenMP's.
  const plain::Network network = plain::Network::load(file_);
  const plain::Tensor input = array(pictures_);
  const int threads = at::get_num_threads();
  at::set_num_threads(1);
  std::vector<plain::Tensor> expected, results(48);
  for (int target = 0; target < 6; ++target)
    expected.push_back(network.explain({input}, "stage2", {target}).targets[0].guided_grad_cam[0]);
  at::set_num_threads(threads);
  std::vector<std::thread> workers;
  for (std::size_t worker = 0; worker < 6; ++worker)
    workers.emplace_back([&, worker] {
      at::set_num_threads(1);
      for (std::size_t i = worker; i < results.size(); i += 6)
        results[i] =
            network.explain({input}, "stage2", {Target(static_cast<int>(i / 8))}).targets[0].guided_grad_cam[0];
    });
  for (std::thread& worker : workers) worker.join();
  for (std::size_t i = 0; i < results.size(); ++i) EXPECT_EQ(results[i].values, expected[i / 8].values) << i;
}

TEST_F(PlainNetwork, NamesWhatIsWrong) {
  const plain::Network network = plain::Network::load(file_);
  const plain::Tensor input = array(pictures_);
  const auto explain = [&](const std::vector<plain::Tensor>& inputs, const std::string& layer, const Target& target,
                           const plain::Options& options = {}) {
    return [=] { network.explain(inputs, layer, std::vector<Target>{target}, options); };
  };
  expect_error<LayerError>(explain({input}, "stage3", 1), "\"stage1\"");
  expect_error<TargetError>(explain({input}, "stage2", 6), "must be from 0 to 5");
  expect_error<TargetError>(explain({input}, "stage2", Target::per_example({1})), "1 entries");
  expect_error<InputError>(explain({}, "stage2", 1), "no input");
  expect_error<InputError>(explain({{{1, 3, 2, 2}, {1, 2}}}, "stage2", 1), "2 numbers for a shape of 1 x 3 x 2 x 2");
  expect_error<InputError>(explain({{{0, 3, 2, 2}, {}}}, "stage2", 1), "is empty");
  expect_error<ModelError>(explain({array(torch::zeros({1, 1, 64, 64}))}, "stage2", 1),
                           "is to be of any x 3 x any x any, not of 1 x 1 x 64 x 64");
  expect_error<ModelError>(explain({input, input}, "stage2", 1), "takes 1 inputs (\"pictures\"), not 2");
  expect_error<ModelError>(explain({array(pictures_ / 0)}, "stage2", 1), "NaN or infinity");
  const std::vector<plain::Tensor> two{array(torch::zeros({1, 3, 16, 16})), array(torch::zeros({1, 1, 8, 8}))};
  expect_error<ModelError>([&] { plain::Network::load(two_ports_).explain(two, "mix", std::vector<Target>{1}); },
                           "0 (\"scores\"), 1 (\"map\")");
  expect_error<ModelError>([&] { plain::Network::load(networks / "absent.onnx"); }, "there is no network file");
  expect_error<ModelError>([&] { plain::Network::load(networks); }, "is a folder");
  expect_error<ModelError>([&] { plain::Network::load(networks / "make_networks.py"); }, "torch.onnx.export");
  expect_error<ModelError>([&] { plain::Network::load(networks / "../../examples/shapes/shapes.pt"); },
                           "torch.onnx.export");
}

class PlainReference : public testing::TestWithParam<ReferenceCase> {};

TEST_P(PlainReference, GivesTheLibrarysNumbers) {
  const std::filesystem::path file =
      reference_dir() / "onnx" / "real" / GetParam().network().filename().replace_extension(".onnx");
  if (!exists(file)) GTEST_SKIP() << "the network is not there as ONNX";
  const std::vector<torch::Tensor> inputs = GetParam().inputs(GetParam().tensors());
  plain::Options options = everything();
  options.interpolation = Interpolation::bilinear;
  expect_same(file, inputs, GetParam().row.at("layer"), {GetParam().target()}, options);
}

INSTANTIATE_TEST_SUITE_P(Real, PlainReference, testing::ValuesIn(reference_cases("real")),
                         [](const auto& info) { return info.param.name(); });
GTEST_ALLOW_UNINSTANTIATED_PARAMETERIZED_TEST(PlainReference);

}  // namespace
}  // namespace whycam::test
