// Networks that take one example at a time, or a number of them that was fixed when they were exported.
#include <cmath>

#include "support/pictures_command.h"
#include "support/reference.h"
#include "support/scripted.h"
#include "whycam/picture/npy.h"
#include "whycam/picture/tensor.h"

namespace whycam::test {
namespace {

class CommandBatches : public PicturesCommand {
 protected:
  /// A network whose classifier reads features in a shape that is written into its code.
  fs::path network(const std::string& name, const std::string& classify) const {
    torch::manual_seed(2);
    const auto features =
        scripted("def forward(self, x):\n    return torch.relu(torch.conv2d(x, self.weight, stride=[8, 8]))\n",
                 {{"weight", torch::randn({4, 3, 8, 8})}});
    const auto module = scripted("def forward(self, x):\n    y = self.features.forward(x)\n" + classify,
                                 {{"weight", torch::randn({5, 64})}}, {{"features", features}});
    const fs::path path = folder_ / (name + ".pt");
    if (!fs::exists(path)) module.save(path);
    return path;
  }
  /// Any number of examples.
  fs::path open() const { return network("open", "    return torch.matmul(y.flatten(1), self.weight.t())\n"); }
  /// One example: more are refused.
  fs::path one() const { return network("one", "    return torch.matmul(y.reshape([1, 64]), self.weight.t())\n"); }
  /// One example: of more it makes one row, without an error.
  fs::path folds() const {
    return network("folds",
                   "    y = y.reshape([1, 4, -1, 16]).mean(2).reshape([1, 64])\n"
                   "    return torch.matmul(y, self.weight.t())\n");
  }
  /// One example: of more it makes as many rows, which are mixed.
  fs::path mixes() const {
    return network("mixes",
                   "    y = (y / y.mean(0, keepdim=True)).flatten(1) if y.size(0) > 1 else y.flatten(1)\n"
                   "    return torch.matmul(y, self.weight.t())\n");
  }
  fs::path three() const { return network("three", "    return torch.matmul(y.reshape([3, 64]), self.weight.t())\n"); }

  std::vector<std::string> explaining(const fs::path& network, const fs::path& input, const fs::path& folder,
                                      const std::vector<std::string>& more) const {
    return with({"explain", network, input, "--size", "32", "--layer", "features", "--save-npy", "--quiet",
                 "--output-dir", folder},
                more);
  }

  static torch::Tensor array(const fs::path& path) {
    return picture::to_tensor(picture::to_array(picture::read_npy(path)));
  }

  /// All arrays of two folders are the same.
  void expect_same(const fs::path& one, const fs::path& other, std::size_t count) const {
    std::size_t compared = 0;
    for (const auto& entry : fs::directory_iterator(one)) {
      if (entry.path().extension() != ".npy") continue;
      ASSERT_TRUE(fs::exists(other / entry.path().filename())) << entry.path();
      // float32 rounding: another batch size takes other blocks of the same sums
      expect_close(array(other / entry.path().filename()), array(entry.path()), 1e-4, entry.path().filename());
      ++compared;
    }
    EXPECT_EQ(compared, count);
  }
};

TEST_F(CommandBatches, ThatANetworkRefusesAreExplainedOneByOne) {
  add_pictures(5);
  for (const fs::path& network : {one(), folds()}) {
    const fs::path alone = folder_ / (network.stem().string() + "-alone"), both = folder_ / network.stem();
    ASSERT_EQ(run(explaining(network, pictures_, alone, {"--target", "top2"})).exit_code, 0);
    for (const char* size : {"2", "4", "8"}) {
      remove_folder(both);
      const Outcome outcome = run(explaining(network, pictures_, both, {"--target", "top2", "--batch-size", size}));
      EXPECT_EQ(outcome.exit_code, 0) << outcome.error;
      EXPECT_EQ(outcome.error.find("skipped"), std::string::npos) << outcome.error;
      expect_same(alone, both, 5 * 2 * 3);
    }
  }
}

TEST_F(CommandBatches, OfAnArrayAreExplainedOneByOneToo) {
  torch::manual_seed(7);
  picture::write_npy(folder_ / "x.npy", picture::to_array(torch::rand({5, 3, 32, 32})));
  ASSERT_EQ(run(explaining(open(), folder_ / "x.npy", folder_ / "together", {"--target", "top2"})).exit_code, 0);
  ASSERT_EQ(run(explaining(one(), folder_ / "x.npy", folder_ / "alone", {"--target", "top2"})).exit_code, 0);
  expect_same(folder_ / "together", folder_ / "alone", 5 * 2 * 3);
}

TEST_F(CommandBatches, OfExactlyThreeAreSaidToBeThat) {
  add_pictures(7);
  const Outcome outcome = run(explaining(three(), pictures_, results(), {"--target", "1", "--batch-size", "3"}));
  EXPECT_EQ(outcome.exit_code, 8) << outcome.error;
  EXPECT_EQ(count_of(outcome.error, "skipped"), 1u) << outcome.error;
  EXPECT_NE(outcome.error.find("picture1006.png"), std::string::npos) << outcome.error;
  EXPECT_NE(outcome.error.find("takes exactly 3 examples at a time"), std::string::npos) << outcome.error;
  ASSERT_EQ(run(explaining(open(), pictures_, folder_ / "open", {"--target", "1"})).exit_code, 0);
  fs::remove(folder_ / "open/picture1006-features-1-gradcam.npy");
  fs::remove(folder_ / "open/picture1006-features-1-guided-backprop.npy");
  fs::remove(folder_ / "open/picture1006-features-1-guided-gradcam.npy");
  expect_same(folder_ / "open", results(), 6 * 3);
}

TEST_F(CommandBatches, AnInputOfAnotherShapeEndsNoRun) {
  add_pictures(3);
  // Smaller than the layer's window at the first place of the folder, where no other has shown yet that the settings
  // fit.
  picture::write_npy(pictures_ / "a.npy", picture::to_array(torch::rand({1, 3, 32, 32, 1}).squeeze(4)));
  picture::write_npy(pictures_ / "b.npy", picture::to_array(torch::rand({1, 3, 4, 4})));
  picture::write_npy(pictures_ / "z.npy", picture::to_array(torch::rand({1, 3, 4, 4})));
  const Outcome outcome = run(explaining(one(), pictures_, results(), {"--target", "1", "--batch-size", "2"}));
  EXPECT_EQ(outcome.exit_code, 8) << outcome.error;
  EXPECT_EQ(count_of(outcome.error, "skipped"), 2u) << outcome.error;
  EXPECT_EQ(document()["explanations"].size(), 4u);
}

TEST_F(CommandBatches, ALayerThatOneInputLacksEndsNoRun) {
  add_pictures(2);
  const auto features = scripted("def forward(self, x):\n    return torch.relu(x) * 2.0\n");
  const auto module = scripted(R"(
def forward(self, x):
    if x.size(2) > 16:
        x = self.features.forward(x)
    return x.mean([2, 3])
)",
                               {}, {{"features", features}});
  module.save(folder_ / "sometimes.pt");
  for (const char* name : {"a.npy", "z.npy"})
    picture::write_npy(pictures_ / name, picture::to_array(torch::rand({1, 3, 8, 8})));
  const Outcome outcome = run(explaining(folder_ / "sometimes.pt", pictures_, results(), {"--target", "1"}));
  EXPECT_EQ(outcome.exit_code, 5) << outcome.error;
  EXPECT_EQ(count_of(outcome.error, "skipped"), 2u) << outcome.error;
  EXPECT_EQ(document()["explanations"].size(), 2u);
  remove_folder(results());
  expect_failure(run({"explain", one(), pictures_, "--size", "32", "--layer", "other", "--output-dir", results()}), 5,
                 "\"other\"");
}

class CommandCheck : public CommandBatches {
 protected:
  nlohmann::json check(const fs::path& network, const std::vector<std::string>& more = {}) {
    torch::manual_seed(7);
    picture::write_npy(folder_ / "x.npy", picture::to_array(torch::rand({1, 3, 32, 32})));
    last_ = run(with({"check", network, folder_ / "x.npy", "--layer", "features", "--random-steps", "2",
                      "--pixel-steps", "10", "--output-dir", results()},
                     more));
    EXPECT_EQ(last_.exit_code, 0) << last_.error;
    return nlohmann::json::parse(content(fs::path(results()) / "check.json"));
  }

  static void expect_near(const nlohmann::json& some, const nlohmann::json& others) {
    ASSERT_EQ(some.size(), others.size());
    for (std::size_t i = 0; i < some.size(); ++i)  // float32 rounding of batches
      EXPECT_NEAR(some[i].get<double>(), others[i].get<double>(), 1e-4);
  }

  Outcome last_{};
};

TEST_F(CommandCheck, OfANetworkForOneExampleGivesWhatItsOpenTwinDoes) {
  const auto expected = check(open(), {"--target", "2"});
  for (const fs::path& network : {one(), folds(), mixes()}) {
    const auto found = check(network, {"--target", "2"});
    for (const char* curves : {"insertion", "deletion"})
      for (const char* order : {"gradcam", "guided-backprop", "guided-gradcam", "random"})
        expect_near(found[curves][order]["probabilities"], expected[curves][order]["probabilities"]);
    EXPECT_NEAR(found["probability"], expected["probability"].get<double>(), 1e-5);
    EXPECT_EQ(found["measure"], "softmax");
  }
}

TEST_F(CommandCheck, OfOneNumberMeasuresIt) {
  const fs::path logit = network("logit", "    return torch.matmul(y.flatten(1), self.weight.t())[:, 3:4]\n");
  for (const char* target : {"top1", "0"}) {
    const auto found = check(logit, {"--target", target});
    const torch::Tensor x = array(folder_ / "x.npy");
    const double score = torch::jit::load(logit).forward({x}).toTensor().item<double>();
    EXPECT_EQ(found["measure"], "score");
    EXPECT_EQ(found.count("probability"), 0u);
    EXPECT_NEAR(found["score"], score, 1e-4 * std::abs(score));
    EXPECT_NEAR(found["deletion"]["gradcam"]["scores"][0], score, 1e-4 * std::abs(score));
    EXPECT_NE(found["deletion"]["gradcam"]["scores"][10], found["deletion"]["gradcam"]["scores"][0]);
    EXPECT_NE(last_.out.find("its score: no softmax"), std::string::npos) << last_.out;
  }
}

TEST_F(CommandCheck, OfSigmoidsMeasuresThem) {
  const fs::path sigmoids =
      network("sigmoids", "    return torch.sigmoid(0.05 * torch.matmul(y.flatten(1), self.weight.t()))\n");
  const auto found = check(sigmoids, {"--target", "2"});
  const auto output = torch::jit::load(sigmoids).forward({array(folder_ / "x.npy")}).toTensor();
  EXPECT_EQ(found["measure"], "probability");
  EXPECT_NEAR(found["probability"], output[0][2].item<double>(), 1e-5);
  EXPECT_NEAR(found["insertion"]["random"]["probabilities"][10], output[0][2].item<double>(), 1e-5);
  const auto softmax = check(sigmoids, {"--target", "2", "--measure", "softmax"});
  EXPECT_NEAR(softmax["probability"], output.softmax(1)[0][2].item<double>(), 1e-5);
}

TEST_F(CommandCheck, MeasuresScoresWhereItIsAskedTo) {
  const auto found = check(open(), {"--target", "2", "--measure", "score"});
  const auto output = torch::jit::load(open()).forward({array(folder_ / "x.npy")}).toTensor();
  EXPECT_EQ(found["measure"], "score");
  EXPECT_NEAR(found["score"], output[0][2].item<double>(), 1e-3);
  EXPECT_EQ(found["other_classes"].size(), 4u);
  for (const auto& one : found["other_classes"])
    EXPECT_NEAR(one["score"], output[0][one["class"].get<int>()].item<double>(), 1e-3);
}

}  // namespace
}  // namespace whycam::test
