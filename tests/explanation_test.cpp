// What holds for every explanation: the right object, the same bits each time, and nothing of the caller's changed.
#include <ATen/Parallel.h>
#include <gtest/gtest.h>

#include <fstream>

#include "support/reference.h"
#include "support/scripted.h"

namespace whycam::test {
namespace {

namespace fs = std::filesystem;

const fs::path shapes = fs::path(WHYCAM_SOURCE_DIR) / "examples/shapes";

torch::Tensor picture_of(const fs::path& path) {
  const picture::Preprocessing preprocessing;
  return picture::to_tensor(
      picture::to_network_input(picture::read_image(path, preprocessing.channels()), preprocessing));
}

/// The share of the positive attribution that lies in the box [top, left, bottom, right).
double share_inside(const torch::Tensor& attribution, const std::vector<std::int64_t>& box) {
  const torch::Tensor positive = attribution.clamp_min(0);
  const torch::Tensor inside = positive.slice(2, box[0], box[2]).slice(3, box[1], box[3]);
  return inside.sum().item<double>() / positive.sum().item<double>();
}

TEST(BundledExample, EachClassIsExplainedByItsOwnObject) {
  const torch::Tensor image = picture_of(shapes / "two_shapes.png");
  std::ifstream truth_file(shapes / "two_shapes.json");
  const auto truth = nlohmann::json::parse(truth_file);
  ASSERT_EQ(truth.size(), 2u);
  std::vector<std::string> labels;
  std::ifstream label_file(shapes / "labels.txt");
  for (std::string line; std::getline(label_file, line);) labels.push_back(line);

  const Model model = Model::load(shapes / "shapes.pt");
  const GuidedGradCam guided_grad_cam(model, model.default_layer({image}));
  const auto options = AttributeOptions().interpolate_mode(Interpolation::bilinear);
  for (const auto& [asked, box] : truth.items()) {
    const auto index = std::find(labels.begin(), labels.end(), asked) - labels.begin();
    const torch::Tensor attribution = guided_grad_cam.attribute(image, index, options);
    for (const auto& [object, where] : truth.items()) {
      const double share = share_inside(attribution, where);
      if (object == asked)
        EXPECT_GE(share, 0.8) << asked << " on " << object;
      else
        EXPECT_LT(share, 0.2) << asked << " on " << object;
    }
  }
}

TEST(Explanation, TheTenthEqualsTheFirstBitForBit) {
  const torch::Tensor image = picture_of(shapes / "two_shapes.png");
  const GuidedGradCam guided_grad_cam(Model::load(shapes / "shapes.pt"), "stage4");
  const torch::Tensor first = guided_grad_cam.attribute(image, 3);
  for (int i = 2; i <= 10; ++i) ASSERT_TRUE(guided_grad_cam.attribute(image, 3).equal(first)) << "explanation " << i;
}

/// All that a module could be found changed by.
struct Snapshot {
  explicit Snapshot(const torch::jit::Module& module) : module_(module) {
    for (const auto& attribute : module.named_attributes()) {
      if (attribute.value.isTensor())
        tensors_[attribute.name] = {attribute.value.toTensor(), attribute.value.toTensor().detach().clone(),
                                    attribute.value.toTensor().requires_grad()};
      if (attribute.value.isBool()) flags_[attribute.name] = attribute.value.toBool();
    }
  }
  void expect_unchanged() const {
    for (const auto& attribute : module_.named_attributes()) {
      if (attribute.value.isTensor()) {
        const auto& [same, values, requires_grad] = tensors_.at(attribute.name);
        EXPECT_TRUE(attribute.value.toTensor().is_same(same)) << attribute.name;
        EXPECT_TRUE(attribute.value.toTensor().equal(values)) << attribute.name;
        EXPECT_EQ(attribute.value.toTensor().requires_grad(), requires_grad) << attribute.name;
        EXPECT_FALSE(attribute.value.toTensor().grad().defined()) << attribute.name;
      }
      if (attribute.value.isBool()) {
        EXPECT_EQ(attribute.value.toBool(), flags_.at(attribute.name)) << attribute.name;
      }
    }
  }

 private:
  struct Tensor {
    torch::Tensor same, values;
    bool requires_grad;
  };
  torch::jit::Module module_;
  std::map<std::string, Tensor> tensors_;
  std::map<std::string, bool> flags_;
};

TEST(Explanation, ChangesNothingOfTheCallers) {
  torch::jit::Module module = torch::jit::load(shapes / "shapes.pt");
  module.train();  // a mode that writes to its buffers, and one to be left alone
  const Snapshot before(module);
  const torch::Tensor image = picture_of(shapes / "two_shapes.png").requires_grad_(true);
  const torch::Tensor values = image.detach().clone();
  const auto version = image._version();
  const int threads = at::get_num_threads();

  const GuidedGradCam guided_grad_cam(module, "stage4");
  guided_grad_cam.explain(image, {3, 4}, AttributeOptions().methods({Method::guided_grad_cam, Method::deconvolution}));
  EXPECT_THROW(guided_grad_cam.attribute(image, 17), TargetError);
  EXPECT_THROW(guided_grad_cam.attribute(torch::zeros({1, 5, 8, 8}), 3), ModelError);
  EXPECT_THROW(GuidedGradCam(module, "stage5").attribute(image, 3), LayerError);

  before.expect_unchanged();
  EXPECT_TRUE(image.equal(values));
  EXPECT_EQ(image._version(), version);
  EXPECT_TRUE(image.requires_grad());
  EXPECT_FALSE(image.grad().defined());
  EXPECT_TRUE(torch::GradMode::is_enabled());
  EXPECT_EQ(at::get_num_threads(), threads);
}

TEST(Explanation, ChangesNothingWhereTheNetworkWritesOverItsInput) {
  const torch::jit::Module module = scripted(R"(
def forward(self, x):
    x.mul_(2).sub_(1)
    return torch.conv2d(x.relu_(), self.weight).mean([2, 3])
)",
                                             {{"weight", torch::ones({2, 1, 3, 3})}});
  const torch::Tensor image = torch::rand({1, 1, 6, 6});
  const torch::Tensor values = image.clone();
  const torch::Tensor first = GuidedBackprop(Model(module)).attribute(image, 0);
  EXPECT_TRUE(image.equal(values));
  EXPECT_FALSE(image.requires_grad());
  EXPECT_TRUE(first.equal(GuidedBackprop(Model(module)).attribute(image, 0)));
}

TEST(Explanation, WorksWithGradientsOffAndInInferenceMode) {
  const torch::Tensor image = picture_of(shapes / "two_shapes.png");
  const Model model = Model::load(shapes / "shapes.pt");
  const torch::Tensor expected = GuidedGradCam(model, "stage4").attribute(image, 3);
  {
    const torch::NoGradGuard no_gradients;
    EXPECT_TRUE(GuidedGradCam(model, "stage4").attribute(image, 3).equal(expected));
    EXPECT_FALSE(torch::GradMode::is_enabled());
  }
  const c10::InferenceMode inference;
  EXPECT_TRUE(GuidedGradCam(Model::load(shapes / "shapes.pt"), "stage4").attribute(image.clone(), 3).equal(expected));
}

TEST(Explanation, SeveralTargetsAndLayersFromOneForwardPassEqualSingleOnes) {
  const torch::Tensor image = picture_of(shapes / "two_shapes.png");
  const Model model = Model::load(shapes / "shapes.pt");
  const std::vector<std::string> layers{"stage4", "stage2.relu1", "stem"};
  const GuidedGradCam all(model, std::vector<Layer>(layers.begin(), layers.end()));
  const Explanation explanation = all.explain(image, {4, 3, 0});
  ASSERT_EQ(explanation.targets.size(), 3u);
  for (std::size_t t = 0; t < 3; ++t) {
    const int target = std::vector<int>{4, 3, 0}[t];
    EXPECT_TRUE(explanation.targets[t].scores.equal(explanation.output.select(1, target)));
    ASSERT_EQ(explanation.targets[t].layers.size(), layers.size());
    for (std::size_t l = 0; l < layers.size(); ++l)
      EXPECT_TRUE(explanation.targets[t].layers[l].guided_grad_cam[0].equal(
          GuidedGradCam(model, layers[l]).attribute(image, target)))
          << layers[l] << ", target " << target;
  }
  EXPECT_THROW(all.attribute(image, 3), LayerError);
}

TEST(Explanation, TargetsCanBeChosenFromTheOutput) {
  const torch::Tensor image = picture_of(shapes / "two_shapes.png");
  const GuidedGradCam guided_grad_cam(Model::load(shapes / "shapes.pt"), "stage4");
  const Explanation explanation = guided_grad_cam.explain(
      {image}, [](const torch::Tensor& output) { return std::vector<Target>{Target(output.argmax(1))}; });
  EXPECT_TRUE(explanation.targets[0].scores.equal(std::get<0>(explanation.output.max(1))));
}

TEST(Explanation, WarnsOfANetworkThatWorksAsInTraining) {
  const auto warnings = [](const std::string& statement) {
    const torch::jit::Module network = scripted("def forward(self, x):\n    x = self.inner.forward(x)\n    " +
                                                    statement + "\n    return torch.relu(x).mean([2, 3])\n",
                                                {}, {{"inner", scripted("def forward(self, x):\n    return x * 2\n")}});
    return GuidedGradCam(network, "inner").explain(torch::rand({1, 2, 6, 6}), {1}).warnings;
  };
  const auto warned = [](const std::vector<std::string>& all) {
    return all.size() == 1 && all[0].find("network.eval()") != std::string::npos;
  };
  EXPECT_TRUE(warned(warnings("x = torch.dropout(x, 0.5, True)")));
  EXPECT_TRUE(warned(warnings("x = torch.feature_dropout(x, 0.5, True)")));
  EXPECT_TRUE(warned(warnings("x = torch.batch_norm(x, None, None, None, None, True, 0.1, 1e-5, False)")));
  EXPECT_TRUE(warnings("x = torch.dropout(x, 0.5, False)").empty());
  EXPECT_TRUE(warnings("x = x + 1").empty());
}

}  // namespace
}  // namespace whycam::test
