// Which inputs a run finds: in folders and their sub-folders, and in lists.
#include "command/shards.h"

namespace whycam::test {
namespace {

class FoundInputs : public ShardsCommand {
 protected:
  Outcome listed(const std::string& list, const std::vector<std::string>& more = {}) {
    std::ofstream(folder_ / "list", std::ios::binary) << list;
    return run(with({"explain", network_, "--from", folder_ / "list", "--layer", "second", "--target", "1", "--method",
                     "gradcam", "--size", "16", "--output-dir", results()},
                    more));
  }
  std::vector<std::string> without_recursive() const {
    std::vector<std::string> arguments = words(results(), {});
    for (const char* word : {"--recursive", "--quiet"})
      arguments.erase(std::find(arguments.begin(), arguments.end(), word));
    return arguments;
  }
};

TEST_F(FoundInputs, InSubFoldersAreExplainedOrSaidToBeLeftOut) {
  Outcome outcome = run(without_recursive());
  EXPECT_EQ(outcome.exit_code, 0);
  EXPECT_EQ(outcome.error, "whycam: note: 2 sub-folders of \"" + pictures_.string() +
                               "\" were left out; --recursive descends into them\n");
  EXPECT_EQ(maps_in(results()).size(), 5 * 2u);
  ASSERT_EQ(explained({}).exit_code, 0);
  EXPECT_EQ(maps_in(results()).size(), 11 * 2u);
  EXPECT_TRUE(fs::exists(fs::path(results()) / "sub/deep/e-second-2-gradcam.png"));
  for (const char* name : {"a.png", "b.png", "c.png", "d.png", "x.png"}) fs::remove(pictures_ / name);
  outcome = run(without_recursive());
  EXPECT_EQ(outcome.exit_code, 4);
  EXPECT_NE(outcome.error.find("and 2 sub-folders, which were left out without --recursive"), std::string::npos)
      << outcome.error;
}

TEST_F(FoundInputs, InSubFoldersHaveAllTheirFilesThere) {
  const std::vector<std::string> options{"--save-npy", "--save-activations", "--contact-sheet", "--report"};
  ASSERT_EQ(explained(options).exit_code, 0);
  for (const char* file : {"a-second-1-gradcam.npy", "a-second-1-gradcam-signed.npy", "a-second-1-activation.npy",
                           "a-second-1-gradient.npy", "a-second-contact-sheet.svg"})
    EXPECT_TRUE(fs::exists(fs::path(results()) / "sub/deep" / file)) << file;
  const std::string page = content(fs::path(results()) / "report.html");
  EXPECT_EQ(count_of(page, "\"gradcam\":\"data:"), 11 * 2u);
  const fs::path map = fs::path(results()) / "sub/deep/a-second-1-gradcam.png";
  std::ofstream(map) << "still here";
  ASSERT_EQ(explained(with(options, {"--resume"})).exit_code, 0);
  EXPECT_EQ(content(map), "still here");
  fs::copy(pictures_ / "a.png", pictures_ / "sub/deep/a.png", fs::copy_options::overwrite_existing);
  ASSERT_EQ(explained(with(options, {"--resume"})).exit_code, 0);
  EXPECT_EQ(content(map), content(fs::path(results()) / "a-second-1-gradcam.png"));
}

TEST_F(FoundInputs, AreNotTheResultsOfTheRunBefore) {
  for (int round = 0; round < 2; ++round) {
    const fs::path within = pictures_ / "results";
    ASSERT_EQ(run(words(within, {})).exit_code, 0);
    EXPECT_EQ(maps_in(within).size(), 11 * 2u);
  }
}

TEST_F(FoundInputs, LinksToFoldersAreNotFollowedAndSaid) {
  fs::create_directory_symlink(pictures_, pictures_ / "sub/again");
  std::vector<std::string> arguments = words(results(), {});
  arguments.erase(std::find(arguments.begin(), arguments.end(), "--quiet"));
  const Outcome outcome = run(arguments);
  EXPECT_EQ(outcome.exit_code, 0);
  EXPECT_NE(outcome.error.find("1 sub-folder of \"" + pictures_.string() + "\" was left out, being a link"),
            std::string::npos)
      << outcome.error;
  EXPECT_EQ(maps_in(results()).size(), 11 * 2u);
}

TEST_F(FoundInputs, GoIntoNoFolderThatALinkStandsFor) {
  fs::create_directories(folder_ / "elsewhere");
  fs::create_directories(results());
  fs::create_directory_symlink(folder_ / "elsewhere", fs::path(results()) / "sub");
  const Outcome outcome = explained({});
  EXPECT_EQ(outcome.exit_code, 7);
  EXPECT_NE(outcome.error.find("something that is not a folder has that name"), std::string::npos) << outcome.error;
  EXPECT_TRUE(fs::is_empty(folder_ / "elsewhere"));
}

/// A manifest's names of files in sub-folders are looked at part by part.
TEST_F(FoundInputs, AreDoneAgainWhereALinkLeadsOutOfTheResults) {
  ASSERT_EQ(explained({}).exit_code, 0);
  const auto before = maps_in(results());
  fs::rename(fs::path(results()) / "other", folder_ / "elsewhere");
  fs::create_directory_symlink(folder_ / "elsewhere", fs::path(results()) / "other");
  EXPECT_EQ(explained({"--resume"}).exit_code, 7) << "they would be written through it";
  fs::remove(fs::path(results()) / "other");
  EXPECT_EQ(explained({"--resume"}).exit_code, 0);
  EXPECT_EQ(maps_in(results()), before);
}

TEST_F(FoundInputs, ComeFromAList) {
  const std::string a = pictures_ / "a.png", deep = pictures_ / "sub/deep/a.png";
  ASSERT_EQ(listed(a + "\r\n\n" + deep).exit_code, 0);
  EXPECT_EQ(files().count("a-second-1-gradcam.png") + files().count("a-2-second-1-gradcam.png"), 2u)
      << "as if they were named on the command line";
  remove_folder(results());
  expect_failure(listed(a + "\nnowhere.png\n"), 4, "there is no input \"nowhere.png\"");
  expect_failure(listed("\n\n"), 4, "names no inputs");
  expect_failure(listed(a + std::string("\n\0x", 3)), 4, "line 2 of the list");
  expect_failure(listed(std::string(1 << 17, 'x')), 4, "longer than any path");
  expect_failure(run({"explain", network_, "--from", folder_ / "none"}), 4, "cannot read the list");
  expect_failure(run({"explain", network_, "--from", pictures_}), 4, "is a folder");
  expect_failure(run({"explain", network_}), 2, "INPUT is required");
}

TEST_F(FoundInputs, ComeFromTheStandardInput) {
  const std::string line = "printf '%s\\n' " + quoted((pictures_ / "a.png").string()) + " " +
                           quoted((pictures_ / "b.png").string()) + " | " + quoted(WHYCAM_COMMAND) + " explain " +
                           test::quoted(network_) + " --from - --layer second --target 1 " +
                           "--size 16 --quiet --output-dir " + quoted(results());
  ASSERT_EQ(std::system(line.c_str()), 0);
  EXPECT_EQ(document()["explanations"].size(), 2u);
}

TEST_F(FoundInputs, OfAListAreReadInTheSandbox) {
  const Outcome outcome = listed(pictures_ / "a.png", {"--sandbox"});
  if (outcome.error.find("this system has no") != std::string::npos) GTEST_SKIP() << outcome.error;
  EXPECT_EQ(outcome.exit_code, 0) << outcome.error;
  remove_folder(results());
  EXPECT_EQ(explained({"--sandbox", "--shard", "1/2"}).exit_code, 0) << "with folders made in it, and locks";
  remove_folder(results());
  expect_failure(run({"explain", network_, "--from", "-", "--sandbox", "--output-dir", folder_ / "none"}), 2,
                 "name a file with --from");
}

}  // namespace
}  // namespace whycam::test
