// --shard, --recursive and --from: every input is of one shard, and shards together give what one process gives.
#include "../cli/shard.h"

#include <fcntl.h>
#include <sys/file.h>
#include <unistd.h>

#include <map>

#include "command/shards.h"

namespace whycam::test {
namespace {

/// The values are those of a few lines of Python that were written from the published algorithms: FNV-1a (its offset
/// and prime of 64 bits) and the finaliser of MurmurHash3. They never change: a shard would be another one.
TEST(ShardHash, IsTheSameForEver) {
  EXPECT_EQ(cli::stable_hash(""), 0xefd01f60ba992926U);
  EXPECT_EQ(cli::stable_hash("a"), 0x82a2a958a9bece5bU);
  EXPECT_EQ(cli::stable_hash("2024/05/photo"), 0xa46a0ec7eebe0065U);
  EXPECT_EQ(cli::stable_hash("\xc3\xbc/\xc3\x9f"), 0x334249f17102cbbcU) << "bytes, whatever a char's sign";
}

TEST(ShardHash, SharesOutEvenly) {
  std::vector<int> counts(16);
  for (int i = 0; i < 16000; ++i) {
    int owners = 0;
    for (std::uint64_t number = 1; number <= 16; ++number) {
      const bool has = cli::Shard{number, 16}.has("frame-" + std::to_string(i));
      counts[number - 1] += has;
      owners += has;
    }
    ASSERT_EQ(owners, 1);
  }
  // Six standard deviations of a binomial distribution around 1000: sqrt(16000 * 1/16 * 15/16) = 30.6.
  for (const int count : counts) EXPECT_NEAR(count, 1000, 184);
}

TEST(ShardFiles, AreToldByTheirNames) {
  const cli::Shard third{3, 16};
  EXPECT_EQ(third.file("manifest", ".jsonl"), "manifest-3-of-16.jsonl");
  EXPECT_EQ(cli::Shard().file("manifest", ".jsonl"), "manifest.jsonl");
  EXPECT_EQ(cli::shard_of_file("manifest-3-of-16.jsonl", "manifest", ".jsonl"), third);
  EXPECT_EQ(cli::shard_of_file("manifest.jsonl", "manifest", ".jsonl"), cli::Shard());
  for (const char* name :
       {"manifest-3.jsonl", "manifest-0-of-3.jsonl", "manifest-4-of-3.jsonl", "manifest-1-of-1.jsonl",
        "manifest-03-of-16.jsonl", "manifest-3-of-16.json", "manifest-.jsonl", "xmanifest.jsonl",
        "manifest-3-of-16-of-2.jsonl", "manifest-3-of-99999999999999999999.jsonl"})
    EXPECT_FALSE(cli::shard_of_file(name, "manifest", ".jsonl")) << name;
}

class Shards : public ShardsCommand {};

TEST_F(Shards, TogetherGiveWhatOneProcessGives) {
  add_picture("x.jpg");  // the same stem in the same folder, and so the same shard
  ASSERT_EQ(run(words(folder_ / "alone", {})).exit_code, 0);
  for (const int count : {2, 4, 40}) {
    explain_all_shards(count);
    EXPECT_EQ(maps_in(results()), maps_in(folder_ / "alone")) << count;
    EXPECT_EQ(lines_in(results()), lines_in(folder_ / "alone")) << count;
    for (const std::string& name : files()) EXPECT_NE(name[0], '.') << name;
    remove_folder(results());
  }
  EXPECT_EQ(maps_in(folder_ / "alone").count("sub/deep/a-second-1-gradcam.png"), 1u);
  EXPECT_EQ(maps_in(folder_ / "alone").size(), 12 * 2u);
}

TEST_F(Shards, OfALargerFolderHaveWhatTheyHadAndMore) {
  explain_all_shards(3);
  std::map<std::string, std::set<std::string>> before;
  for (const char* name : {"manifest-1-of-3.jsonl", "manifest-2-of-3.jsonl", "manifest-3-of-3.jsonl"})
    before[name] = inputs_in(name);
  for (const char* name : {"0.png", "a.jpg", "sub/b.png", "sub/0/a.png"}) add_picture(name);
  remove_folder(results());
  explain_all_shards(3);
  for (const auto& [name, inputs] : before) {
    const std::set<std::string> now = inputs_in(name);
    EXPECT_TRUE(std::includes(now.begin(), now.end(), inputs.begin(), inputs.end())) << name;
  }
}

TEST_F(Shards, ThatAreNoneAreUsageErrors) {
  for (const char* shard :
       {"0/16", "17/16", "x", "3", "3/", "/16", "3/16/2", "-1/2", "1/0", "1.5/2", "1/9999999", "01/2"})
    expect_failure(explained({"--shard", shard}), 2, "not \"" + std::string(shard) + "\"");
  expect_failure(explained({"--shard", ""}), 2, "is empty");
}

TEST_F(Shards, WithNothingToDoSayThatTheyAreDone) {
  const std::string one = pictures_ / "a.png";
  int without = 0;
  for (int number = 1; number <= 3; ++number) {
    const std::string shard = std::to_string(number) + "/3";
    const Outcome outcome = run({"explain", network_, one, "--shard", shard, "--layer", "second", "--target", "1",
                                 "--size", "16", "--output-dir", results()});
    EXPECT_EQ(outcome.exit_code, 0) << outcome.error;
    const std::string stem = std::to_string(number) + "-of-3.json";
    const auto record = nlohmann::json::parse(content(fs::path(results()) / ("explanation-" + stem)));
    EXPECT_TRUE(record["finished"]);
    ASSERT_TRUE(fs::exists(fs::path(results()) / ("manifest-" + stem + "l")));
    without += record["explanations"].empty();
    EXPECT_NE(outcome.error.find(record["explanations"].empty() ? "0 of 1 inputs" : "1 of 1 inputs"),
              std::string::npos);
  }
  EXPECT_EQ(without, 2);
}

TEST_F(Shards, SkipABadPictureThatIsTheirOnlyOne) {
  const fs::path bad = folder_ / "bad.png";
  std::ofstream(bad) << "no picture";
  std::set<int> codes;
  for (int number = 1; number <= 5; ++number)
    codes.insert(
        run({"explain", network_, bad, pictures_ / "a.png", "--shard", std::to_string(number) + "/5", "--resume",
             "--layer", "second", "--target", "1", "--size", "16", "--output-dir", folder_ / "mixed"})
            .exit_code);
  EXPECT_EQ(codes, (std::set<int>{0, 4}));
}

TEST_F(Shards, GoOnUnderAnotherCount) {
  ASSERT_EQ(explained({"--shard", "1/3"}).exit_code, 0);
  ASSERT_EQ(explained({"--shard", "3/3"}).exit_code, 0);
  const fs::path done =
      fs::path(results()) /
      (fs::path(*inputs_in("manifest-1-of-3.jsonl").begin()).replace_extension().string() + "-second-1-gradcam.png");
  std::ofstream(done) << "still here";
  const std::string first = content(fs::path(results()) / "manifest-1-of-3.jsonl");
  explain_all_shards(4, {"--resume"});
  EXPECT_EQ(content(done), "still here");
  EXPECT_EQ(content(fs::path(results()) / "manifest-1-of-3.jsonl"), first) << "another's is not touched";
  ASSERT_EQ(explained({"--resume"}).exit_code, 0);
  EXPECT_EQ(content(done), "still here");
  EXPECT_EQ(document()["explanations"].size(), 11 * 2u) << "one process knows of all";
  EXPECT_EQ(content(fs::path(results()) / "manifest.jsonl"), "") << "and had nothing to do";
  EXPECT_EQ(lines_in(results()).size(), 11 * 2u);
  ASSERT_EQ(run(words(folder_ / "alone", {})).exit_code, 0);
  EXPECT_EQ(lines_in(results()), lines_in(folder_ / "alone"));
}

TEST_F(Shards, DoAgainWhatHasChangedUnderAnotherCount) {
  explain_all_shards(2);
  fs::copy(pictures_ / "a.png", pictures_ / "b.png", fs::copy_options::overwrite_existing);
  explain_all_shards(3, {"--resume"});
  explain_all_shards(5, {"--resume"});
  EXPECT_EQ(lines_in(results()).size(), 12 * 2u) << "the old manifest keeps what it told of the picture as it was";
  EXPECT_EQ(content(fs::path(results()) / "b-second-1-gradcam.png"),
            content(fs::path(results()) / "a-second-1-gradcam.png"));
  ASSERT_EQ(run({"report", results(), "--quiet"}).exit_code, 0);
  const std::string table = content(fs::path(results()) / "table.csv");
  EXPECT_EQ(count_of(table, "/b.png"), 2 * 1u) << table;
}

TEST_F(Shards, AreNotMixedWithAnotherCountOrOtherSettings) {
  explain_all_shards(2);
  for (const std::vector<std::string>& other : {std::vector<std::string>{"--shard", "1/3"}, {}})
    EXPECT_NE(explained(other).error.find("another count of shards: --resume goes on"), std::string::npos);
  EXPECT_EQ(explained({"--shard", "1/3", "--resume", "--alpha", "0.4"}).exit_code, 2);
  EXPECT_EQ(explained({"--shard", "2/2"}).exit_code, 0) << "anew, as ever";
}

TEST_F(Shards, AreLockedEachAndAsACount) {
  explain_all_shards(2);
  const auto hold = [&](const std::string& name, int kind) {
    const int file = ::open((fs::path(results()) / name).c_str(), O_RDWR | O_CREAT, 0666);
    EXPECT_EQ(::flock(file, kind | LOCK_NB), 0);
    return file;
  };
  const int held = hold(".whycam-1-of-2.lock", LOCK_EX);
  Outcome outcome = explained({"--shard", "1/2", "--resume"});
  EXPECT_EQ(outcome.exit_code, 7);
  EXPECT_NE(outcome.error.find("another run of the shard 1/2 is writing"), std::string::npos) << outcome.error;
  EXPECT_EQ(explained({"--shard", "2/2", "--resume"}).exit_code, 0);
  outcome = explained({"--shard", "2/3", "--resume"});
  EXPECT_EQ(outcome.exit_code, 7);
  EXPECT_NE(outcome.error.find("the shard 1/2 is at work"), std::string::npos) << outcome.error;
  EXPECT_EQ(explained({"--resume"}).exit_code, 7) << "and as little by one process over all";
  EXPECT_TRUE(fs::exists(fs::path(results()) / ".whycam-1-of-2.lock"));
  ::close(held);
  EXPECT_EQ(explained({"--shard", "2/3", "--resume"}).exit_code, 0);
  const int folder = ::open(results().c_str(), O_RDONLY | O_DIRECTORY);
  ASSERT_EQ(::flock(folder, LOCK_SH | LOCK_NB), 0) << "as a shard holds it";
  EXPECT_EQ(explained({"--resume"}).exit_code, 7);
  EXPECT_EQ(explained({"--resume", "--shard", "2/3"}).exit_code, 0);
  ::close(folder);
}

/// What a killed run left of half a file is its own.
TEST_F(Shards, RemoveTheirOwnUnfinishedFilesAlone) {
  explain_all_shards(2);
  const std::vector<std::string> names{".whycam-1-of-2-77-0.part", "sub/.whycam-1-of-2-77-1.part",
                                       ".whycam-2-of-2-77-0.part", ".whycam-77-0.part"};
  for (const std::string& name : names) std::ofstream(fs::path(results()) / name) << "half";
  const auto left = [&] {
    std::size_t count = 0;
    for (const std::string& name : names) count += fs::exists(fs::path(results()) / name);
    return count;
  };
  ASSERT_EQ(explained({"--shard", "1/2", "--resume"}).exit_code, 0);
  EXPECT_EQ(left(), 2u);
  ASSERT_EQ(explained({"--resume"}).exit_code, 0);
  EXPECT_EQ(left(), 0u);
}

/// The examples of x.npy are called x-0 and x-1, and so is x-1.npy: in other shards they could meet.
TEST_F(Shards, KeepExamplesApartFromFilesThatAreCalledLikeThem) {
  remove_folder(pictures_);
  fs::create_directory(pictures_);
  picture::write_npy(pictures_ / "x.npy", noise({2, 3, 16, 16}));
  picture::write_npy(pictures_ / "x-1.npy", noise({1, 3, 16, 16}));
  ASSERT_EQ(explained({}).exit_code, 0);
  std::set<std::string> names;
  for (const auto& [name, bytes] : maps_in(results())) names.insert(name);
  EXPECT_EQ(names, (std::set<std::string>{"x-example-0-second-1-gradcam.png", "x-example-0-second-2-gradcam.png",
                                          "x-example-1-second-1-gradcam.png", "x-example-1-second-2-gradcam.png",
                                          "x-1-second-1-gradcam.png", "x-1-second-2-gradcam.png"}));
}

}  // namespace
}  // namespace whycam::test
