// Runs over many pictures: batches, bad pictures, names, what is drawn.
#include <cstdio>

#include "support/pictures_command.h"
#include "support/reference.h"
#include "support/scripted.h"
#include "whycam/picture/image.h"
#include "whycam/picture/npy.h"
#include "whycam/picture/tensor.h"

namespace whycam::test {
namespace {

class CommandFolder : public PicturesCommand {
 protected:
  /// A run of a network that standardises each picture itself: one that is all 0 becomes NaN.
  std::vector<std::string> standardising(const std::vector<std::string>& more = {}) const {
    const fs::path network = folder_ / "standardising.pt";
    const auto relu = scripted("def forward(self, x):\n    return torch.relu(x)\n");
    if (!fs::exists(network))  // no two files of the same network are alike
      scripted(R"(
def forward(self, x):
    x = x - x.mean([2, 3], keepdim=True)
    return self.features.forward(x / x.pow(2).mean([2, 3], keepdim=True).sqrt()).mean([2, 3])
)",
               {}, {{"features", relu}})
          .save(network);
    return with({"explain", network, pictures_, "--size", "64", "--mean", "0,0,0", "--std", "1,1,1", "--layer",
                 "features", "--output-dir", results()},
                more);
  }
};

TEST_F(CommandFolder, ShortensNamesThatWouldBeTooLong) {
  add_pictures(1);
  std::string name = "x";
  while (name.size() < 243) name += "ü";
  for (const char* end : {"a.png", "b.png"}) fs::copy(pictures_ / "picture1000.png", pictures_ / (name + end));
  const std::vector<std::string> options{"--save-npy", "--contact-sheet"};
  ASSERT_EQ(run(into(results(), options)).exit_code, 0);
  const auto json = document();
  std::set<std::string> named{"manifest.jsonl", "explanation.json"};
  std::size_t maps = 0;
  for (const auto& line : json["explanations"]) {
    named.insert(line["contact_sheet"]);
    for (const auto& of_method : line["files"])
      for (const auto& file : of_method) maps += named.insert(file).second;
  }
  EXPECT_EQ(maps, json["explanations"].size() * 3 * 2) << "each has a name of its own";
  EXPECT_EQ(named, files());
  for (const std::string& file : files()) EXPECT_NO_THROW(nlohmann::json(file).dump()) << "letters are whole";
  EXPECT_TRUE(files().count("picture1000-stage4-star-gradcam.png")) << "a short one stays";
  ASSERT_EQ(run(into(results(), with(options, {"--resume"}))).exit_code, 0);
  EXPECT_EQ(named, files());
}

TEST_F(CommandFolder, BatchesGiveWhatPicturesGiveAlone) {
  add_pictures(5);
  std::ofstream(pictures_ / "picture1002.png") << "no picture";
  const std::vector<std::string> arrays{"--save-npy", "--method", "guided-gradcam"};
  EXPECT_EQ(run(into(folder_ / "alone", arrays)).exit_code, 4);
  EXPECT_EQ(run(into(folder_ / "batches", with(arrays, {"--batch-size", "4"}))).exit_code, 4);
  int compared = 0;
  for (const auto& entry : fs::directory_iterator(folder_ / "alone")) {
    if (entry.path().extension() != ".npy") continue;
    const auto alone = picture::to_tensor(picture::to_array(picture::read_npy(entry.path())));
    const auto batch =
        picture::to_tensor(picture::to_array(picture::read_npy(folder_ / "batches" / entry.path().filename())));
    // float32 rounding: another batch size takes other blocks of the same sums
    expect_close(batch, alone, 1e-3, entry.path().filename());
    ++compared;
  }
  EXPECT_GE(compared, 4 * 2);
}

TEST_F(CommandFolder, FillsBatchesWithWhatTheNetworkKnows) {
  add_pictures(3);
  std::ofstream(pictures_ / "picture1000.png") << "no picture";
  for (const char* target : {"top1", "1"}) {
    const Outcome outcome = run(standardising({"--batch-size", "2", "--target", target}));
    EXPECT_EQ(outcome.exit_code, 4) << outcome.error;
    EXPECT_EQ(outcome.error.find("NaN"), std::string::npos) << outcome.error;
    EXPECT_EQ(document()["explanations"].size(), 2u);
    const auto explained = document();
    for (const auto& warning : explained["warnings"])
      EXPECT_EQ(warning.get<std::string>().find("NaN"), std::string::npos) << warning;
  }
}

TEST_F(CommandFolder, PassesOverAPictureOfWhichTheNetworkMakesNaN) {
  add_pictures(4);
  picture::write_image(pictures_ / "picture1001x.png", {48, 48, 3, std::vector<std::uint8_t>(48 * 48 * 3)});
  for (const std::vector<std::string>& options :
       {std::vector<std::string>{}, {"--batch-size", "4"}, {"--batch-size", "4", "--resume"}}) {
    const Outcome outcome = run(standardising(options));
    EXPECT_EQ(outcome.exit_code, 8) << outcome.error;
    EXPECT_EQ(document()["explanations"].size(), 4u);
    const auto skipped = document()["skipped"];
    ASSERT_EQ(skipped.size(), 1u);
    EXPECT_EQ(skipped[0]["input"], (pictures_ / "picture1001x.png").string());
    EXPECT_NE(skipped[0]["skipped"].get<std::string>().find("NaN"), std::string::npos);
  }
  remove_folder(results());
  for (const char* target : {"top9", "3"})
    expect_failure(run(standardising({"--target", target})), 6,
                   target == std::string("3") ? "from 0 to 2" : "3 classes");
}

TEST_F(CommandFolder, WritesALineForEachPictureAndClass) {
  add_pictures(2);
  std::ofstream(pictures_ / "picture1000x.png") << "no picture";
  EXPECT_EQ(run(into(results())).exit_code, 4);
  const std::vector<nlohmann::json> lines = manifest();
  std::size_t skipped = 0;
  for (const auto& line : lines) {
    skipped += line.contains("skipped");
    if (line.contains("skipped")) continue;
    EXPECT_TRUE(files().count(line["files"]["gradcam"]["picture"]));
  }
  EXPECT_EQ(skipped, 1u);
  EXPECT_EQ(lines[0]["input"], (pictures_ / "picture1000.png").string());
  EXPECT_EQ(lines.back()["input"], (pictures_ / "picture1001.png").string());
  EXPECT_EQ(lines.back()["line"], lines.back()["lines"]);
}

TEST_F(CommandFolder, ShowsProgressInPlainLinesWhereThereIsNoTerminal) {
  add_pictures(12);
  auto arguments = into(results());
  arguments.erase(std::find(arguments.begin(), arguments.end(), "--quiet"));
  const Outcome outcome = run(arguments);
  EXPECT_EQ(outcome.exit_code, 0);
  EXPECT_EQ(outcome.error.find('\r'), std::string::npos);
  EXPECT_EQ(outcome.out.find("softmax"), std::string::npos) << "no tables for many pictures";
  EXPECT_NE(outcome.out.find("% of them in the network"), std::string::npos) << outcome.out;
}

TEST_F(CommandFolder, DrawsAsAsked) {
  add_pictures(1);
  std::set<std::string> pictures;
  const std::vector<std::vector<std::string>> ways{{"--cmap", "viridis"},  {"--alpha", "0.9"},
                                                   {"--sign", "positive"}, {"--sign", "absolute"},
                                                   {"--percentile", "90"}, {}};
  for (const auto& options : ways) {
    ASSERT_EQ(run(into(results(), options)).exit_code, 0);
    pictures.insert(content(fs::path(results()) / "picture1000-stage4-star-gradcam.png") +
                    content(fs::path(results()) / "picture1000-stage4-star-guided-gradcam.png"));
    if (!options.empty()) {
      EXPECT_NE(document()["scaling"].dump().find(options[1]), std::string::npos) << options[1];
    }
  }
  EXPECT_EQ(pictures.size(), ways.size());
  for (const auto& [option, value] : {std::pair<const char*, const char*>{"--cmap", "rainbow"},
                                      {"--alpha", "1.5"},
                                      {"--sign", "up"},
                                      {"--percentile", "0"}})
    EXPECT_EQ(run(into(results(), {option, value})).exit_code, 2) << option;
}

TEST_F(CommandFolder, SetsAllMapsOfAPictureSideBySide) {
  add_pictures(2);
  ASSERT_EQ(run(into(results(), {"--contact-sheet"})).exit_code, 0);
  const std::string name = "picture1001-stage4-contact-sheet.svg";
  std::size_t classes = 0;
  const auto json = document();  // a temporary would end before the loop does
  for (const auto& line : json["explanations"]) {
    EXPECT_TRUE(files().count(line["contact_sheet"]));
    classes += line["contact_sheet"] == name;
  }
  EXPECT_GE(classes, 2U);
  EXPECT_EQ(count_of(content(fs::path(results()) / name), "<image "), classes * 4) << "one row per class";
}

/// What a browser makes of a page: its text after the scripts have run.
std::string seen_by_browser(const std::string& address) {
  const std::string browser =
      "timeout 120 chromium --headless --no-sandbox --disable-gpu --virtual-time-budget=20000 --dump-dom '";
  FILE* output = popen((browser + address + "' 2>/dev/null").c_str(), "r");
  std::string text;
  char part[4096];
  for (std::size_t count; (count = fread(part, 1, sizeof part, output)) > 0;) text.append(part, count);
  pclose(output);
  return text;
}

TEST_F(CommandFolder, ReportsARunAsOnePageThatCanBeSearched) {
  if (std::system("chromium --version >/dev/null 2>&1") != 0) GTEST_SKIP() << "no chromium";
  add_pictures(3);
  std::ofstream(pictures_ / "picture1000x.png") << "no picture";
  std::ofstream(folder_ / "labels.txt") << "disc\n</script><b>\ntriangle\nstar\nring\ncross\n";
  const std::vector<std::string> arguments{"explain",
                                           shapes / "shapes.pt",
                                           pictures_,
                                           "--labels",
                                           folder_ / "labels.txt",
                                           "--target",
                                           "star",
                                           "--target",
                                           "1",
                                           "--size",
                                           "64",
                                           "--quiet",
                                           "--report",
                                           "--output-dir",
                                           results()};
  ASSERT_EQ(run(arguments).exit_code, 4);
  fs::rename(fs::path(results()) / "report.html", folder_ / "report.html");
  remove_folder(results());
  const std::string address = "file://" + (folder_ / "report.html").string();
  const std::string all = seen_by_browser(address);
  EXPECT_EQ(count_of(all, "<article"), 4u);
  EXPECT_EQ(count_of(all, "<figure>"), 3u * 2 * 4)
      << "the picture and three maps for each class, all inside of the page";
  EXPECT_EQ(count_of(all, "src=\"data:image/jpeg;base64,"), 3u * 2 * 4);
  EXPECT_NE(all.find("&lt;/script&gt;&lt;b&gt;: softmax probability"), std::string::npos)
      << "labels are text, whatever they hold";
  EXPECT_NE(all.find(">4 of 4<"), std::string::npos);
  EXPECT_EQ(count_of(seen_by_browser(address + "#search=1002"), "<article"), 1u);
  EXPECT_EQ(count_of(seen_by_browser(address + "#class=star"), "<figure>"), 3u * 4);
  EXPECT_EQ(count_of(seen_by_browser(address + "#least=1.1"), "<article"), 0u);
  EXPECT_EQ(count_of(seen_by_browser(address + "#skipped=1"), "<article"), 1u);
}

}  // namespace
}  // namespace whycam::test
