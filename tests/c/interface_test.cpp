// The library for C gives the numbers of the library for C++, and tells every fault as a status and a text.
#include <gtest/gtest.h>
#include <unistd.h>

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <limits>
#include <string>
#include <thread>
#include <vector>

#include "whycam/c.h"
#include "whycam/network.h"

namespace whycam::test {
namespace {

const std::string network_file = WHYCAM_SOURCE_DIR "/tests/plain/network.onnx";

/// Frees what C hands out at the end of a test.
template <class Handle, void (*release)(Handle*)>
class Owned {
 public:
  Owned() = default;
  Owned(const Owned&) = delete;
  Owned& operator=(const Owned&) = delete;
  ~Owned() { release(handle_); }
  Handle** into() { return &handle_; }
  operator Handle*() const { return handle_; }  // NOLINT: as in C

 private:
  Handle* handle_ = nullptr;
};
using OwnedNetwork = Owned<whycam_network, whycam_network_free>;
using OwnedOptions = Owned<whycam_options, whycam_options_free>;
using OwnedTarget = Owned<whycam_target, whycam_target_free>;
using OwnedLayers = Owned<whycam_layers, whycam_layers_free>;
using OwnedExplanation = Owned<whycam_explanation, whycam_explanation_free>;

class CInterface : public testing::Test {
 protected:
  CInterface() {
    EXPECT_EQ(whycam_load(network_file.c_str(), network_.into()), WHYCAM_OK) << whycam_last_error();
    for (std::size_t i = 0; i < image_.values.size(); ++i) image_.values[i] = static_cast<float>(i % 17) / 17 - 0.5F;
  }

  static whycam_tensor as_c(const Tensor& tensor) {
    return {sizeof(whycam_tensor), tensor.shape.data(), tensor.shape.size(), tensor.values.data()};
  }
  static Tensor as_cpp(const whycam_tensor& tensor) {
    Tensor result{{tensor.shape, tensor.shape + tensor.dimensions}, {}};
    result.values.assign(tensor.values, tensor.values + picture::element_count(result.shape));
    return result;
  }
  whycam_status explain(const whycam_target* target, const whycam_options* options, whycam_explanation** explanation,
                        const char* layer = "stage2") const {
    const whycam_tensor image = as_c(image_);
    return whycam_explain(network_, &image, 1, layer, &target, 1, options, explanation);
  }

  OwnedNetwork network_;
  Tensor image_{{2, 3, 64, 64}, std::vector<float>(2 * 3 * 64 * 64)};
};

TEST_F(CInterface, ExplainsAsTheInterfaceForCpp) {
  OwnedOptions options;
  OwnedTarget five, two, difference;
  OwnedExplanation explanation;
  ASSERT_EQ(whycam_options_new(options.into()), WHYCAM_OK);
  const std::pair<const char*, const char*> settings[] = {{"method", "gradcam,guided-gradcam,integrated-gradients"},
                                                          {"interpolate", "bilinear"},
                                                          {"guided-rule", "paper"},
                                                          {"integration-steps", "4"},
                                                          {"baseline", "0.25"}};
  for (const auto& [name, value] : settings) ASSERT_EQ(whycam_options_set(options, name, value), WHYCAM_OK) << name;
  ASSERT_EQ(whycam_target_class(5, five.into()), WHYCAM_OK);
  ASSERT_EQ(whycam_target_class(2, two.into()), WHYCAM_OK);
  ASSERT_EQ(whycam_target_minus(five, two, difference.into()), WHYCAM_OK);
  ASSERT_EQ(explain(difference, options, explanation.into()), WHYCAM_OK) << whycam_last_error();

  Options same;
  same.methods = {Method::grad_cam, Method::guided_grad_cam, Method::integrated_gradients};
  same.interpolation = Interpolation::bilinear;
  same.guided_rule = GuidedRule::paper;
  same.integration_steps = 4;
  same.baseline = 0.25;
  const Network network = Network::load(network_file);
  const auto expected = network.explain({image_}, "stage2", {Target(5).minus(2)}, same);

  whycam_tensor found{sizeof(whycam_tensor), nullptr, 0, nullptr};
  ASSERT_EQ(whycam_explanation_output(explanation, &found), WHYCAM_OK);
  EXPECT_EQ(as_cpp(found).values, expected.output.values);
  for (const Method method : same.methods) {
    ASSERT_EQ(whycam_explanation_attributions(explanation, 0, to_string(method), 0, &found), WHYCAM_OK);
    EXPECT_EQ(as_cpp(found).shape, expected.targets[0].attributions(method)[0].shape);
    EXPECT_EQ(as_cpp(found).values, expected.targets[0].attributions(method)[0].values) << to_string(method);
  }
  ASSERT_EQ(whycam_explanation_heat_map(explanation, 0, "gradcam", &found), WHYCAM_OK);
  EXPECT_EQ(as_cpp(found).values, expected.targets[0].layers[0].heat_maps.at(Method::grad_cam)[0].values);
  const float* numbers = nullptr;
  std::size_t count = 0;
  ASSERT_EQ(whycam_explanation_scores(explanation, 0, &numbers, &count), WHYCAM_OK);
  EXPECT_EQ(std::vector<float>(numbers, numbers + count), expected.targets[0].scores);
  ASSERT_EQ(whycam_explanation_completeness_error(explanation, 0, &numbers, &count), WHYCAM_OK);
  EXPECT_EQ(std::vector<float>(numbers, numbers + count), expected.targets[0].completeness_error);
  EXPECT_EQ(whycam_explanation_relus_guided(explanation), expected.activations.relus_guided);
  EXPECT_EQ(whycam_explanation_engine(explanation), expected.engine);
  for (std::size_t i = 0; i <= expected.warnings.size(); ++i) {
    const char* warning = whycam_explanation_warning(explanation, i);
    if (i < expected.warnings.size())
      EXPECT_EQ(warning, expected.warnings[i]);
    else
      EXPECT_EQ(warning, nullptr);
  }
}

TEST_F(CInterface, FindsTheBestClassOfEachExample) {
  OwnedTarget best, second;
  OwnedExplanation of_best, of_second;
  ASSERT_EQ(whycam_target_best(0, best.into()), WHYCAM_OK);
  ASSERT_EQ(whycam_target_best(1, second.into()), WHYCAM_OK);
  ASSERT_EQ(explain(best, nullptr, of_best.into(), nullptr), WHYCAM_OK) << whycam_last_error();
  ASSERT_EQ(explain(second, nullptr, of_second.into(), ""), WHYCAM_OK) << whycam_last_error();
  EXPECT_EQ(whycam_explanation_layer(of_best), Network::load(network_file).default_layer({{2, 3, 64, 64}}));
  whycam_tensor output{sizeof(whycam_tensor), nullptr, 0, nullptr};
  ASSERT_EQ(whycam_explanation_output(of_best, &output), WHYCAM_OK);
  const float *first_scores = nullptr, *second_scores = nullptr;
  std::size_t count = 0;
  ASSERT_EQ(whycam_explanation_scores(of_best, 0, &first_scores, &count), WHYCAM_OK);
  ASSERT_EQ(whycam_explanation_scores(of_second, 0, &second_scores, &count), WHYCAM_OK);
  ASSERT_EQ(count, 2U);
  const auto classes = static_cast<std::size_t>(output.shape[1]);
  for (std::size_t example = 0; example < 2; ++example) {
    std::vector<float> scores(output.values + example * classes, output.values + (example + 1) * classes);
    std::sort(scores.rbegin(), scores.rend());
    EXPECT_EQ(first_scores[example], scores[0]);
    EXPECT_EQ(second_scores[example], scores[1]);
  }
}

TEST_F(CInterface, TellsWhatTheFileDeclaresAndItsLayers) {
  ASSERT_EQ(whycam_input_count(network_), 1U);
  ASSERT_EQ(whycam_output_count(network_), 1U);
  whycam_port port{sizeof(whycam_port), nullptr, nullptr, 0};
  ASSERT_EQ(whycam_input(network_, 0, &port), WHYCAM_OK);
  EXPECT_STREQ(port.name, "pictures");
  EXPECT_EQ(std::vector<std::int64_t>(port.shape, port.shape + port.dimensions),
            (std::vector<std::int64_t>{-1, 3, -1, -1}));
  const whycam_tensor shape{sizeof(whycam_tensor), image_.shape.data(), 4, nullptr};
  OwnedLayers layers;
  ASSERT_EQ(whycam_list_layers(network_, &shape, 1, layers.into()), WHYCAM_OK) << whycam_last_error();
  const std::vector<LayerInfo> expected = Network::load(network_file).layers({image_.shape});
  ASSERT_EQ(whycam_layer_count(layers), expected.size());
  for (std::size_t i = 0; i < expected.size(); ++i) {
    whycam_layer layer{sizeof(whycam_layer), nullptr, nullptr, nullptr, 0, 0};
    ASSERT_EQ(whycam_layer_at(layers, i, &layer), WHYCAM_OK);
    EXPECT_EQ(layer.path, expected[i].path);
    EXPECT_EQ(layer.type, expected[i].type);
    EXPECT_EQ(layer.layout, expected[i].layout);
    EXPECT_EQ(layer.is_default != 0, expected[i].is_default);
  }
}

TEST_F(CInterface, PreparesWhatIsExplainedLater) {
  const whycam_tensor shape{sizeof(whycam_tensor), image_.shape.data(), 4, nullptr};
  EXPECT_EQ(whycam_prepare(network_, &shape, 1, "stage2", nullptr), WHYCAM_OK) << whycam_last_error();
  EXPECT_EQ(whycam_prepare(network_, &shape, 1, "stage9", nullptr), WHYCAM_LAYER_ERROR);
}

TEST_F(CInterface, KeepsPackedWeightsInAFolder) {
  const auto folder = std::filesystem::temp_directory_path() / ("whycam-c-cache-" + std::to_string(getpid()));
  EXPECT_EQ(whycam_set_plan_cache(folder.c_str()), WHYCAM_OK) << whycam_last_error();
  OwnedNetwork shapes;  // whose weights are worth a file
  ASSERT_EQ(whycam_load(WHYCAM_SOURCE_DIR "/examples/shapes/shapes.pt2", shapes.into()), WHYCAM_OK);
  const std::int64_t extents[] = {1, 3, 224, 224};
  const whycam_tensor shape{sizeof(whycam_tensor), extents, 4, nullptr};
  EXPECT_EQ(whycam_prepare(shapes, &shape, 1, nullptr, nullptr), WHYCAM_OK) << whycam_last_error();
  EXPECT_FALSE(std::filesystem::is_empty(folder));
  EXPECT_EQ(whycam_set_plan_cache(nullptr), WHYCAM_OK);
  std::filesystem::remove_all(folder);
  EXPECT_EQ(whycam_set_plan_cache("/dev/null"), WHYCAM_OUTPUT_ERROR);
}

TEST_F(CInterface, LoadsBytesAndTakesSoftmaxAway) {
  std::ifstream file(network_file, std::ios::binary);
  const std::string bytes{std::istreambuf_iterator<char>(file), std::istreambuf_iterator<char>()};
  OwnedNetwork loaded, scores;
  EXPECT_EQ(whycam_load_bytes(bytes.data(), bytes.size(), "mine", loaded.into()), WHYCAM_OK) << whycam_last_error();
  EXPECT_EQ(whycam_input_count(loaded), 1U);
  OwnedNetwork damaged;
  EXPECT_EQ(whycam_load_bytes(bytes.data(), bytes.size() / 2, "mine", damaged.into()), WHYCAM_MODEL_ERROR);
  EXPECT_NE(std::string(whycam_last_error()).find("mine is no ONNX network"), std::string::npos) << whycam_last_error();
  EXPECT_EQ(whycam_before_softmax(loaded, scores.into()), WHYCAM_OK) << whycam_last_error();
}

TEST_F(CInterface, TellsEveryFaultAsAStatusAndAText) {
  const auto expect_status = [](whycam_status found, whycam_status expected, const char* words) {
    EXPECT_EQ(found, expected) << whycam_last_error();
    EXPECT_NE(std::string(whycam_last_error()).find(words), std::string::npos) << whycam_last_error();
  };
  OwnedNetwork none;
  OwnedOptions options;
  OwnedTarget target, wrong, over;
  OwnedExplanation explanation;
  expect_status(whycam_load("nothing.onnx", none.into()), WHYCAM_MODEL_ERROR, "there is no network file");
  expect_status(whycam_load(nullptr, none.into()), WHYCAM_ARGUMENT_ERROR, "path is NULL");
  expect_status(whycam_load(network_file.c_str(), nullptr), WHYCAM_ARGUMENT_ERROR, "network is NULL");
  ASSERT_EQ(whycam_options_new(options.into()), WHYCAM_OK);
  expect_status(whycam_options_set(options, "colour", "red"), WHYCAM_ARGUMENT_ERROR, "there is no option \"colour\"");
  expect_status(whycam_options_set(options, "method", "gradcam,gradcan"), WHYCAM_ARGUMENT_ERROR, "gradcan");
  expect_status(whycam_options_set(options, "layer-input", "yes"), WHYCAM_ARGUMENT_ERROR, "true or false");
  expect_status(whycam_options_set(options, "baseline", "nan"), WHYCAM_ARGUMENT_ERROR, "finite number");
  expect_status(whycam_options_set(options, "seed", "-1"), WHYCAM_ARGUMENT_ERROR, "whole number");
  expect_status(whycam_options_set(options, "output-element", "a..b"), WHYCAM_ARGUMENT_ERROR, "output-element");
  expect_status(whycam_target_at(nullptr, 2, wrong.into()), WHYCAM_ARGUMENT_ERROR, "indices is NULL");
  ASSERT_EQ(whycam_target_class(99, target.into()), WHYCAM_OK);
  expect_status(whycam_target_over(target, "somewhere", nullptr, over.into()), WHYCAM_ARGUMENT_ERROR, "region");
  expect_status(explain(target, nullptr, explanation.into()), WHYCAM_TARGET_ERROR, "99");
  OwnedTarget first;
  ASSERT_EQ(whycam_target_class(0, first.into()), WHYCAM_OK);
  expect_status(explain(first, nullptr, explanation.into(), "stage9"), WHYCAM_LAYER_ERROR, "stage9");
  image_.values[7] = std::numeric_limits<float>::quiet_NaN();
  expect_status(explain(first, nullptr, explanation.into()), WHYCAM_MODEL_ERROR, "NaN");
  image_.values[7] = 0;
  EXPECT_EQ(static_cast<whycam_explanation*>(explanation), nullptr) << "what failed hands out nothing";
  ASSERT_EQ(explain(first, nullptr, explanation.into()), WHYCAM_OK);
  whycam_tensor map{sizeof(whycam_tensor), nullptr, 0, nullptr}, no_size{0, nullptr, 0, nullptr};
  expect_status(whycam_explanation_attributions(explanation, 1, "gradcam", 0, &map), WHYCAM_ARGUMENT_ERROR, "target 1");
  expect_status(whycam_explanation_attributions(explanation, 0, "gradcam", 3, &map), WHYCAM_ARGUMENT_ERROR, "input 3");
  expect_status(whycam_explanation_attributions(explanation, 0, "saliency", 0, &map), WHYCAM_INPUT_ERROR, "saliency");
  expect_status(whycam_explanation_attributions(explanation, 0, "none", 0, &map), WHYCAM_ARGUMENT_ERROR, "none");
  expect_status(whycam_explanation_output(explanation, &no_size), WHYCAM_ARGUMENT_ERROR, "struct_size");
  expect_status(whycam_explanation_output(nullptr, &map), WHYCAM_ARGUMENT_ERROR, "explanation is NULL");
  whycam_network_free(nullptr);
  whycam_explanation_free(nullptr);
}

TEST_F(CInterface, FillsAsMuchOfAStructAsTheCallerHas) {
  struct Older {  // a port of a version that had no shape
    std::size_t struct_size;
    const char* name;
    std::int64_t behind;
  } older{sizeof(std::size_t) + sizeof(const char*), nullptr, 42};
  ASSERT_EQ(whycam_input(network_, 0, reinterpret_cast<whycam_port*>(&older)), WHYCAM_OK);
  EXPECT_STREQ(older.name, "pictures");
  EXPECT_EQ(older.behind, 42) << "what lies behind is not touched";
}

TEST_F(CInterface, KnowsItsOptionsByName) {
  std::size_t count = 0;
  while (whycam_option_name(count)) ++count;
  EXPECT_EQ(count, 19U);
  EXPECT_STREQ(whycam_option_name(0), "method");
  EXPECT_STREQ(whycam_version(), WHYCAM_TEST_VERSION);
}

TEST_F(CInterface, ServesManyThreadsEachWithItsOwnErrors) {
  OwnedTarget target;
  ASSERT_EQ(whycam_target_class(1, target.into()), WHYCAM_OK);
  std::vector<std::thread> threads;
  std::vector<std::string> errors(4);
  std::vector<float> sums(4);
  for (std::size_t i = 0; i < 4; ++i)
    threads.emplace_back([&, i] {
      OwnedNetwork none;
      whycam_load(("nothing" + std::to_string(i)).c_str(), none.into());
      OwnedExplanation explanation;
      if (explain(target, nullptr, explanation.into()) != WHYCAM_OK) return;
      whycam_tensor map{sizeof(whycam_tensor), nullptr, 0, nullptr};
      whycam_explanation_attributions(explanation, 0, "guided-gradcam", 0, &map);
      for (const float value : as_cpp(map).values) sums[i] += value;
      errors[i] = whycam_last_error();
    });
  for (std::thread& thread : threads) thread.join();
  for (std::size_t i = 0; i < 4; ++i) {
    EXPECT_NE(errors[i].find("nothing" + std::to_string(i)), std::string::npos) << errors[i];
    EXPECT_EQ(sums[i], sums[0]);
  }
}

}  // namespace
}  // namespace whycam::test
