// Files of many exporters beside what their own framework says of the same networks: tests/fixtures/exporters.py writes
// all.
#include <gtest/gtest.h>

#include "explain/network_state.h"
#include "onnx/files.h"
#include "support/arrays.h"
#include "whycam/errors.h"
#include "whycam/picture/npy.h"

namespace whycam::test {
namespace {

using Kind = std::pair<Method, const char*>;

const std::filesystem::path folder = WHYCAM_SOURCE_DIR "/tests/onnx/exporters",
                            pytorch = WHYCAM_SOURCE_DIR "/tests/pt2/networks";
const Kind kinds[] = {{Method::grad_cam, "gradcam"},
                      {Method::guided_backprop, "guided-backprop"},
                      {Method::guided_grad_cam, "guided-gradcam"}};

Tensor numbers_of(const std::filesystem::path& path) { return picture::to_array(picture::read_npy(path)); }

Network network_of(const onnx::proto::ModelProto& model) {
  const onnx::TemporaryNetwork file(model);
  return Network(explain::open_graph(file.path));
}

Network network_of(const std::string& file) { return Network(explain::open_graph(folder / file)); }

/// Each framework computes in single precision; the networks are too small for a mask to flip.
void expect_equal(const Network& network, const std::filesystem::path& reference, const std::string& layer,
                  std::int64_t relus) {
  const Tensor x = numbers_of(reference.string() + ".x.npy");
  const auto explanation = network.explain({x}, layer, {Target(1)});
  EXPECT_EQ(explanation.activations.relus_guided, relus);
  for (const auto& [method, name] : kinds) {
    const std::vector<float> expected = numbers_of(reference.string() + "." + name + ".npy").values;
    EXPECT_LT(relative_l2(explanation.targets[0].attributions(method)[0].values, expected), 1e-5) << name;
  }
}

struct Case {
  const char* file;
  const char* layer;
  std::int64_t relus;
};

void PrintTo(const Case& one, std::ostream* out) { *out << one.file; }

std::string stem(const Case& one) {
  const std::string file = one.file;
  return file.substr(0, file.find('.'));
}

std::string name_of(const testing::TestParamInfo<Case>& info) { return stem(info.param); }

class ExportersFile : public testing::TestWithParam<Case> {};

TEST_P(ExportersFile, IsExplainedAsByItsOwnFramework) {
  expect_equal(network_of(GetParam().file), folder / stem(GetParam()), GetParam().layer, GetParam().relus);
}

INSTANTIATE_TEST_SUITE_P(Small, ExportersFile,
                         testing::Values(Case{"tf2onnx.onnx", "functional_1/join_1/Add", 2},
                                         Case{"keras.onnx", "/Add_8", 2}, Case{"jax2onnx.onnx", "node_Add_36", 2},
                                         Case{"paddle2onnx.onnx", "Relu.1", 3}),
                         name_of);

class OptimisedFile : public testing::TestWithParam<Case> {};

TEST_P(OptimisedFile, IsExplainedAsByCaptum) {
  expect_equal(network_of(GetParam().file), pytorch / stem(GetParam()), GetParam().layer, GetParam().relus);
}

INSTANTIATE_TEST_SUITE_P(Small, OptimisedFile,
                         testing::Values(Case{"unet.extended.onnx", "node_Conv_40", 5},
                                         Case{"squeeze.extended.onnx", "node_mul", 2},
                                         Case{"torchvision_vit.extended.onnx", "node_layer_norm_2", 0},
                                         Case{"torchvision_maxvit.extended.onnx", "node_view_17", 0}),
                         name_of);

TEST(OptimisedFiles, OfQuantisedNetworksAreExplainedAsBefore) {
  const Tensor x = numbers_of(pytorch / "unet.x.npy");
  const auto before = network_of("quantised.onnx").explain({x}, "relu_4_DequantizeLinear", {Target(1)});
  const Network network = network_of("quantised.all.onnx");
  const auto behind = network.explain({x}, network.default_layer({x.shape}), {Target(1)});
  EXPECT_EQ(behind.activations.relus_guided, before.activations.relus_guided);
  for (const auto& [method, name] : kinds)
    EXPECT_LT(
        relative_l2(behind.targets[0].attributions(method)[0].values, before.targets[0].attributions(method)[0].values),
        1e-6)
        << name;
}

/// Guided backpropagation, which needs no layer.
std::vector<float> gradient_of(const std::string& file, const Tensor& x, const char* output) {
  Options options;
  options.methods = {Method::guided_backprop};
  options.output_element = {std::string(output)};
  return network_of(file).explain({x}, "", {Target(1)}, options).targets[0].attributions(options.methods[0])[0].values;
}

std::string refusal_of(const std::string& file, const Tensor& x, const char* output) {
  try {
    gradient_of(file, x, output);
  } catch (const Error& error) {
    return error.what();
  }
  return "nothing was thrown";
}

TEST(OptimisedFiles, ForOneKindOfProcessorAreRefused) {
  const std::string refusal = refusal_of("siamese.all.onnx", numbers_of(pytorch / "siamese.x.npy"), "linear");
  EXPECT_NE(refusal.find("save the optimised network at the level ORT_ENABLE_EXTENDED"), std::string::npos) << refusal;
}

/// The operator set that stands in the file, and the file whose operators it has.
class OperatorSet : public testing::TestWithParam<std::pair<int, int>> {};

TEST_P(OperatorSet, IsExplainedAsByCaptum) {
  auto model = onnx::parse_file(folder / ("operator_set_" + std::to_string(GetParam().second) + ".onnx"));
  model.mutable_opset_import(0)->set_version(GetParam().first);
  model.set_ir_version(GetParam().first < 21 ? 10 : GetParam().first < 23 ? 11 : 12);
  expect_equal(network_of(model), folder / "operator_set", "body.2", 1);
}

INSTANTIATE_TEST_SUITE_P(From18To24, OperatorSet,
                         testing::Values(std::pair(18, 18), std::pair(19, 18), std::pair(20, 20), std::pair(21, 21),
                                         std::pair(22, 21), std::pair(23, 23), std::pair(24, 23)),
                         [](const auto& info) { return std::to_string(info.param.first); });

/// The formula, in double precision.
TEST(ScikitLearnsPipeline, OfANetworkIsExplained) {
  const std::vector<float> expected = numbers_of(folder / "digits.guided-backprop.npy").values;
  const auto gradient = gradient_of("digits.onnx", numbers_of(folder / "digits.x.npy"), "probabilities");
  EXPECT_LT(relative_l2(gradient, expected), 1e-5);
}

TEST(ScikitLearnsPipeline, OfTreesIsRefused) {
  const std::string refusal = refusal_of("forest.onnx", numbers_of(folder / "digits.x.npy"), "probabilities");
  EXPECT_NE(refusal.find("\"ai.onnx.ml\" for trees"), std::string::npos) << refusal;
}

}  // namespace
}  // namespace whycam::test
