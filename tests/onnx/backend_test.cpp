// The ONNX project's own backend tests: networks with the output that is expected of them.
#include <gtest/gtest.h>

#include <set>

#include "onnx/files.h"

namespace whycam::onnx {
namespace {

/// float32 arithmetic in another order; the expected outputs are float32, too.
constexpr double tolerance = 1e-5;

/// What no convolutional classifier contains, or what has no gradient.
const std::set<std::string>& left_out() {
  static const std::set<std::string> names{
      "test_Embedding_sparse",  // looks rows up by integers, the network's only input
  };
  return names;
}

std::vector<std::filesystem::path> single_layers() {
  std::vector<std::filesystem::path> folders;
  if (reference_folder().empty()) return folders;
  for (const auto& entry : std::filesystem::directory_iterator(reference_folder() / "pytorch-converted")) folders.push_back(entry.path());
  std::sort(folders.begin(), folders.end());
  return folders;
}

TEST(OnnxBackend, SingleLayersGiveTheExpectedOutput) {
  if (single_layers().empty()) GTEST_SKIP() << "the ONNX project's backend tests are absent";
  std::size_t ran = 0;
  for (const auto& folder : single_layers()) {
    SCOPED_TRACE(folder.filename().string());
    if (left_out().count(folder.filename().string())) continue;
    try {
      const auto network = Network::read(folder / "model.onnx");
      std::vector<graph::Shape> shapes;
      std::vector<std::vector<double>> inputs;
      for (std::size_t i = 0; i < network->inputs().size(); ++i)
        shapes.push_back(read_tensor_file(folder / "test_data_set_0" / ("input_" + std::to_string(i) + ".pb"), inputs.emplace_back()));
      std::vector<double> expected;
      read_tensor_file(folder / "test_data_set_0" / "output_0.pb", expected);
      EXPECT_LE(relative_error(evaluated(*network, shapes, inputs), expected), tolerance);
      EXPECT_LE(relative_error(planned(*network, shapes, inputs), expected), tolerance);
      ++ran;
    } catch (const std::exception& failure) {
      ADD_FAILURE() << failure.what();
    }
  }
  EXPECT_EQ(ran + left_out().size(), single_layers().size());
}

TEST(OnnxBackend, SingleLayersThatAreLeftOutSayWhy) {
  for (const std::string& name : left_out()) {
    const auto path = reference_folder() / "pytorch-converted" / name / "model.onnx";
    if (reference_folder().empty()) GTEST_SKIP() << "the ONNX project's backend tests are absent";
    const auto network = Network::read(path);
    EXPECT_THROW(network->lower({{"input", network->inputs()[0].shape}}, {}, false), Error) << name;
  }
}

class LightNetwork : public testing::TestWithParam<const char*> {};

TEST_P(LightNetwork, GivesTheExpectedOutput) {
  const auto folder = reference_folder() / "light";
  if (reference_folder().empty()) GTEST_SKIP() << "the ONNX project's backend tests are absent";
  const std::string name = std::string("light_") + GetParam();
  const auto network = Network::read(folder / (name + ".onnx"));
  ASSERT_EQ(network->inputs().size(), 1U);
  const graph::Shape shape = network->inputs()[0].shape;
  std::vector<double> expected;
  read_tensor_file(folder / (name + "_output_0.pb"), expected);
  EXPECT_LE(relative_error(planned(*network, {shape}, {ramp(shape)}), expected), tolerance);
}

INSTANTIATE_TEST_SUITE_P(All, LightNetwork,
                         testing::Values("bvlc_alexnet", "densenet121", "inception_v1", "inception_v2", "resnet50", "shufflenet", "squeezenet",
                                         "vgg19", "zfnet512"));

}  // namespace
}  // namespace whycam::onnx
