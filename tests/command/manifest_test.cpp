// What an earlier run has left, changed by somebody: nothing of it is believed unread, and what was damaged is done
// again.
#include <sys/stat.h>
#include <unistd.h>

#include "command/networks.h"
#include "support/pictures_command.h"
#include "whycam/picture/image.h"

namespace whycam::test {
namespace {

using Json = nlohmann::ordered_json;

class ManifestFile : public PicturesCommand {
 protected:
  ManifestFile() {
    add_pictures(3);
    SmallNetwork{}.save(network_);
  }

  Outcome explained(const std::vector<std::string>& more = {}) {
    return run(with({"explain", network_, pictures_, "--layer", "second", "--target", "1", "--target", "2", "--method",
                     "gradcam", "--size", "16", "--output-dir", results()},
                    more));
  }

  fs::path manifest_file() const { return fs::path(results()) / "manifest.jsonl"; }
  fs::path map_of(int picture) const {
    return fs::path(results()) / ("picture" + std::to_string(1000 + picture) + "-second-1-gradcam.png");
  }
  std::vector<std::string> lines() const {
    std::vector<std::string> all;
    std::ifstream file(manifest_file());
    for (std::string text; std::getline(file, text);) all.push_back(text);
    return all;
  }
  void put_lines(const std::vector<std::string>& lines) const {
    std::ofstream file(manifest_file(), std::ios::binary);
    for (const std::string& line : lines) file << line << "\n";
  }

  /// Replaces the first line, which is of the first picture, and goes on: the picture is done again, the others are
  /// not.
  void expect_done_again(const std::string& line, const std::string& words) {
    SCOPED_TRACE(line.substr(0, 200));
    remove_folder(results());
    ASSERT_EQ(explained().exit_code, 0);
    const std::vector<std::string> before = lines();
    const std::string map = content(map_of(0));
    std::vector<std::string> changed = before;
    changed[0] = line;
    put_lines(changed);
    std::ofstream(map_of(0)) << "changed, too";
    std::ofstream(map_of(1)) << "finished";
    const Outcome outcome = explained({"--resume", "--report"});
    EXPECT_EQ(outcome.exit_code, 0) << outcome.error;
    EXPECT_NE(outcome.error.find(words), std::string::npos) << outcome.error;
    EXPECT_NE(outcome.error.find("manifest.jsonl is damaged"), std::string::npos) << outcome.error;
    EXPECT_EQ(lines(), before);
    EXPECT_EQ(content(map_of(0)), map);
    EXPECT_EQ(content(map_of(1)), "finished");
  }

  /// The first line with another value in the place of one of its own.
  std::string changed(const std::string& pointer, const Json& value) const {
    Json line = Json::parse(lines().at(0));
    line[Json::json_pointer(pointer)] = value;
    return line.dump();
  }

  std::string network_ = folder_ / "network.onnx";
};

TEST_F(ManifestFile, DamagedLinesAreSaidAndDoneAgain) {
  ASSERT_EQ(explained().exit_code, 0);
  const std::string sound = lines().at(0);
  Json without = Json::parse(sound);
  without.erase("files");
  for (const auto& [line, words] : std::vector<std::pair<std::string, std::string>>{
           {"no JSON", "no JSON"},
           {"[]", "no JSON object"},
           {"{\"input\": 1}", "\"input\" is to be a path"},
           {"{\"input\": \"a\", \"skipped\": []}", "\"skipped\" is to be text"},
           {without.dump(), "it has no \"files\""},
           {changed("/input", std::string("a\0b", 3)), "\"input\" is to be a path"},
           {changed("/example", 1e15), "\"example\" is to be a whole number"},
           {changed("/example", 1000000000000000), "it does not follow"},
           {changed("/example", -1), "\"example\" is to be a whole number"},
           {changed("/class", "one"), "\"class\" is to be"},
           {changed("/class", {1, "2"}), "\"class\" is to be"},
           {changed("/label", 3), "\"label\" is to be"},
           {changed("/score", nullptr), "\"score\" is to be a number"},
           {changed("/softmax_probability", "half"), "\"softmax_probability\" is to be"},
           {changed("/warnings", {1}), "\"warnings\" is to be a list of texts"},
           {changed("/files", {"gradcam"}), "\"files\" is to be"},
           {changed("/files/gradcam", "picture.png"), "\"files\" is to be"},
           {changed("/files/gradcam/picture", 1), "\"files\" is to be"},
           {changed("/files/gradcam/picture", "manifest.jsonl"), "\"files\" is to be"},
           {changed("/also", {{"name", "x"}}), "\"also\" is to be"},
           {changed("/also/0", {{"name", "x"}}), "in \"also\", it has no \"input\""},
           {changed("/line", 0), "\"line\" is to be from 1"},
           {changed("/lines", 7), "it does not follow"},
       })
    expect_done_again(line, words);
}

TEST_F(ManifestFile, LinesNestedDeepAreRefusedBeforeTheyAreFollowed) {
  const std::string deep = "{\"input\": " + std::string(400000, '[') + std::string(400000, ']') + "}";
  expect_done_again(deep, "nested too deep");
  std::string objects = "{\"input\": \"x\"";
  for (int i = 0; i < 50000; ++i) objects += ", \"a\": {\"b\": \"[\\\"[\"";
  expect_done_again(objects + std::string(50001, '}'), "nested too deep");
}

TEST_F(ManifestFile, LongLinesAreNotReadWhole) {
  expect_done_again("{\"input\": \"" + std::string(3 << 20, 'x') + "\"}", "too long");
}

TEST_F(ManifestFile, ThatIsCutOffInTheMiddleIsNoDamage) {
  ASSERT_EQ(explained().exit_code, 0);
  const std::string whole = content(manifest_file());
  std::ofstream(manifest_file(), std::ios::binary) << whole.substr(0, whole.size() - 40);
  const Outcome outcome = explained({"--resume"});
  EXPECT_EQ(outcome.exit_code, 0) << outcome.error;
  EXPECT_EQ(outcome.error, "");
  EXPECT_EQ(content(manifest_file()), whole);
}

TEST_F(ManifestFile, NamesNoFileOutsideOfTheFolder) {
  picture::write_image(folder_ / "secret.png", {8, 8, 1, std::vector<std::uint8_t>(64, 200)});
  ASSERT_EQ(explained().exit_code, 0);
  for (const std::string& name :
       {std::string("../secret.png"), (folder_ / "secret.png").string(), std::string("../results/../secret.png")})
    expect_done_again(changed("/files/gradcam/picture", name), "\"files\" is to be");
  EXPECT_TRUE(fs::exists(folder_ / "secret.png"));
}

TEST_F(ManifestFile, FollowsNoLinkOutOfTheFolder) {
  picture::write_image(folder_ / "secret.png", {8, 8, 1, std::vector<std::uint8_t>(64, 200)});
  ASSERT_EQ(explained().exit_code, 0);
  const std::string map = content(map_of(0)), secret = content(folder_ / "secret.png");
  fs::remove(map_of(0));
  fs::create_symlink(folder_ / "secret.png", map_of(0));
  ASSERT_EQ(explained({"--resume", "--report"}).exit_code, 0);
  EXPECT_EQ(content(map_of(0)), map) << "made again";
  EXPECT_FALSE(fs::is_symlink(map_of(0)));
  EXPECT_EQ(content(folder_ / "secret.png"), secret);
}

TEST_F(ManifestFile, IsNotWrittenThroughALink) {
  fs::create_directories(results());
  std::ofstream(folder_ / "diary") << "dear diary\n";
  fs::create_symlink(folder_ / "diary", manifest_file());
  EXPECT_EQ(explained().exit_code, 0);
  EXPECT_EQ(content(folder_ / "diary"), "dear diary\n");
  EXPECT_FALSE(fs::is_symlink(manifest_file()));
  EXPECT_EQ(lines().size(), 6u);
}

TEST_F(ManifestFile, ThatIsAPipeOrAFolderIsRefused) {
  for (const bool pipe : {true, false})
    for (const std::vector<std::string>& more : {std::vector<std::string>{}, {"--resume"}}) {
      ASSERT_EQ(explained().exit_code, 0);
      fs::remove(manifest_file());
      if (pipe)
        ASSERT_EQ(mkfifo(manifest_file().c_str(), 0600), 0);
      else
        fs::create_directory(manifest_file());
      const Outcome outcome = explained(more);
      EXPECT_EQ(outcome.exit_code, 7) << outcome.error;
      EXPECT_NE(outcome.error.find("something that is not a regular file has that name"), std::string::npos)
          << outcome.error;
      remove_folder(results());
    }
}

TEST_F(ManifestFile, InputsThatBecamePipesAreSkipped) {
  ASSERT_EQ(explained().exit_code, 0);
  fs::remove(pictures_ / "picture1001.png");
  ASSERT_EQ(mkfifo((pictures_ / "picture1001.png").c_str(), 0600), 0);
  const Outcome outcome = explained({"--resume", "--report"});
  EXPECT_EQ(outcome.exit_code, 4);
  EXPECT_NE(outcome.error.find("not a regular file"), std::string::npos) << outcome.error;
}

TEST_F(ManifestFile, TheRecordIsReadWithTheSameCare) {
  const fs::path record = fs::path(results()) / "explanation.json";
  for (const std::string& damaged : {std::string("{"), std::string("[1]"), std::string(500000, '['),
                                     "{\"layer\": " + std::string(500000, '[') + std::string(500000, ']') + "}"}) {
    ASSERT_EQ(explained().exit_code, 0);
    std::ofstream(record) << damaged;
    const Outcome outcome = explained({"--resume"});
    EXPECT_EQ(outcome.exit_code, 0) << outcome.error;
    EXPECT_NE(outcome.error.find("explanation.json\" is damaged"), std::string::npos) << outcome.error;
    EXPECT_TRUE(document()["finished"]);
  }
  for (const char* name : {"warnings", "layer", "methods"}) {
    Json json = Json::parse(content(record));
    json[name] = {{"a", 1}};
    std::ofstream(record) << json.dump();
    const Outcome outcome = explained({"--resume"});
    EXPECT_EQ(outcome.exit_code, name == std::string("warnings") ? 0 : 2) << outcome.error;
    remove_folder(results());
    ASSERT_EQ(explained().exit_code, 0);
  }
}

TEST_F(ManifestFile, AReportSaysWhichMapsCannotBeRead) {
  ASSERT_EQ(explained().exit_code, 0);
  std::ofstream(map_of(1)) << "no picture";
  EXPECT_EQ(explained({"--resume", "--report"}).exit_code, 0);
  const std::string page = content(fs::path(results()) / "report.html");
  EXPECT_EQ(count_of(page, "\"maps\":{\"gradcam\":null}"), 1u);
  EXPECT_EQ(count_of(page, "\"maps\":{\"gradcam\":\"data:"), 5u);
}

class NumbersThatJsonHasNot : public ManifestFile {
 protected:
  /// Explains an array with one pixel of which the second convolution's sums overflow.
  Outcome explained_all(const std::vector<std::string>& more = {}) {
    picture::Array x{{1, 3, 16, 16}, std::vector<float>(3 * 256, 0)};
    x.values[256 + 5 * 16 + 5] = 3e38F;
    picture::write_npy(folder_ / "x.npy", x);
    const Outcome outcome =
        run(with({"explain", network_, folder_ / "x.npy", "--layer", "second", "--target", "0", "--target", "1",
                  "--target", "2", "--target", "3", "--target", "4", "--report", "--output-dir", results()},
                 more));
    EXPECT_EQ(outcome.exit_code, 0) << outcome.error;
    return outcome;
  }
};

TEST_F(NumbersThatJsonHasNot, AreTextsAndAreReadAsThem) {
  explained_all();
  int texts = 0;
  for (const std::string& text : lines()) {
    const Json line = Json::parse(text), score = line["score"];
    EXPECT_FALSE(score.is_null());
    texts += score == "NaN" || score == "Infinity" || score == "-Infinity";
    EXPECT_EQ(line["softmax_probability"], "NaN") << text;
  }
  EXPECT_GT(texts, 0);
  const std::string whole = content(manifest_file());
  EXPECT_EQ(explained_all({"--resume"}).error.find("damaged"), std::string::npos);
  EXPECT_EQ(content(manifest_file()), whole);
}

/// The page's script runs on a document of its own, as far as node has one: text and children.
TEST_F(NumbersThatJsonHasNot, DoNotEndTheReport) {
  if (std::system("node --version >/dev/null 2>&1") != 0) GTEST_SKIP() << "node is not there";
  explained_all();
  const std::string script = std::string(WHYCAM_SOURCE_DIR) + "/tests/command/report_page.mjs";
  const std::string report = fs::path(results()) / "report.html", out = folder_ / "page.txt";
  ASSERT_EQ(std::system(("node " + quoted(script) + " " + quoted(report) + " >" + quoted(out)).c_str()), 0);
  const std::string page = content(out);
  EXPECT_NE(page.find("softmax probability NaN"), std::string::npos) << page;
  EXPECT_NE(page.find("1 of 1"), std::string::npos) << page;
}

}  // namespace
}  // namespace whycam::test
