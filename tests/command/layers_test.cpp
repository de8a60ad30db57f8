// Several layers from one pass, their maps as one, and what layers gave.
#include <algorithm>

#include "command/networks.h"
#include "explain/network_state.h"
#include "whycam/errors.h"
#include "whycam/network.h"

namespace whycam::test {
namespace {

class Layers : public InputsCommand {
 protected:
  void SetUp() override {
    file_ = network({3, {3, 3}, false, {}});
    input_ = noise({2, 3, 20, 24});
  }
  Network::Explanation at(const std::vector<std::string>& layers, Options options = {}) const {
    options.methods = methods_;
    return Network(explain::open_graph(file_)).explain({input_}, layers, {Target(2)}, options);
  }
  std::vector<std::string> run(const std::vector<std::string>& more) const {
    return with({file_, array(input_), "--target", "2", "--save-npy", "--layer", "first", "--layer", "second"}, more);
  }

  std::vector<Method> methods_{Method::grad_cam, Method::layer_cam, Method::grad_cam_plus_plus, Method::saliency,
                               Method::guided_grad_cam};
  std::string file_;
  picture::Array input_;
};

TEST_F(Layers, OfOnePassHaveTheMapsOfOneEach) {
  const Network::TargetExplanation both = at({"second", "first"}).targets[0];
  ASSERT_EQ(both.layers.size(), 2);
  for (const Method method : methods_) {
    expect_near(both.attributions(method, 0)[0], at({"second"}).targets[0].attributions(method)[0]);
    if (needs_layer(method))
      expect_near(both.attributions(method, 1)[0], at({"first"}).targets[0].attributions(method)[0]);
  }
  EXPECT_TRUE(both.merged.at_inputs.empty());
  EXPECT_THROW(at({}), LayerError);
  EXPECT_THROW(at({"first", "third"}), LayerError);
}

/// A map divided by the largest of its layer's numbers, an example at a time: maps of 20 x 24 and, of the second layer,
/// 10 x 12, which nearest makes 20 x 24.
picture::Array scaled(const picture::Array& resized, const picture::Array& at_layer) {
  picture::Array result = resized;
  const std::size_t row = resized.values.size() / 2, layer_row = at_layer.values.size() / 2;
  for (std::size_t example = 0; example < 2; ++example) {
    const auto first = at_layer.values.begin() + static_cast<std::ptrdiff_t>(example * layer_row);
    const float largest = *std::max_element(first, first + static_cast<std::ptrdiff_t>(layer_row));
    EXPECT_GT(largest, 0);
    for (std::size_t i = 0; i < row; ++i) result.values[example * row + i] /= largest;
  }
  return result;
}

TEST_F(Layers, AreMergedAsMeanOrMaximumOfMapsWithTheMaximumOne) {
  for (const Merge merge : {Merge::mean, Merge::max}) {
    Options options;
    options.merge = merge;
    const Network::TargetExplanation target = at({"first", "second"}, options).targets[0];
    for (const Method method : {Method::grad_cam, Method::layer_cam, Method::grad_cam_plus_plus}) {
      const auto one = [&](std::size_t layer) {
        return scaled(target.attributions(method, layer)[0], target.layers[layer].heat_maps.at(method)[0]);
      };
      picture::Array expected = one(0);
      const picture::Array other = one(1);
      for (std::size_t i = 0; i < expected.values.size(); ++i)
        expected.values[i] = merge == Merge::mean ? (expected.values[i] + other.values[i]) / 2
                                                  : std::max(expected.values[i], other.values[i]);
      expect_near(target.merged_attributions(method)[0], expected);
    }
    const picture::Array& map = target.merged_attributions(Method::grad_cam)[0];
    picture::Array product = target.input_methods.at(Method::guided_backprop)[0];
    for (std::size_t i = 0; i < product.values.size(); ++i)
      product.values[i] *= map.values[i / (3 * 480) * 480 + i % 480];
    expect_near(target.merged_attributions(Method::guided_grad_cam)[0], product);
  }
}

TEST_F(Layers, GiveTheirValues) {
  Options options;
  options.layer_values = true;
  const Network::TargetExplanation target = at({"first", "second"}, options).targets[0];
  for (const auto& layer : target.layers) {
    const picture::Array &activation = layer.activations.at(0), &gradient = layer.gradients.at(0);
    ASSERT_EQ(activation.shape, gradient.shape);
    const auto places = static_cast<std::size_t>(activation.shape[2] * activation.shape[3]),
               channels = static_cast<std::size_t>(activation.shape[1]);
    picture::Array map{{2, 1, activation.shape[2], activation.shape[3]}, std::vector<float>(2 * places, 0.0F)};
    for (std::size_t row = 0; row < 2 * channels; ++row) {  // Selvaraju et al. 2017, equations 1 and 2
      double weight = 0;
      for (std::size_t i = 0; i < places; ++i) weight += gradient.values[row * places + i];
      weight /= static_cast<double>(places);
      for (std::size_t i = 0; i < places; ++i)
        map.values[row / channels * places + i] += static_cast<float>(weight * activation.values[row * places + i]);
    }
    expect_near(layer.signed_heat_maps.at(Method::grad_cam).at(0), map);
    for (float& value : map.values) value = std::max(value, 0.0F);
    expect_near(layer.heat_maps.at(Method::grad_cam).at(0), map);
  }
  EXPECT_TRUE(at({"first"}).targets[0].layers[0].activations.empty());
}

TEST_F(Layers, AreFilesOfTheirOwn) {
  const Outcome outcome = explain(run({"--method", "gradcam,saliency", "--contact-sheet", "--report", "--json"}));
  ASSERT_EQ(outcome.exit_code, 0) << outcome.error;
  Options options;
  options.interpolation = Interpolation::bilinear;
  methods_ = {Method::grad_cam, Method::saliency};
  const Network::TargetExplanation target = at({"first", "second"}, options).targets[0];
  const auto example = [](const picture::Array& all, std::size_t index) {
    picture::Array one{all.shape, {}};
    one.shape[0] = 1;
    const auto size = static_cast<std::ptrdiff_t>(all.values.size() / 2),
               first = static_cast<std::ptrdiff_t>(index) * size;
    one.values.assign(all.values.begin() + first, all.values.begin() + first + size);
    return one;
  };
  for (const std::size_t index : {0, 1}) {
    const std::string stem = "x-" + std::to_string(index);
    expect_near(result(stem + "-first-2-gradcam.npy"), example(target.attributions(Method::grad_cam, 0)[0], index));
    expect_near(result(stem + "-second-2-gradcam.npy"), example(target.attributions(Method::grad_cam, 1)[0], index));
    expect_near(result(stem + "-2-saliency.npy"), example(target.attributions(Method::saliency)[0], index));
    const std::string sheet = content(fs::path(results()) / (stem + "-contact-sheet.svg"));
    for (const char* heading : {"Grad-CAM at first", "Grad-CAM at second"})
      EXPECT_NE(sheet.find(heading), std::string::npos) << heading;
  }
  const nlohmann::json document = nlohmann::json::parse(outcome.out);
  EXPECT_EQ(document["layer"], (std::vector<std::string>{"first", "second"}));
  EXPECT_EQ(document["explanations"][0]["layers"][1]["layer"], "second");
  const std::string report = content(fs::path(results()) / "report.html");
  EXPECT_NE(report.find("gradcam at second"), std::string::npos);
  EXPECT_EQ(explain(run({"--method", "gradcam,saliency", "--contact-sheet", "--report", "--resume"})).exit_code, 0);
}

TEST_F(Layers, AreMergedIntoOneFile) {
  for (const std::string merge : {"mean", "max"}) {
    fs::remove_all(results());
    ASSERT_EQ(explain(run({"--method", "gradcam,guided-gradcam", "--merge", merge})).exit_code, 0);
    Options options;
    options.interpolation = Interpolation::bilinear;
    options.merge = merge_named(merge);
    methods_ = {Method::grad_cam, Method::guided_grad_cam};
    const Network::TargetExplanation target = at({"first", "second"}, options).targets[0];
    for (const Method method : methods_) {
      picture::Array first = target.merged_attributions(method)[0];
      first.shape[0] = 1;
      first.values.resize(first.values.size() / 2);
      expect_near(result("x-0-merged-" + merge + "-2-" + to_string(method) + ".npy"), first);
    }
    EXPECT_FALSE(fs::exists(fs::path(results()) / "x-0-first-2-gradcam.npy"));
  }
}

TEST_F(Layers, SaveTheirValues) {
  ASSERT_EQ(explain(run({"--method", "gradcam", "--save-activations"})).exit_code, 0);
  Options options;
  options.layer_values = true;
  const auto layer = at({"second"}, options).targets[0].layers[0];
  const auto expect_first = [&](const std::string& name, picture::Array all) {
    all.shape[0] = 1;
    all.values.resize(all.values.size() / 2);
    expect_near(result("x-0-second-2-" + name + ".npy"), all);
  };
  expect_first("activation", layer.activations.at(0));
  expect_first("gradient", layer.gradients.at(0));
  expect_first("gradcam-signed", layer.signed_heat_maps.at(Method::grad_cam).at(0));
}

TEST_F(Layers, ThatMakeNoSenseAreRefused) {
  expect_failure(explain(run({"--merge", "sum"})), 2, "--merge");
  expect_failure(explain({file_, array(input_), "--layer", "first", "--merge", "max"}), 2, "--merge");
  expect_failure(explain(run({"--layer", "first"})), 2, "stands twice");
  expect_failure(explain(run({"--method", "saliency"})), 2, "--layer");
  expect_failure(explain({file_, array(input_), "--method", "saliency", "--save-activations"}), 2,
                 "--save-activations");
}

}  // namespace
}  // namespace whycam::test
