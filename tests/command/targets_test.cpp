// What --target, --region, --box, --versus and --like explain.
#include <numeric>

#include "command/networks.h"
#include "explain/network_state.h"
#include "whycam/detection.h"
#include "whycam/network.h"
#include "whycam/picture/image.h"

namespace whycam::test {
namespace {

/// In every build.
Network graph_network(const std::string& file) { return Network(explain::open_graph(file)); }

class Targets : public InputsCommand {
 protected:
  /// What the library gives for a target.
  picture::Array expected(const std::string& file, const picture::Array& input, const Target& target,
                          const std::string& layer) const {
    Options options;
    options.methods = {Method::grad_cam};
    options.interpolation = Interpolation::bilinear;
    return graph_network(file).explain({input}, layer, {target}, options).targets[0].attributions(Method::grad_cam)[0];
  }

  /// The Grad-CAM of a run; its file's name holds `name`.
  picture::Array map_of(const std::vector<std::string>& arguments, const std::string& layer, const std::string& name) {
    fs::remove_all(results());
    const Outcome outcome = explain(with(arguments, {"--layer", layer, "--method", "gradcam", "--save-npy"}));
    EXPECT_EQ(outcome.exit_code, 0) << outcome.error;
    said_ = outcome.out;
    return result("x-" + layer + "-" + name + "-gradcam.npy");
  }

  std::string said_;
};

class DenseOutput : public Targets, public testing::WithParamInterface<bool> {
 protected:
  void SetUp() override {
    input_ = noise({1, 3, 20, 24});
    if (GetParam()) input_ = with_channels_last(input_);
    file_ = network({3, {3, 3}, GetParam(), {}, true});
    run_ = {file_, array(input_)};
  }

  /// Class 3's Grad-CAM of a run, beside the library's.
  void expect_map(const std::vector<std::string>& arguments, const std::string& name, const Target& target) {
    expect_near(map_of(with(run_, arguments), "first", name), expected(file_, input_, target, "first"));
  }

  picture::Array input_;
  std::string file_;
  std::vector<std::string> run_;
};

TEST_P(DenseOutput, IsExplainedOverARegion) {
  expect_map({"--target", "3", "--region", "all"}, "3", Target(3).over(Region::all()));
  EXPECT_NE(said_.find("output 3 over all = "), std::string::npos) << said_;
  expect_map({"--target", "against:3", "--region", "all"}, "3-against", Target(3).over(Region::all()).negated());
  expect_map({"--target", "3", "--versus", "1", "--region", "all"}, "3-versus-1",
             Target(3).minus(1).over(Region::all()));
  EXPECT_EQ(nlohmann::json::parse(content(fs::path(results()) / "manifest.jsonl"))["explained"],
            "3 over all - 1 over all");
}

TEST_P(DenseOutput, HasTheClassThatWinsMostPlacesForItsBest) {
  const Tensor output = graph_network(file_).explain({input_}, "first", std::vector<Target>{}).output;
  std::vector<int> wins(5, 0);
  const std::size_t places = output.values.size() / 5;
  for (std::size_t place = 0; place < places; ++place) {
    std::size_t best = 0;
    const auto score = [&](std::size_t c) { return output.values[GetParam() ? place * 5 + c : c * places + place]; };
    for (std::size_t c = 1; c < 5; ++c)
      if (score(c) > score(best)) best = c;
    ++wins[best];
  }
  const auto best = std::max_element(wins.begin(), wins.end()) - wins.begin();
  expect_map({"--target", "top1"}, std::to_string(best), Target(best).over(Region::predicted()));
  EXPECT_NE(said_.find("over predicted = "), std::string::npos) << said_;
}

TEST_P(DenseOutput, IsExplainedOverAMask) {
  picture::Array of_output{{10, 12}, std::vector<float>(120, 0.0F)}, of_input{{20, 24}, std::vector<float>(480, 0.0F)};
  for (std::size_t y = 2; y < 5; ++y)
    for (std::size_t x = 3; x < 9; ++x) {
      of_output.values[y * 12 + x] = 1;
      for (const std::size_t dy : {0, 1})
        for (const std::size_t dx : {0, 1}) of_input.values[(2 * y + dy) * 24 + 2 * x + dx] = 1;
    }
  const Target target = Target(2).over(Region::mask(of_output));
  expect_map({"--target", "2", "--region", array(of_output, "mask.npy")}, "2", target);
  expect_map({"--target", "2", "--region", array(of_input, "mask.npy")}, "2", target);
  picture::Image drawn{20, 24, 1, {}};
  for (const float value : of_input.values) drawn.pixels.push_back(value > 0 ? 7 : 0);
  picture::write_image(folder_ / "mask.png", drawn);
  expect_map({"--target", "2", "--region", folder_ / "mask.png"}, "2", target);
  fs::remove_all(results());
  expect_failure(
      explain(with(run_, {"--layer", "first", "--target", "2", "--region", array(noise({5, 5}), "mask.npy")})), 4,
      "is of 5 x 5; it is to have the input's 20 x 24 or the output's 10 x 12");
}

TEST_P(DenseOutput, AsksForARegion) {
  expect_failure(explain(with(run_, {"--layer", "first", "--target", "3"})), 6, "--region all, predicted or MASK");
}

INSTANTIATE_TEST_SUITE_P(Orders, DenseOutput, testing::Bool(),
                         [](const auto& info) { return info.param ? "ClassesLast" : "ClassesFirst"; });

TEST_F(Targets, InAPictureAreMaskedInItsPixels) {
  picture::Image photo{60, 91, 3, {}}, mask{60, 91, 3, std::vector<std::uint8_t>(60 * 91 * 3, 0)};
  for (const float level : noise({60, 91, 3}).values)
    photo.pixels.push_back(static_cast<std::uint8_t>(128 + 100 * level));
  for (std::size_t i = 0; i < std::size_t{60} * 91 * 3; ++i)
    mask.pixels[i] = i / 3 % 91 < 45 ? 255 : 0;  // the left half
  picture::write_image(folder_ / "x.png", photo);
  picture::write_image(folder_ / "mask.png", mask);
  const std::string file = network({3, {3, 3}, false, {}, true});
  const std::vector<std::string> on_picture{file, folder_ / "x.png", "--size", "32", "--crop", "24", "--target", "3"};
  const picture::Array of_picture = map_of(with(on_picture, {"--region", folder_ / "mask.png"}), "first", "3");
  // The network sees the middle 24 of 48 columns, the left half of which are the picture's columns before 45.5.
  picture::Array half{{12, 12}, {}};
  for (int i = 0; i < 144; ++i) half.values.push_back(i % 12 < 6 ? 1.0F : 0.0F);
  expect_near(of_picture, map_of(with(on_picture, {"--region", array(half, "half.npy")}), "first", "3"));
  fs::remove_all(results());
  picture::write_image(folder_ / "other.png", photo);
  expect_failure(explain(with(on_picture, {folder_ / "other.png", "--region", folder_ / "mask.png"})), 2,
                 "a mask belongs to one picture");
}

TEST_F(Targets, OfClassesAreComparedAndNegated) {
  const picture::Array input = noise({1, 3, 20, 24});
  const std::string file = network({3, {3, 3}, false, {}});
  const std::vector<std::string> run{file, array(input)};
  expect_near(map_of(with(run, {"--target", "against:2"}), "first", "2-against"),
              expected(file, input, Target(2).negated(), "first"));
  expect_near(map_of(with(run, {"--target", "2", "--versus", "4"}), "first", "2-versus-4"),
              expected(file, input, Target(2).minus(4), "first"));
  ASSERT_EQ(explain(with(run, {"--layer", "first", "--target", "2", "--target", "against:2"})).exit_code, 0);
  const auto lines = content(fs::path(results()) / "manifest.jsonl");
  EXPECT_EQ(std::count(lines.begin(), lines.end(), '\n'), 2) << "one does not stand for the other";
  fs::remove_all(results());
  expect_failure(explain(with(run, {"--layer", "first", "--target", "2", "--region", "all"})), 6, "2 dimensions");
  expect_failure(explain(with(run, {"--layer", "first", "--versus", "top1"})), 2, "--versus");
}

TEST_F(Targets, ThatMakeNoSenseAreRefused) {
  const std::vector<std::string> run{network({3, {3, 3}, false, {}}), array(noise({1, 3, 20, 24})), "--layer", "first"};
  expect_failure(explain(with(run, {"--target", "3", "--versus", "3"})), 6, "compared with itself");
  expect_failure(explain(with(run, {"--target", "against:against:3"})), 6, "against: stands once");
  expect_failure(explain(with(run, {"--like", folder_})), 4, "is a folder");
  for (const auto& [option, value] :
       std::vector<std::pair<std::string, std::string>>{{"--region", ""},
                                                        {"--versus", ""},
                                                        {"--like", ""},
                                                        {"--output-element", ""},
                                                        {"--seed", "-1"},
                                                        {"--seed", "010"},
                                                        {"--seed", "99999999999999999999"},
                                                        {"--noise", "0"},
                                                        {"--noise", "nan"},
                                                        {"--baseline", "inf"}})
    expect_failure(explain(with(run, {option, value})), 2, option);
}

TEST_F(Targets, OfEmbeddingsAreSimilarities) {
  const picture::Array input = noise({1, 3, 20, 24});
  picture::Array other = input;
  std::reverse(other.values.begin(), other.values.end());
  const std::string file = network({3, {3, 3}, false, {}});
  const Tensor reference = graph_network(file).explain({other}, "first", std::vector<Target>{}).output;
  const picture::Array map = expected(file, input, Target::similarity(reference), "first");
  const std::vector<std::string> run{file, array(input)};
  expect_near(map_of(with(run, {"--like", array(other, "other.npy")}), "first", "output"), map);
  EXPECT_NE(said_.find("output similarity = "), std::string::npos) << said_;
  expect_near(map_of(with(run, {"--like", array(reference, "reference.npy")}), "first", "output"), map);
  expect_near(map_of(with(run, {"--like", array({{5}, reference.values}, "flat.npy")}), "first", "output"), map);
  fs::remove_all(results());
  expect_failure(explain(with(run, {"--like", folder_ / "other.npy", "--target", "2"})), 2, "--like");
}

class Boxes : public Targets {
 protected:
  void SetUp() override {
    file_ = detector();
    input_ = noise({1, 3, 20, 24});
  }
  std::string detector() const {
    SmallNetwork small;
    small.detector = true;
    return network(small);
  }
  nlohmann::json line() const { return nlohmann::json::parse(content(fs::path(results()) / "manifest.jsonl")); }

  std::string file_;
  picture::Array input_;
};

TEST_F(Boxes, AreExplainedByTheRowThatOverlapsMost) {
  const Tensor output = graph_network(file_).explain({input_}, "first", std::vector<Target>{}).output;
  ASSERT_EQ(output.shape, (Shape{1, 7, 120}));
  const picture::Rectangle box{2, 3, 14, 9};
  const Detection found = find_detections(output, box, 24, 20).at(0);
  const std::vector<std::string> run{file_, array(input_), "--box", "2,3,14,9"};
  const std::string row = "row" + std::to_string(found.row), best = std::to_string(found.class_index);
  expect_near(map_of(run, "first", best + "-" + row),
              expected(file_, input_, Target::at({4 + found.class_index, found.row}), "first"));
  EXPECT_NE(said_.find("row " + std::to_string(found.row) + " of 120 overlaps the box by "), std::string::npos)
      << said_;
  EXPECT_EQ(line()["class"], found.class_index);
  EXPECT_EQ(line()["detection"]["row"], found.row);
  EXPECT_NEAR(line()["detection"]["overlap"].get<double>(), found.overlap, 1e-12);
  EXPECT_NEAR(line()["score"].get<double>(), found.score, 1e-6 * std::abs(found.score));
  EXPECT_TRUE(fs::exists(fs::path(results()) / line()["explained_picture"].get<std::string>()));
  expect_near(map_of(with(run, {"--target", "1", "--versus", "2"}), "first", "1-" + row + "-versus-2"),
              expected(file_, input_, Target::at({5, found.row}).minus(Target::at({6, found.row})), "first"));
}

TEST_F(Boxes, AreInTheOriginalPicturesPixels) {
  picture::Image photo{60, 91, 3, {}};
  for (const float level : noise({60, 91, 3}).values)
    photo.pixels.push_back(static_cast<std::uint8_t>(128 + 100 * level));
  picture::write_image(folder_ / "x.png", photo);
  const std::vector<std::string> run{file_,     folder_ / "x.png", "--size",   "32",      "--crop",    "24",
                                     "--layer", "first",           "--method", "gradcam", "--save-npy"};
  ASSERT_EQ(explain(with(run, {"--box", "30,20,20,15"})).exit_code, 0);
  const nlohmann::json found = line()["detection"];
  // 60 x 91 pixels become 32 x 48, of which the network sees the middle 24 x 24: from row 4 and column 12 on.
  const double x = 48.0 / 91, y = 32.0 / 60;
  const picture::Rectangle seen{30 * x - 12, 20 * y - 4, 20 * x, 15 * y};
  EXPECT_NEAR(found["asked"]["left"].get<double>(), 30, 1e-9);
  EXPECT_NEAR(found["asked"]["height"].get<double>(), 15, 1e-9);
  const auto of_row = [&](const char* side) { return found["box"][side].get<double>(); };
  const picture::Rectangle row{of_row("left") * x - 12, of_row("top") * y - 4, of_row("width") * x,
                               of_row("height") * y};
  EXPECT_NEAR(overlap(row, seen), found["overlap"].get<double>(), 1e-6);
  fs::remove_all(results());
  expect_failure(explain(with(run, {"--box", "0,0,5,5"})), 4, "outside of what the network sees");
  expect_failure(explain(with(run, {"--box", "1,2,3"})), 2, "--box takes");
  expect_failure(explain(with(run, {"--box", "1,2,3,0"})), 2, "--box takes");
  expect_failure(explain(with(run, {"--box", "1,2,3,4", "--box-format", "yolo"})), 2, "--box-format");
  expect_failure(explain(with(run, {"--box-format", "pixels"})), 2, "--box-format");
  expect_failure(explain(with(run, {"--box", "1,2,30,30", "--region", "all"})), 2, "--box");
  picture::write_image(folder_ / "other.png", photo);
  expect_failure(explain(with(run, {folder_ / "other.png", "--box", "30,20,20,15"})), 2,
                 "a box belongs to one picture");
}

TEST_F(Boxes, AreRefusedWhereTheOutputIsNoDetectors) {
  expect_failure(explain({network({3, {3, 3}, false, {}}), array(input_), "--layer", "first", "--box", "1,1,9,9"}), 6,
                 "is no detector's");
  std::ofstream(folder_ / "labels.txt") << "a\nb\n";
  expect_failure(
      explain({detector(), array(input_), "--layer", "first", "--box", "1,1,9,9", "--labels", folder_ / "labels.txt"}),
      6, "one more than the classes");
}

}  // namespace
}  // namespace whycam::test
