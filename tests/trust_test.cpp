// What check_trust answers, against plain formulas and networks whose answers are known.
#include <gtest/gtest.h>

#include <cmath>
#include <set>

#include "support/reference.h"
#include "support/scripted.h"
#include "whycam/picture/preprocess.h"

namespace whycam::test {
namespace {

TEST(RankCorrelation, IsThatOfTheRanksWithTiesAveraged) {
  const torch::Tensor a = torch::tensor({1.0, 2.0, 3.0, 4.0, 5.0}), b = torch::tensor({5.0, 6.0, 7.0, 8.0, 7.0});
  // Ranks 1 2 3 4 5 and 1 2 3.5 5 3.5: covariance 8 over sqrt(10 * 9.5).
  EXPECT_NEAR(rank_correlation(a, b), 8 / std::sqrt(95.0), 1e-12);
  EXPECT_NEAR(rank_correlation(a, torch::exp(a)), 1, 1e-12) << "it is of ranks alone";
  EXPECT_NEAR(rank_correlation(a, -a), -1, 1e-12);
  EXPECT_TRUE(std::isnan(rank_correlation(a, torch::ones({5}))));
  EXPECT_THROW(rank_correlation(a, torch::ones({4})), InputError);
  torch::Tensor broken = b.clone();
  broken[2] = NAN;
  EXPECT_TRUE(std::isnan(rank_correlation(a, broken))) << "NaN has no rank";
}

/// Wang et al. 2004, equation 13, written plainly: every window, every weight.
double plain_structural_similarity(const torch::Tensor& a, const torch::Tensor& b) {
  constexpr int size = 11;
  double weights[size][size], all = 0;
  for (int i = 0; i < size; ++i)
    for (int j = 0; j < size; ++j)
      all += weights[i][j] = std::exp(-((i - 5) * (i - 5) + (j - 5) * (j - 5)) / (2 * 1.5 * 1.5));
  const auto x = a.accessor<double, 2>(), y = b.accessor<double, 2>();
  double sum = 0;
  int windows = 0;
  for (std::int64_t r = 0; r + size <= a.size(0); ++r)
    for (std::int64_t c = 0; c + size <= a.size(1); ++c, ++windows) {
      double mx = 0, my = 0, vx = 0, vy = 0, cov = 0;
      for (int i = 0; i < size; ++i)
        for (int j = 0; j < size; ++j) {
          mx += weights[i][j] / all * x[r + i][c + j];
          my += weights[i][j] / all * y[r + i][c + j];
        }
      for (int i = 0; i < size; ++i)
        for (int j = 0; j < size; ++j) {
          const double dx = x[r + i][c + j] - mx, dy = y[r + i][c + j] - my;
          vx += weights[i][j] / all * dx * dx;
          vy += weights[i][j] / all * dy * dy;
          cov += weights[i][j] / all * dx * dy;
        }
      sum += (2 * mx * my + 0.0001) * (2 * cov + 0.0009) / ((mx * mx + my * my + 0.0001) * (vx + vy + 0.0009));
    }
  return sum / windows;
}

TEST(StructuralSimilarity, IsTheFormulaOfTheSource) {
  torch::manual_seed(3);
  const torch::Tensor a = torch::rand({17, 23}, torch::kDouble),
                      b = (a + 0.2 * torch::rand({17, 23}, torch::kDouble)).clamp(0, 1);
  EXPECT_NEAR(structural_similarity(a, b), plain_structural_similarity(a, b), 1e-9)
      << "double precision in another order";
  EXPECT_NEAR(structural_similarity(a, a), 1, 1e-12);
  EXPECT_THROW(structural_similarity(a, b.t()), InputError);
}

TEST(StructuralSimilarity, ShrinksItsWindowForSmallMaps) {
  const torch::Tensor a = torch::rand({4, 4}, torch::kDouble);
  EXPECT_NEAR(structural_similarity(a, a), 1, 1e-12);
  EXPECT_LT(structural_similarity(a, 1 - a), 1);
}

TEST(MapSimilarity, TellsOppositeMapsApartBySignAlone) {
  const torch::Tensor map = torch::randn({1, 1, 12, 12});
  const MapSimilarity similarity = map_similarity(map, -map);
  EXPECT_NEAR(similarity.rank_correlation, -1, 1e-12);
  EXPECT_NEAR(similarity.rank_correlation_of_magnitudes, 1, 1e-12);
}

TEST(MapSimilarity, OfAnEmptyMapIsNotANumber) {
  const MapSimilarity similarity = map_similarity(torch::zeros({1, 3, 12, 12}), torch::rand({1, 3, 12, 12}));
  EXPECT_TRUE(std::isnan(similarity.rank_correlation));
  EXPECT_TRUE(std::isnan(similarity.rank_correlation_of_magnitudes));
  EXPECT_TRUE(std::isnan(similarity.structural_similarity));
}

/// Class 1's score is ten times the mean of the upper half; class 0's is 2. A picture of ones above and zeros below.
const char* const upper_half = R"(
def forward(self, x):
    y = torch.relu(self.conv.forward(x))
    return torch.stack([torch.full([x.size(0)], 2.0) + 0.0 * y.mean([1, 2, 3]), 10.0 * y[:, :, :8].mean([1, 2, 3])], 1)
)";

Model upper_half_model() {
  const torch::jit::Module conv = scripted("def forward(self, x):\n    return torch.conv2d(x, self.weight)\n",
                                           {{"weight", torch::ones({1, 1, 1, 1})}});
  const torch::jit::Module network = scripted(upper_half, {}, {{"conv", conv}});
  return Model(network);
}

TrustOptions quick() {
  TrustOptions options;
  options.pixel_steps = 4;
  options.random_orders = 2;
  options.randomisation_steps = 0;
  options.attribute.interpolate_mode(Interpolation::bilinear);
  return options;
}

TEST(TrustReport, DeletionFollowsTheFormulaOnANetworkThatIsKnown) {
  torch::Tensor image = torch::zeros({1, 1, 16, 16});
  image.slice(2, 0, 8) = 1;
  const TrustReport report = check_trust(upper_half_model(), "conv", image, 1, quick());
  ASSERT_EQ(report.fractions, (std::vector<double>{0, 0.25, 0.5, 0.75, 1}));
  const auto probability = [](double score) { return 1 / (1 + std::exp(2 - score)); };
  // Guided backpropagation names the upper half, from the top left: a quarter of all pixels is half of those that
  // count.
  const PixelCurve& curve = report.deletion.methods.at(Method::guided_backprop);
  const std::vector<double> expected{probability(10), probability(5), probability(0), probability(0), probability(0)};
  ASSERT_EQ(curve.probabilities.size(), expected.size());
  double area = 0;
  for (std::size_t i = 0; i < expected.size(); ++i) {
    EXPECT_NEAR(curve.probabilities[i], expected[i], 1e-6) << "float32 scores";
    if (i > 0) area += 0.25 * (expected[i] + expected[i - 1]) / 2;
  }
  EXPECT_NEAR(curve.area, area, 1e-6);
  EXPECT_NEAR(report.probability, probability(10), 1e-6);
  EXPECT_NEAR(report.insertion.methods.at(Method::guided_backprop).probabilities.back(), probability(10), 1e-6)
      << "all pixels are there";
  EXPECT_GT(report.deletion.random.area, curve.area);
  EXPECT_EQ(report.classes.size(), 1U) << "there is one other class";
}

class Shapes : public testing::Test {
 protected:
  static constexpr int star = 3, ring = 4;
  Shapes() : model_(Model::load(WHYCAM_SOURCE_DIR "/examples/shapes/shapes.pt")) {
    const picture::Preprocessing preprocessing;
    image_ = to_tensor(
        to_network_input(picture::read_image(WHYCAM_SOURCE_DIR "/examples/shapes/two_shapes.png", 3), preprocessing));
  }
  Model model_;
  torch::Tensor image_;
};

TEST_F(Shapes, MapsAnswerAsTheLiteratureSays) {
  TrustOptions options = quick();
  options.pixel_steps = 16;
  options.randomisation_steps = 3;
  const TrustReport report = check_trust(model_, "stage4", image_, star, options);
  ASSERT_FALSE(report.classes.empty());
  EXPECT_EQ(report.classes[0].other_class, ring);
  const MethodSimilarity& with_ring = report.classes[0].similarity;
  EXPECT_LT(with_ring.at(Method::grad_cam).rank_correlation_of_magnitudes, 0.3) << "Grad-CAM tells star and ring apart";
  EXPECT_GT(with_ring.at(Method::guided_backprop).rank_correlation_of_magnitudes, 0.8)
      << "guided backpropagation hardly does";
  ASSERT_EQ(report.randomisation.size(), 3U);
  EXPECT_LT(report.randomisation.back().similarity.at(Method::grad_cam).rank_correlation_of_magnitudes, 0.5);
  EXPECT_GT(report.insertion.methods.at(Method::grad_cam).area, report.insertion.random.area);
  EXPECT_LT(report.deletion.methods.at(Method::grad_cam).area, report.deletion.random.area);
}

TEST_F(Shapes, EveryModuleWithWeightsIsRandomisedOnceFromTheOutputOn) {
  TrustOptions options = quick();
  options.pixel_steps = 0;
  options.randomisation_steps = 1000;
  const TrustReport report = check_trust(model_, "stage4", image_, star, options);
  std::set<std::string> modules;
  for (const RandomisationStep& step : report.randomisation) {
    ASSERT_EQ(step.modules.size(), 1U);
    EXPECT_TRUE(modules.insert(step.modules[0]).second) << step.modules[0];
  }
  EXPECT_EQ(report.randomisation.front().modules[0], "classifier");
  EXPECT_EQ(report.randomisation.back().modules[0].substr(0, 4), "stem");
  std::size_t with_weights = 0;
  const torch::jit::Module network = torch::jit::load(WHYCAM_SOURCE_DIR "/examples/shapes/shapes.pt");
  for (const torch::jit::Module& module : network.modules())
    with_weights += module.parameters(/*recurse=*/false).size() > 0;
  EXPECT_EQ(modules.size(), with_weights);
}

TEST_F(Shapes, TheSameSeedGivesTheSameReportAndTheModelStaysAsItIs) {
  const GuidedGradCam explainer(model_, "stage4");
  const torch::Tensor before = explainer.attribute(image_, star);
  TrustOptions options = quick();
  options.randomisation_steps = 2;
  const auto correlation = [&](std::uint64_t seed) {
    options.seed = seed;
    const TrustReport report = check_trust(model_, "stage4", image_, star, options);
    return report.randomisation.back().similarity.at(Method::guided_backprop).rank_correlation +
           report.deletion.random.area;
  };
  EXPECT_EQ(correlation(1), correlation(1));
  EXPECT_NE(correlation(1), correlation(2));
  EXPECT_TRUE(torch::equal(explainer.attribute(image_, star), before));
}

TEST(TrustReport, SaysWhatWasLeftOut) {
  const std::filesystem::path file = reference_dir() / "onnx" / "real" / "resnet20_cifar10.onnx";
  if (!exists(file)) GTEST_SKIP() << "the reference networks are absent";
  TrustOptions options = quick();
  options.randomisation_steps = 2;
  const TrustReport report = check_trust(Model::load(file), "layer3", torch::rand({1, 3, 32, 32}), 3, options);
  EXPECT_TRUE(report.randomisation.empty());
  ASSERT_EQ(report.left_out.size(), 1U);
  EXPECT_NE(report.left_out[0].find("TorchScript"), std::string::npos) << report.left_out[0];
  EXPECT_FALSE(report.deletion.methods.empty());
}

/// Two convolutions that share one weight, a parameter of the network itself, and a classifier whose weight is used
/// directly.
Model sharing_model() {
  const char* const convolve =
      "def forward(self, x):\n    return torch.relu(torch.conv2d(x, self.weight, padding=[1, 1]))\n";
  torch::manual_seed(5);
  const torch::Tensor shared = torch::randn({3, 3, 3, 3});
  const torch::jit::Module first = scripted(convolve, {{"weight", shared}}),
                           second = scripted(convolve, {{"weight", shared}});
  const torch::jit::Module classifier =
      scripted("def forward(self, x):\n    return x\n", {{"weight", torch::randn({4, 3})}});
  return Model(scripted(R"(
def forward(self, x):
    y = self.second.forward(self.first.forward(x)) * self.scale
    return torch.matmul(y.mean([2, 3]), self.classifier.weight.t())
)",
                        {{"scale", torch::ones({3, 1, 1})}},
                        {{"first", first}, {"second", second}, {"classifier", classifier}}));
}

TEST(Randomisation, SaysWhichWeightsHaveNoPlaceInTheOrder) {
  TrustOptions options = quick();
  options.pixel_steps = 0;
  options.randomisation_steps = 8;
  const TrustReport report = check_trust(sharing_model(), "second", torch::rand({1, 3, 16, 16}), 1, options);
  ASSERT_EQ(report.randomisation.size(), 2U);
  EXPECT_EQ(report.randomisation[0].modules, std::vector<std::string>{"second"});
  EXPECT_EQ(report.randomisation[1].modules, std::vector<std::string>{"first"});
  ASSERT_EQ(report.left_out.size(), 1U);
  EXPECT_NE(report.left_out[0].find("stayed as trained: classifier, the network itself"), std::string::npos)
      << report.left_out[0];
}

TEST(Randomisation, ReplacesASharedWeightInAllModulesAtOnce) {
  TrustOptions options = quick();
  options.pixel_steps = 0;
  options.randomisation_steps = 8;
  const TrustReport report = check_trust(sharing_model(), "second", torch::rand({1, 3, 16, 16}), 1, options);
  ASSERT_EQ(report.randomisation.size(), 2U);
  EXPECT_EQ(report.randomisation[0].probability, report.randomisation[1].probability)
      << "the first step replaced it already";
  EXPECT_NE(report.randomisation[0].probability, report.probability);
}

TEST(TrustReport, GivesNoOrderOfPixelsByAMapThatHoldsNaN) {
  torch::Tensor image = torch::ones({1, 1, 16, 16});
  image[0][0][3][3] = NAN;
  const TrustReport report = check_trust(upper_half_model(), "conv", image, 1, quick());
  EXPECT_EQ(report.deletion.methods.count(Method::grad_cam), 0U);
  EXPECT_EQ(report.insertion.methods.count(Method::grad_cam), 0U);
  ASSERT_FALSE(report.left_out.empty());
  EXPECT_NE(report.left_out[0].find("Grad-CAM: its map holds NaN"), std::string::npos) << report.left_out[0];
}

TEST_F(Shapes, RefusesWhatIsNoSingleExample) {
  EXPECT_THROW(check_trust(model_, "stage4", torch::zeros({2, 3, 224, 224}), star), InputError);
  EXPECT_THROW(check_trust(model_, "stage4", torch::zeros({1, 3, 224}), star), InputError);
  EXPECT_THROW(check_trust(model_, "stage4", image_, 17), TargetError);
  EXPECT_THROW(check_trust(model_, "stage9", image_, star), LayerError);
}

}  // namespace
}  // namespace whycam::test
