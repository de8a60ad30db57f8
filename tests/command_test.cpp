// The command as a person meets it: what it prints, writes and returns.
#include <gtest/gtest.h>

#include "support/command.h"
#include "support/reference.h"
#include "support/scripted.h"
#include "whycam/picture/image.h"
#include "whycam/picture/npy.h"

namespace whycam::test {
namespace {

TEST_F(Command, WritesAPictureForEachTargetAndMethod) {
  const Outcome outcome = explain(with(two_shapes, {"--target", "star", "--target", "ring"}));
  EXPECT_EQ(outcome.exit_code, 0) << outcome.error;
  EXPECT_EQ(files(), (std::set<std::string>{
                         "two_shapes-stage4-star-guided-gradcam.png", "two_shapes-stage4-star-gradcam.png",
                         "two_shapes-stage4-star-guided-backprop.png", "two_shapes-stage4-ring-guided-gradcam.png",
                         "two_shapes-stage4-ring-gradcam.png", "two_shapes-stage4-ring-guided-backprop.png",
                         "manifest.jsonl", "explanation.json"}));
  EXPECT_NE(outcome.out.find("stage4"), std::string::npos) << "the default layer is named";
  EXPECT_NE(outcome.out.find("softmax probability"), std::string::npos);
  EXPECT_NE(outcome.out.find("ring"), std::string::npos);
}

TEST_F(Command, ExplanationJsonNamesEverything) {
  ASSERT_EQ(
      explain(with(two_shapes, {"--target", "top2", "--method", "gradcam,deconvolution", "--save-npy"})).exit_code, 0);
  const auto json = document();
  EXPECT_EQ(json["whycam"], version);
  EXPECT_EQ(json["layer"], "stage4");
  EXPECT_EQ(json["interpolation"], "bilinear");
  EXPECT_EQ(json["methods"], nlohmann::json({"gradcam", "deconvolution"}));
  EXPECT_TRUE(json["finished"]);
  ASSERT_EQ(json["explanations"].size(), 2u);
  double probabilities = 0;
  for (const auto& entry : json["explanations"]) {
    EXPECT_EQ(entry["input"], (shapes / "two_shapes.png").string());
    EXPECT_EQ(entry["engine"], "compiled");
    EXPECT_EQ(entry["relus_guided"], 9);
    EXPECT_TRUE(entry["activations_not_guided"].empty());
    for (const char* method : {"gradcam", "deconvolution"})
      for (const char* file : {"picture", "array"})
        EXPECT_TRUE(files().count(entry["files"][method][file])) << entry["files"].dump();
    probabilities += entry["softmax_probability"].get<double>();
  }
  EXPECT_EQ(json["explanations"][0]["label"], "ring");
  EXPECT_EQ(json["explanations"][0]["class"], 4);
  EXPECT_GT(probabilities, 0.9);  // two shapes share what there is
  EXPECT_LE(probabilities, 1.0);
}

/// The example's network with something behind its scores, or none of its own.
fs::path saved(const fs::path& folder, const std::string& expression) {
  const fs::path file = folder / "network.pt";
  scripted("def forward(self, x):\n    return " + expression + "\n", {},
           {{"net", torch::jit::load((shapes / "shapes.pt").string())}})
      .save(file.string());
  return file;
}

TEST_F(Command, TakesTheProbabilitiesOfANetworkThatGivesThem) {
  ASSERT_EQ(explain(with(two_shapes, {"--target", "ring"})).exit_code, 0);
  const double expected = document()["explanations"][0]["softmax_probability"];
  const fs::path model = saved(folder_, "torch.softmax(self.net.forward(x), 1)");
  const Outcome outcome = explain({model, shapes / "two_shapes.png", "--target", "4", "--layer", "net.stage4"});
  ASSERT_EQ(outcome.exit_code, 0) << outcome.error;
  EXPECT_NEAR(document()["explanations"][0]["softmax_probability"], expected, 1e-5);
  EXPECT_NE(outcome.error.find("ends in a softmax"), std::string::npos);
  const Outcome checked = run({"check", model, shapes / "two_shapes.png", "--target", "4", "--layer", "net.stage4",
                               "--random-steps", "0", "--pixel-steps", "2", "--output-dir", results()});
  ASSERT_EQ(checked.exit_code, 0) << checked.error;
  const auto check = nlohmann::json::parse(content(fs::path(results()) / "check.json"));
  EXPECT_NEAR(check["probability"], expected, 1e-5);
  EXPECT_NEAR(check["insertion"]["gradcam"]["probabilities"].back(), expected, 1e-5) << "all pixels are there";
}

TEST_F(Command, FindsTheClassesOfOutputsWithDimensionsOfOne) {
  ASSERT_EQ(explain(with(two_shapes, {"--target", "top2", "--target", "disc"})).exit_code, 0);
  const auto expected = document()["explanations"];
  for (const char* expression : {"self.net.forward(x).unsqueeze(2).unsqueeze(3)", "self.net.forward(x).unsqueeze(1)"}) {
    const Outcome outcome =
        explain({saved(folder_, expression), shapes / "two_shapes.png", "--labels", shapes / "labels.txt", "--layer",
                 "net.stage4", "--target", "top2", "--target", "disc"});
    ASSERT_EQ(outcome.exit_code, 0) << outcome.error;
    const auto actual = document()["explanations"];
    ASSERT_EQ(actual.size(), 3u);
    for (std::size_t i = 0; i < 3; ++i)
      for (const char* field : {"class", "label"}) EXPECT_EQ(actual[i][field], expected[i][field]) << expression;
    EXPECT_NEAR(actual[0]["softmax_probability"], expected[0]["softmax_probability"], 1e-5);
  }
}

TEST_F(Command, WarnsOfOutputsThatMayBeASigmoids) {
  const Outcome outcome = explain(
      {saved(folder_, "torch.sigmoid(self.net.forward(x))"), shapes / "two_shapes.png", "--layer", "net.stage4"});
  ASSERT_EQ(outcome.exit_code, 0) << outcome.error;
  EXPECT_NE(outcome.error.find("sigmoid"), std::string::npos);
}

TEST_F(Command, SaysOfWhichMapsThereIsNothingToSee) {
  const Outcome outcome =
      explain({saved(folder_, "self.net.forward(x) * torch.tensor([1., 1., 0., 1., 1., 1.])"),
               shapes / "two_shapes.png", "--layer", "net.stage4", "--target", "2", "--target", "4"});
  ASSERT_EQ(outcome.exit_code, 0) << outcome.error;
  EXPECT_NE(outcome.error.find("class 2: gradcam is 0 throughout"), std::string::npos) << outcome.error;
  const auto entries = document()["explanations"];
  EXPECT_EQ(entries[0]["warnings"].size(), 3u);
  EXPECT_FALSE(entries[1].contains("warnings"));
}

TEST_F(Command, ShowsWholeLinesOfLabelsThatShareTheirFirstName) {
  std::ofstream(folder_ / "labels.txt")
      << "tench, Tinca\nfracture, open\nmass, large\nfracture, closed\nfracture, healed\ncyst\n";
  ASSERT_EQ(explain({shapes / "shapes.pt", shapes / "two_shapes.png", "--labels", folder_ / "labels.txt", "--target",
                     "0", "--target", "3", "--target", "open"})
                .exit_code,
            0);
  const auto entries = document()["explanations"];
  EXPECT_EQ(entries[0]["label"], "tench");
  EXPECT_EQ(entries[1]["label"], "fracture, closed");
  EXPECT_EQ(entries[2]["label"], "fracture, open");
  EXPECT_EQ(entries[1]["files"]["gradcam"]["picture"], "two_shapes-stage4-fracture_closed-gradcam.png");
}

TEST_F(Command, NeedsNoLayerForGuidedBackpropagation) {
  const fs::path model = folder_ / "network.pt";
  scripted("def forward(self, x):\n    return torch.relu(x.flatten(1)[:, :6] - 0.5)\n").save(model.string());
  expect_failure(explain({model, shapes / "two_shapes.png"}), 5, "torch.jit.freeze");
  const Outcome outcome = explain({model, shapes / "two_shapes.png", "--target", "0", "--method", "guided-backprop"});
  ASSERT_EQ(outcome.exit_code, 0) << outcome.error;
  EXPECT_EQ(outcome.out.find("layer:"), std::string::npos) << outcome.out;
  EXPECT_EQ(document()["layer"], nullptr);
  EXPECT_TRUE(files().count("two_shapes-0-guided-backprop.png"));
  EXPECT_EQ(
      explain({model, shapes / "two_shapes.png", "--target", "0", "--method", "guided-backprop", "--resume"}).exit_code,
      0);
}

TEST_F(Command, TakesPicturesForNetworksInDoublePrecision) {
  const fs::path model = folder_ / "network.pt";
  torch::jit::Module network = torch::jit::load((shapes / "shapes.pt").string());
  network.to(torch::kDouble);
  network.save(model.string());
  const std::vector<std::string> options{"--labels", shapes / "labels.txt", "--target", "ring", "--target", "2"};
  ASSERT_EQ(explain(with({model, shapes / "two_shapes.png"}, options)).exit_code, 0);
  const auto twice = document()["explanations"];
  ASSERT_EQ(explain(with({shapes / "shapes.pt", shapes / "two_shapes.png"}, options)).exit_code, 0);
  const auto once = document()["explanations"];
  ASSERT_EQ(twice.size(), 2U);
  for (std::size_t i = 0; i < 2; ++i) {
    EXPECT_EQ(twice[i]["class"], once[i]["class"]);
    EXPECT_NEAR(twice[i]["score"], once[i]["score"], 1e-4) << "single precision over nine layers";
  }
  for (const std::vector<std::string>& other : {std::vector<std::string>{"layers", model},
                                                {"check", model, shapes / "two_shapes.png", "--random-steps", "0",
                                                 "--pixel-steps", "0", "--output-dir", results()}}) {
    const Outcome outcome = run(other);
    EXPECT_EQ(outcome.exit_code, 0) << outcome.error;
  }
}

TEST_F(Command, LeavesPicturesInSinglePrecisionForNetworksOfSeveralTypes) {
  const fs::path model = folder_ / "network.pt";
  scripted("def forward(self, x):\n    return self.net.forward(x) * self.factor.float()\n",
           {{"factor", torch::full({1}, 2, torch::kDouble)}},
           {{"net", torch::jit::load((shapes / "shapes.pt").string())}})
      .save(model.string());
  const Outcome outcome = explain({model, shapes / "two_shapes.png", "--layer", "net.stage4"});
  EXPECT_EQ(outcome.exit_code, 0) << outcome.error;
}

TEST_F(Command, ReachesKeysWithPointsInThemAndKeysThatAreNumbers) {
  const fs::path model = folder_ / "network.pt";
  scripted("def forward(self, x):\n    y = self.net.forward(x)\n    return {\"a.b\": [y, y * 2], \"0\": [y * 3]}\n", {},
           {{"net", torch::jit::load((shapes / "shapes.pt").string())}})
      .save(model.string());
  const auto score = [&](const std::string& element) {
    const Outcome outcome = explain(
        {model, shapes / "two_shapes.png", "--layer", "net.stage4", "--target", "4", "--output-element", element});
    EXPECT_EQ(outcome.exit_code, 0) << outcome.error;
    return document()["explanations"][0]["score"].get<double>();
  };
  const double once = score("\"a.b\".0");
  EXPECT_NEAR(score("\"a.b\".1"), 2 * once, 1e-4);
  EXPECT_NEAR(score("\"0\".0"), 3 * once, 1e-4);
}

TEST_F(Command, ChecksOneClassAlone) {
  expect_failure(run({"check", (shapes / "shapes.pt").string(), (shapes / "two_shapes.png").string(), "--target",
                      "top2", "--output-dir", results()}),
                 6, "one class");
}

TEST_F(Command, CheckWritesItsNumbersAndCurves) {
  const Outcome outcome = run({"check", (shapes / "shapes.pt").string(), (shapes / "two_shapes.png").string(),
                               "--labels", (shapes / "labels.txt").string(), "--target", "star", "--random-steps", "2",
                               "--pixel-steps", "4", "--output-dir", results()});
  EXPECT_EQ(outcome.exit_code, 0) << outcome.error;
  EXPECT_NE(outcome.out.find("ReLUs guided: 9"), std::string::npos) << outcome.out;
  EXPECT_EQ(files(), (std::set<std::string>{"check.json", "check.svg"}));
  const auto json = nlohmann::json::parse(content(fs::path(results()) / "check.json"));
  EXPECT_EQ(json["class"], 3);
  EXPECT_EQ(json["label"], "star");
  EXPECT_EQ(json["cascading_randomisation"].size(), 2U);
  EXPECT_EQ(json["fractions"].size(), 5U);
  for (const char* order : {"gradcam", "guided-backprop", "guided-gradcam", "random"}) {
    EXPECT_EQ(json["insertion"][order]["probabilities"].size(), 5U);
    EXPECT_NEAR(json["deletion"][order]["probabilities"][0].get<double>(), json["probability"].get<double>(), 1e-6);
  }
  EXPECT_EQ(content(fs::path(results()) / "check.svg").rfind("<svg ", 0), 0U);
  const Outcome without_curves =
      run({"check", (shapes / "shapes.pt").string(), (shapes / "two_shapes.png").string(), "--random-steps", "0",
           "--pixel-steps", "0", "--quiet", "--output-dir", results()});
  EXPECT_EQ(without_curves.exit_code, 0) << without_curves.error;
  EXPECT_TRUE(without_curves.out.empty()) << without_curves.out;
  EXPECT_EQ(files(), std::set<std::string>{"check.json"}) << "an earlier picture would be taken for this check's";
}

TEST_F(Command, CheckTakesOneExample) {
  const Outcome several =
      run({"check", (shapes / "shapes.pt").string(), (shapes / "pictures").string(), "--output-dir", results()});
  expect_failure(several, 4, "takes one input");
}

TEST_F(Command, JsonIsPrintedOnRequestAndQuietPrintsNothing) {
  const Outcome json = explain(with(two_shapes, {"--json"}));
  EXPECT_EQ(json.exit_code, 0);
  EXPECT_EQ(nlohmann::json::parse(json.out), document());
  const Outcome quiet = explain(with(two_shapes, {"--quiet"}));
  EXPECT_EQ(quiet.exit_code, 0);
  EXPECT_TRUE(quiet.out.empty());
  EXPECT_TRUE(quiet.error.empty());
}

TEST_F(Command, TakesUnicodeAndSpacesInPaths) {
  const fs::path odd = folder_ / "bunte Bilder ☂";
  fs::create_directories(odd);
  fs::copy_file(shapes / "two_shapes.png", odd / "zwei Förmchen.png");
  fs::copy_file(shapes / "shapes.pt", odd / "Netz ✓.pt");
  EXPECT_EQ(explain({odd / "Netz ✓.pt", odd, "--method", "gradcam"}).exit_code, 0);
  EXPECT_EQ(files(),
            (std::set<std::string>{"zwei Förmchen-stage4-4-gradcam.png", "manifest.jsonl", "explanation.json"}));
}

TEST_F(Command, NumbersInputsThatShareAName) {
  fs::create_directories(folder_ / "other");
  fs::copy_file(shapes / "pictures/cross.png", folder_ / "other/two_shapes.png");
  EXPECT_EQ(explain(with(two_shapes, {folder_ / "other/two_shapes.png", "--method", "gradcam"})).exit_code, 0);
  EXPECT_EQ(files(),
            (std::set<std::string>{"two_shapes-stage4-ring-gradcam.png", "two_shapes-2-stage4-cross-gradcam.png",
                                   "manifest.jsonl", "explanation.json"}));
}

TEST_F(Command, ExplainsEachExampleOfAnArray) {
  torch::manual_seed(3);
  const torch::Tensor images = torch::randn({2, 3, 64, 64});
  const Tensor floats = picture::to_array(images);
  picture::write_npy(folder_ / "images.npy",  // float64, as NumPy writes where nothing else is asked for
                     picture::NpyArray{floats.shape, std::vector<double>(floats.values.begin(), floats.values.end())});
  ASSERT_EQ(explain({shapes / "shapes.pt", folder_ / "images.npy", "--target", "2", "--method", "guided-gradcam",
                     "--save-npy", "--interpolate", "nearest"})
                .exit_code,
            0);
  const torch::Tensor expected = GuidedGradCam(Model::load(shapes / "shapes.pt"), "stage4").attribute(images, 2);
  for (int example = 0; example < 2; ++example) {
    const auto array = picture::to_array(picture::read_npy(
        fs::path(results()) / ("images-" + std::to_string(example) + "-stage4-2-guided-gradcam.npy")));
    // float32 on the same machine; only the number of threads may differ
    expect_close(picture::to_tensor(array), expected.slice(0, example, example + 1), 1e-4, "example");
  }
}

TEST_F(Command, PassesOverABadInputAmongSeveral) {
  std::ofstream(folder_ / "bad.png") << "no picture";
  const Outcome outcome = explain(with(two_shapes, {folder_ / "bad.png", "--method", "gradcam"}));
  EXPECT_EQ(outcome.exit_code, 4);
  EXPECT_NE(outcome.error.find("bad.png"), std::string::npos);
  EXPECT_EQ(files().size(), 3u);
  EXPECT_EQ(document()["explanations"].size(), 1u);
  EXPECT_EQ(document()["skipped"][0]["input"], (folder_ / "bad.png").string());
}

TEST_F(Command, FilesNeverOverwriteEachOther) {
  for (const char* name : {"1/a.png", "2/a.png", "3/a-2.png"}) {
    fs::create_directories((folder_ / name).parent_path());
    fs::copy_file(shapes / "two_shapes.png", folder_ / name);
  }
  // "x-guided" by Grad-CAM would have the name of "x" by Guided Grad-CAM
  std::ofstream(folder_ / "labels.txt") << "x\nx-guided\nc\nd\ne\nf\n";
  const Outcome outcome =
      explain({shapes / "shapes.pt", folder_ / "1/a.png", folder_ / "2/a.png", folder_ / "3/a-2.png", "--labels",
               folder_ / "labels.txt", "--target", "0", "--target", "1"});
  EXPECT_EQ(outcome.exit_code, 0) << outcome.error;
  EXPECT_EQ(files().size(), 3u * 2 * 3 + 2);
  std::set<std::string> named;
  const auto json = document();
  for (const auto& entry : json["explanations"])
    for (const auto& file : entry["files"]) named.insert(file["picture"]);
  EXPECT_EQ(named.size(), 18u);
}

TEST_F(Command, ReadsLabelsOfAnyEncodingAndLineEnd) {
  std::ofstream(folder_ / "windows.txt") << "\xEF\xBB\xBF"
                                            "disc\r\nsquare\r\n\r\n\r\nr\xe9ng\r\n";
  const Outcome outcome = explain({shapes / "shapes.pt", shapes / "two_shapes.png", "--labels", folder_ / "windows.txt",
                                   "--target", "disc", "--target", "4"});
  EXPECT_EQ(outcome.exit_code, 0) << outcome.error;
  EXPECT_EQ(document()["explanations"].size(), 2u);
}

TEST_F(Command, WarnsOfLabelsThatAreNotTheNetworks) {
  std::ofstream(folder_ / "four.txt") << "disc\nsquare\ntriangle\nstar\n";
  const Outcome outcome = explain({shapes / "shapes.pt", shapes / "two_shapes.png", "--labels", folder_ / "four.txt"});
  EXPECT_EQ(outcome.exit_code, 0);
  EXPECT_NE(outcome.error.find("names 4 classes and the network has 6"), std::string::npos) << outcome.error;
  EXPECT_EQ(document()["warnings"].size(), 1u);
}

TEST_F(Command, RefusesAnUnknownEngineOfTheEnvironment) {
  setenv("WHYCAM_ENGINE", "fastest", 1);
  const Outcome outcome = explain({shapes / "shapes.pt", shapes / "two_shapes.png"});
  unsetenv("WHYCAM_ENGINE");
  expect_failure(outcome, 2, "fastest");
}

TEST_F(Command, AWrongLayerOrTargetEndsTheRunAtOnce) {
  const std::vector<std::string> three{shapes / "shapes.pt", shapes / "two_shapes.png", shapes / "pictures"};
  expect_failure(explain(with(three, {"--layer", "nope"})), 5, "nope");
  expect_failure(explain(with(three, {"--target", "77"})), 6, "77");
}

TEST_F(Command, TakesAnElementOfTheOutput) {
  const auto relu = scripted("def forward(self, x):\n    return torch.relu(x)\n");
  scripted(R"(
def forward(self, x):
    y = self.features.forward(x).mean([2, 3])
    return {"out": y, "aux": y * 2}, y * 3
)",
           {}, {{"features", relu}})
      .save(folder_ / "pair.pt");
  expect_failure(explain({folder_ / "pair.pt", shapes / "two_shapes.png", "--layer", "features"}), 8, "output element");
  for (const char* element : {"0.aux", "1"})
    EXPECT_EQ(
        explain({folder_ / "pair.pt", shapes / "two_shapes.png", "--layer", "features", "--output-element", element})
            .exit_code,
        0)
        << element;
}

TEST_F(Command, ExplainsGreyNetworks) {
  torch::jit::Module grey = scripted(R"(
def forward(self, x):
    features = torch.relu(torch.conv2d(x, self.weight))
    return features.mean([2, 3])
)",
                                     {{"weight", torch::ones({2, 1, 3, 3})}});
  grey.save(folder_ / "grey.pt");
  const Outcome colour = explain({folder_ / "grey.pt", shapes / "two_shapes.png", "--layer", "none"});
  expect_failure(colour, 5, "no submodules");
  EXPECT_EQ(explain({folder_ / "grey.pt", shapes / "two_shapes.png", "--mean", "0.5", "--std", "0.5"}).exit_code, 5);
}

class CommandReference : public Command, public testing::WithParamInterface<ReferenceCase> {};

TEST_P(CommandReference, GivesCaptumsNumbersFromArrayToArray) {
  const ReferenceCase& reference = GetParam();
  const auto tensors = reference.tensors();
  picture::write_npy(folder_ / "input.npy", picture::to_array(tensors.at("inputs.0")));
  const std::string layer = reference.row.at("layer"),
                    target = std::to_string(reference.row.at("target").at("index").get<int>());
  const Outcome outcome = explain({reference.network(), folder_ / "input.npy", "--layer", layer, "--target", target,
                                   "--interpolate", reference.row.at("interpolate_mode"), "--save-npy"});
  ASSERT_EQ(outcome.exit_code, 0) << outcome.error;
  for (const auto& [method, key] : {std::pair<std::string, std::string>{"guided-gradcam", "guided_grad_cam.0"},
                                    {"guided-backprop", "guided_backprop.0"}}) {
    const auto array = picture::to_array(
        picture::read_npy(fs::path(results()) / ("input-" + layer + "-" + target + "-" + method + ".npy")));
    expect_close(picture::to_tensor(array), tensors.at(key), reference.tolerance(), key);
  }
}

INSTANTIATE_TEST_SUITE_P(Real, CommandReference, testing::ValuesIn(reference_cases("real")),
                         [](const auto& info) { return info.param.name(); });
GTEST_ALLOW_UNINSTANTIATED_PARAMETERIZED_TEST(CommandReference);

}  // namespace
}  // namespace whycam::test
