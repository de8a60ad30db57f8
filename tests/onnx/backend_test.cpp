// The ONNX project's own backend tests: networks with the output that is expected of them.
#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <cstring>
#include <random>
#include <set>

#include "backends/onednn/plan.h"
#include "graph/evaluate.h"
#include "graph/program.h"
#include "onnx/files.h"

namespace whycam::onnx {
namespace {

/// float32 arithmetic in another order; the expected outputs are float32, too.
constexpr double tolerance = 1e-5;

/// For gradients through many ReLUs. Of activations that are off by 1e-6 of their spread, a normal distribution has
/// about 3e-7 change their sign, and with it their mask; half of the masks being open, that is 6e-7 of a squared
/// gradient, and with 20 ReLUs an error of 3.5e-3. One channel of a thousand that is wrong would be 3e-2.
constexpr double tolerance_of_masks = 5e-3;

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
  for (const auto& entry : std::filesystem::directory_iterator(reference_folder() / "pytorch-converted"))
    folders.push_back(entry.path());
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
        shapes.push_back(read_tensor_file(folder / "test_data_set_0" / ("input_" + std::to_string(i) + ".pb"),
                                          inputs.emplace_back()));
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
                         testing::Values("bvlc_alexnet", "densenet121", "inception_v1", "inception_v2", "resnet50",
                                         "shufflenet", "squeezenet", "vgg19", "zfnet512"));

/// The same network with random weights in place of those that it computes from their shapes: scaled so that
/// activations keep their size, and as batch norms have them. Without its softmax, which such weights drive to 0 and 1,
/// where it has no gradient.
proto::ModelProto with_random_weights(proto::ModelProto model) {
  std::mt19937 random(7);
  std::map<std::string, const proto::TensorProto*> shapes;
  for (const auto& initializer : model.graph().initializer()) shapes[initializer.name()] = &initializer;
  std::set<std::string> factors;  // scales and variances
  std::map<std::string, std::string> reshaped;
  for (const auto& node : model.graph().node()) {
    if (node.op_type() == "BatchNormalization") factors.insert({node.input(1), node.input(4)});
    if (node.op_type() == "Unsqueeze" || node.op_type() == "Reshape") reshaped[node.output(0)] = node.input(0);
    if (node.op_type() == "Mul")
      for (const std::string& input : node.input()) factors.insert(reshaped.count(input) ? reshaped[input] : input);
  }
  proto::GraphProto result = model.graph();
  result.clear_node();
  for (const auto& node : model.graph().node()) {
    if (node.op_type() != "ConstantOfShape" || !shapes.count(node.input(0))) {
      proto::NodeProto& kept = *result.add_node();
      kept = node;
      if (node.op_type() != "Softmax") continue;
      kept.set_op_type("Identity");
      kept.clear_attribute();
      continue;
    }
    const graph::Integers shape = WeightReader(nullptr, {}).read(*shapes[node.input(0)]).array.to_integers();
    proto::TensorProto& weights = *result.add_initializer();
    weights.set_name(node.output(0));
    weights.set_data_type(proto::TensorProto::FLOAT);
    for (const std::int64_t extent : shape) weights.add_dims(extent);
    const std::int64_t count = graph::element_count(shape), rows = shape.empty() ? 1 : shape[0];
    const bool around_one = factors.count(node.output(0)) > 0;
    const double spread =
        shape.size() < 2 ? 0.1 : std::sqrt(6.0 / static_cast<double>(std::max<std::int64_t>(count / rows, 1)));
    std::uniform_real_distribution<float> numbers(around_one ? 0.5F : static_cast<float>(-spread),
                                                  around_one ? 1.5F : static_cast<float>(spread));
    std::string bytes(static_cast<std::size_t>(count) * sizeof(float), '\0');
    for (std::int64_t i = 0; i < count; ++i) {
      const float number = numbers(random);
      std::memcpy(bytes.data() + i * static_cast<std::int64_t>(sizeof number), &number, sizeof number);
    }
    weights.set_raw_data(std::move(bytes));
  }
  *model.mutable_graph() = std::move(result);
  model.set_ir_version(4);  // weights need not be inputs
  return model;
}

class LightNetworkWithRandomWeights : public testing::TestWithParam<const char*> {};

TEST_P(LightNetworkWithRandomWeights, HasThePlansGradientsAsTheEvaluatorHas) {
  if (reference_folder().empty()) GTEST_SKIP() << "the ONNX project's backend tests are absent";
  const proto::ModelProto model =
      with_random_weights(parse_file(reference_folder() / "light" / (std::string("light_") + GetParam() + ".onnx")));
  const auto network = Network::parse(model.SerializeAsString(), GetParam(), {});
  std::vector<Given> given;
  for (const Port& input : network->inputs()) given.push_back({"input", input.shape});
  std::vector<std::string> layers;
  for (const Layer& one : network->layers())
    if (one.type == "Relu" || one.type == "Concat") layers.push_back(one.name);
  Lowered lowered = network->lower(given, layers, false);
  std::vector<graph::Value> last;  // the last one with spatial extent, which Grad-CAM takes
  for (const auto& tensors : lowered.layers)
    if (lowered.graph.shape(tensors.at(0)).size() == 4 && lowered.graph.shape(tensors[0])[3] > 1) last = tensors;
  ASSERT_FALSE(last.empty());
  const graph::Forward forward{std::move(lowered.graph), lowered.inputs, {}, lowered.outputs.at(0), {}, {last}};
  const graph::Graph program = graph::program(forward, {{graph::ReluTreatment::Gradient::guided}});

  const graph::Shape shape = given[0].shape;
  graph::Tensor input{shape,
                      {}};  // noise: in a smooth picture, the maxima of windows lie within rounding of each other
  std::mt19937 random(8);
  std::normal_distribution<float> noise;
  while (static_cast<std::int64_t>(input.values.size()) < graph::element_count(shape))
    input.values.push_back(static_cast<double>(noise(random)));
  graph::Tensor gradient{program.shape(program.output("output")), {}};
  gradient.values.assign(static_cast<std::size_t>(graph::element_count(gradient.shape)), 0.0);
  gradient.values[gradient.values.size() / 3] = 1;
  const auto expected = graph::evaluate(program, {{"input", input}, {"output_gradient", gradient}});

  const onednn::Plan plan(graph::optimise(program));
  const auto run = plan.start();
  run->set(0, "input", std::vector<float>(input.values.begin(), input.values.end()).data());
  run->run(0);
  const auto expect_alike = [&](const std::string& name, double at_most) {
    const std::vector<double>& values = expected.at(name).values;
    std::vector<float> actual(values.size());
    run->read(name, actual.data());
    EXPECT_GT(std::count_if(values.begin(), values.end(), [](double value) { return value != 0; }), 10) << name;
    EXPECT_LE(relative_error({actual.begin(), actual.end()}, values), at_most) << name;
  };
  expect_alike("output", tolerance);
  const std::vector<float> output_gradient(gradient.values.begin(), gradient.values.end());
  run->set(graph::gradient_section, "output_gradient", output_gradient.data());
  run->run(graph::gradient_section);
  for (const std::string& name : {graph::layer_gradient_name(0, 0), graph::input_gradient_name(0, 0)})
    expect_alike(name, tolerance_of_masks);
}

INSTANTIATE_TEST_SUITE_P(All, LightNetworkWithRandomWeights,
                         testing::Values("bvlc_alexnet", "densenet121", "inception_v1", "inception_v2", "resnet50",
                                         "shufflenet", "squeezenet", "vgg19", "zfnet512"),
                         [](const auto& info) { return info.param; });

}  // namespace
}  // namespace whycam::onnx
