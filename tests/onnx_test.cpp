// Networks from ONNX files, explained like any other.
#include <gtest/gtest.h>

#include "support/reference.h"
#include "support/temporary_folder.h"

namespace whycam::test {
namespace {

class OnnxReference : public testing::TestWithParam<ReferenceCase> {};

/// The networks of ../real as ONNX files; the answers are those of Captum for the TorchScript ones.
std::filesystem::path onnx_of(const ReferenceCase& reference) {
  return reference.folder.parent_path() / "onnx" / "real" / reference.network().filename().replace_extension(".onnx");
}

TEST_P(OnnxReference, GivesCaptumsAnswers) {
  if (!exists(onnx_of(GetParam()))) GTEST_SKIP() << "the network is not there as ONNX";
  const auto tensors = GetParam().tensors();
  const auto inputs = GetParam().inputs(tensors);
  const Model model = Model::load(onnx_of(GetParam()));
  const std::string layer = GetParam().row.at("layer");
  const auto expect_all = [&](const std::vector<torch::Tensor>& actual, const std::string& name) {
    for (std::size_t i = 0; i < actual.size(); ++i)
      expect_close(actual[i], tensors.at(name + "." + std::to_string(i)), GetParam().tolerance(), name);
  };
  expect_all(GuidedGradCam(model, layer).attribute(inputs, GetParam().target(), GetParam().options(tensors)),
             "guided_grad_cam");
  expect_all(GuidedBackprop(model).attribute(inputs, GetParam().target(), GetParam().options(tensors)),
             "guided_backprop");
  expect_close(LayerGradCam(model, layer).attribute(inputs, GetParam().target(), GetParam().options(tensors)),
               tensors.at("layer_grad_cam"), GetParam().tolerance(), "layer_grad_cam");
}

INSTANTIATE_TEST_SUITE_P(Real, OnnxReference, testing::ValuesIn(reference_cases("real")),
                         [](const auto& info) { return info.param.name(); });
GTEST_ALLOW_UNINSTANTIATED_PARAMETERIZED_TEST(OnnxReference);

class OnnxNetwork : public testing::Test {
 protected:
  void SetUp() override {
    const std::filesystem::path file = reference_dir() / "onnx" / "real" / "squeezenet1_0_imagenet.onnx";
    if (!exists(file)) GTEST_SKIP() << "the reference networks are absent";
    model_ = std::make_unique<Model>(Model::load(file));
    torch::manual_seed(0);
    image_ = torch::randn({1, 3, 224, 224});
  }

  torch::Tensor cam(const std::string& layer, AttributeOptions options = {}) {
    return LayerGradCam(*model_, layer).attribute(image_, 3, options);
  }

  template <class Call>
  static std::string message_of(const Call& call) {
    try {
      call();
    } catch (const Error& error) {
      return error.what();
    }
    return "nothing was thrown";
  }

  std::unique_ptr<Model> model_;
  torch::Tensor image_;
};

TEST_F(OnnxNetwork, LayersAreNamedByNodeByTensorAndByModulePath) {
  const torch::Tensor expected = cam("features.12");
  EXPECT_TRUE(torch::equal(cam("/features/12/Concat"), expected));
  EXPECT_TRUE(torch::equal(cam("/features/12/Concat_output_0"), expected));
  EXPECT_FALSE(torch::equal(cam("features.10"), expected));
}

TEST_F(OnnxNetwork, ALayersInputIsWhatTheLayerBeforeGives) {
  EXPECT_TRUE(torch::equal(cam("features.12", AttributeOptions().attribute_to_layer_input(true)), cam("features.11")));
  EXPECT_TRUE(
      torch::equal(cam("/features/11/MaxPool", AttributeOptions().attribute_to_layer_input(true)), cam("features.10")));
}

TEST_F(OnnxNetwork, ALayerThatIsNotThereNamesTheNearest) {
  const std::string message = message_of([&] { cam("features.13"); });
  EXPECT_NE(message.find("features.1"), std::string::npos) << message;
  EXPECT_THROW(cam("features.13"), LayerError);
}

TEST_F(OnnxNetwork, HasNoAutogradEngine) {
  const auto autograd = [&] { cam("features.12", AttributeOptions().engine(Engine::autograd)); };
  EXPECT_THROW(autograd(), ModelError);
  EXPECT_NE(message_of(autograd).find("no autograd engine"), std::string::npos);
}

TEST_F(OnnxNetwork, RefusesWhatItDoesNotTake) {
  const auto with = [&](const torch::Tensor& image, const AttributeOptions& options = {}) {
    return message_of([&] { LayerGradCam(*model_, "features.12").attribute(image, 3, options); });
  };
  EXPECT_NE(with(torch::zeros({1, 1, 224, 224})).find("is to be of any x 3 x 224 x 224, not of 1 x 1 x 224 x 224"),
            std::string::npos);
  EXPECT_NE(with(torch::zeros({1, 3, 224, 224}, torch::kDouble)).find("float32"), std::string::npos);
  EXPECT_NE(with(image_, AttributeOptions().additional_forward_args({true})).find("additional argument 0"),
            std::string::npos);
  EXPECT_NE(with(image_, AttributeOptions().additional_forward_args({torch::zeros({1})})).find("takes 1 inputs"),
            std::string::npos);
}

TEST_F(OnnxNetwork, ListsItsLayersWithTheirShapes) {
  std::map<std::string, LayerInfo> layers;
  for (const LayerInfo& layer : model_->layers({image_})) layers[layer.path] = layer;
  EXPECT_EQ(layers.at("features.12").output_shapes, (std::vector<std::vector<std::int64_t>>{{1, 512, 13, 13}}));
  EXPECT_EQ(layers.at("/features/12/Concat").type, "Concat");
  EXPECT_FALSE(layers.at("/Flatten").fit_for_grad_cam);
  EXPECT_EQ(model_->default_layer({image_}), "features") << "the classifier's convolution gives the scores";
}

}  // namespace
}  // namespace whycam::test
