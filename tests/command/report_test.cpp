// whycam report: the manifests of a folder as one page, tables and a summary.
#include <cmath>

#include "command/shards.h"

namespace whycam::test {
namespace {

using Json = nlohmann::json;

class Report : public ShardsCommand {
 protected:
  Json summary(const std::vector<std::string>& more = {}) {
    const Outcome outcome = run(test::with({"report", results(), "--json"}, more));
    EXPECT_EQ(outcome.exit_code, 0) << outcome.error;
    warnings_ = outcome.error;
    return Json::parse(outcome.out);
  }
  std::vector<Json> rows() const {
    std::vector<Json> all;
    std::ifstream file(fs::path(results()) / "table.jsonl");
    for (std::string line; std::getline(file, line);) all.push_back(Json::parse(line));
    return all;
  }
  fs::path manifest_file(const std::string& shard) const {
    return fs::path(results()) / ("manifest-" + shard + ".jsonl");
  }

  std::string warnings_;
};

TEST_F(Report, JoinsSharesIntoWhatOneProcessGives) {
  std::ofstream(pictures_ / "bad.png") << "no picture";
  ASSERT_EQ(run(words(folder_ / "alone", {})).exit_code, 4);
  ASSERT_EQ(run({"report", folder_ / "alone", "--quiet"}).exit_code, 0);
  for (const char* shard : {"1/3", "2/3", "3/3"}) explained({"--shard", shard});
  const Json joined = summary();
  EXPECT_EQ(warnings_, "");
  for (const char* file : {"table.csv", "table.jsonl", "report.html"})
    EXPECT_EQ(content(fs::path(results()) / file), content(folder_ / "alone" / file)) << file;
  EXPECT_EQ(joined["inputs"], 12);
  EXPECT_EQ(joined["explained"], 11);
  EXPECT_EQ(joined["manifests"].size(), 3u);
  ASSERT_EQ(joined["skipped"].size(), 1u);
  EXPECT_EQ(joined["skipped"][0]["input"], (pictures_ / "bad.png").string());
  EXPECT_NE(joined["skipped"][0]["skipped"].get<std::string>().find("neither a JPEG nor a PNG"), std::string::npos);
  const std::string page = content(fs::path(results()) / "report.html");
  EXPECT_EQ(count_of(page, "\"picture\":\"data:image/jpeg"), 11u) << "the pictures are shown";
  EXPECT_EQ(count_of(page, "\"gradcam\":\"data:image/jpeg"), 22u);
}

/// The mean and the root of the mean squared difference from it, of the rows of the table.
TEST_F(Report, CountsClassesAndGivesMeanAndSpreadOfScores) {
  explain_all_shards(2);
  const Json joined = summary();
  for (const std::string& key : {std::string("score"), std::string("softmax_probability")}) {
    double sum = 0, squares = 0;
    int count = 0;
    for (const Json& row : rows()) sum += row[key].get<double>(), ++count;
    for (const Json& row : rows()) squares += std::pow(row[key].get<double>() - sum / count, 2);
    EXPECT_EQ(joined[key]["count"], count);
    EXPECT_NEAR(joined[key]["mean"], sum / count, 1e-12);
    EXPECT_NEAR(joined[key]["standard_deviation"], std::sqrt(squares / count), 1e-12);
  }
  ASSERT_EQ(joined["classes"].size(), 2u);
  for (int i = 0; i < 2; ++i) {
    EXPECT_EQ(joined["classes"][i]["class"], i + 1);
    EXPECT_EQ(joined["classes"][i]["count"], 11);
  }
  const Outcome text = run({"report", results()});
  EXPECT_NE(text.out.find("2 manifests, 11 inputs: 11 explained, 0 skipped; 22 explanations"), std::string::npos)
      << text.out;
  EXPECT_NE(text.out.find("table.csv, table.jsonl, report.html are in"), std::string::npos) << text.out;
}

TEST_F(Report, QuotesWhatTheTableNeedsQuoted) {
  add_picture("a \"b\", c.png");
  ASSERT_EQ(explained({}).exit_code, 0);
  summary();
  const std::string table = content(fs::path(results()) / "table.csv");
  EXPECT_EQ(table.rfind("input,input_crc32,example,class,label,explained,score,softmax_probability,completeness_error,"
                        "skipped,warnings,pictures\n",
                        0),
            0u);
  EXPECT_NE(table.find("\n\"" + pictures_.string() + "/a \"\"b\"\", c.png\","), std::string::npos) << table;
  EXPECT_EQ(count_of(table, "\n"), 1 + 12 * 2u);
}

TEST_F(Report, SaysWhatIsDamagedAndWhatIsNotFinished) {
  explain_all_shards(3);
  EXPECT_EQ(summary()["warnings"].size(), 0u);
  const std::string whole = content(manifest_file("2-of-3"));
  std::ofstream(manifest_file("2-of-3")) << "no JSON\n" << whole;
  fs::remove(fs::path(results()) / "explanation-3-of-3.json");
  fs::remove(manifest_file("3-of-3"));
  const Json joined = summary();
  EXPECT_NE(warnings_.find("manifest-2-of-3.jsonl is damaged, and what it told there is left out: line 1"),
            std::string::npos)
      << warnings_;
  EXPECT_NE(warnings_.find("1 of 3 shards are not finished, and --resume goes on with them: 3/3 (not begun)"),
            std::string::npos)
      << warnings_;
  EXPECT_EQ(joined["warnings"].size(), 2u);
  EXPECT_LT(joined["explained"].get<int>(), 11);
  EXPECT_EQ(run({"report", results(), "--quiet"}).error, "");
}

/// A run into the folder that was stopped, read while it is so.
TEST_F(Report, ReadsALineThatIsCutAsOneThatIsNotThere) {
  ASSERT_EQ(explained({}).exit_code, 0);
  const fs::path file = fs::path(results()) / "manifest.jsonl";
  const std::string whole = content(file);
  std::ofstream(file, std::ios::binary) << whole.substr(0, whole.size() - 40);
  EXPECT_EQ(summary()["explained"], 10) << "an input with one of two lines is not explained";
  EXPECT_EQ(warnings_, "");
}

TEST_F(Report, ShowsContactSheetsAndAsManyInputsAsItIsAskedFor) {
  explain_all_shards(2);
  const Json joined = summary({"--contact-sheet", "--limit", "11", "--output-dir", folder_ / "report"});
  EXPECT_EQ(
      joined["files"],
      Json::parse(R"(["table.csv", "table.jsonl", "report.html", "contact-sheet-1.svg", "contact-sheet-2.svg"])"));
  const std::string first = content(folder_ / "report/contact-sheet-1.svg");
  EXPECT_EQ(count_of(first, "<image "), 20 * 2u) << "rows of a picture and its map";
  EXPECT_NE(first.find(">class 1"), std::string::npos);
  EXPECT_FALSE(fs::exists(fs::path(results()) / "table.csv"));
  summary({"--limit", "3"});
  EXPECT_NE(warnings_.find("report.html shows the first 3 of 11 inputs"), std::string::npos) << warnings_;
  EXPECT_EQ(rows().size(), 22u);
  EXPECT_EQ(count_of(content(fs::path(results()) / "report.html"), "\"gradcam\":\"data:"), 6u);
}

TEST_F(Report, ShowsArraysInTheirOwnOrder) {
  SmallNetwork turned;
  turned.channels_last = true;
  turned.save(network_);
  remove_folder(pictures_);
  fs::create_directory(pictures_);
  picture::write_npy(pictures_ / "x.npy", with_channels_last(noise({2, 3, 16, 16})));
  ASSERT_EQ(explained({"--report"}).exit_code, 0);
  const std::string page = content(fs::path(results()) / "report.html");
  summary();
  EXPECT_EQ(content(fs::path(results()) / "report.html"), page);
  EXPECT_EQ(count_of(page, "\"picture\":\"data:"), 2u);
}

TEST_F(Report, RefusesWhatIsNoneOrOfDifferentRequests) {
  expect_failure(run({"report", folder_ / "nowhere"}), 4, "there is no folder");
  expect_failure(run({"report", pictures_}), 4, "holds no manifest.jsonl");
  ASSERT_EQ(explained({"--shard", "1/2"}).exit_code, 0);
  ASSERT_EQ(explained({"--shard", "2/2", "--alpha", "0.3"}).exit_code, 0);
  const Outcome outcome = run({"report", results()});
  EXPECT_EQ(outcome.exit_code, 4);
  EXPECT_NE(outcome.error.find("were asked for different things: explanation-1-of-2.json has scaling"),
            std::string::npos)
      << outcome.error;
  for (const char* record : {"explanation-1-of-2.json", "explanation-2-of-2.json"})
    std::ofstream(fs::path(results()) / record) << "{";
  EXPECT_EQ(run({"report", results()}).exit_code, 4);
}

/// What lies in the folder may have been changed by anybody.
TEST_F(Report, FollowsNoLinkOutOfTheFolder) {
  ASSERT_EQ(explained({}).exit_code, 0);
  fs::rename(fs::path(results()) / "sub", folder_ / "elsewhere");
  fs::create_directory_symlink(folder_ / "elsewhere", fs::path(results()) / "sub");
  summary();
  EXPECT_EQ(count_of(content(fs::path(results()) / "report.html"), "\"gradcam\":null"), 4 * 2u);
}

}  // namespace
}  // namespace whycam::test
