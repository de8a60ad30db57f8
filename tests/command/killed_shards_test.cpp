// kill -9 of any shard at any time: nothing is lost, and nothing is done twice. WHYCAM_TRIALS sets how often it is
// tried.
#include <sys/stat.h>

#include <map>

#include "command/shards.h"
#include "support/process.h"

namespace whycam::test {
namespace {

class KilledShards : public ShardsCommand {
 protected:
  KilledShards() {
    for (int i = 0; i < 40; ++i) add_picture((i % 3 == 0 ? "sub/more" : "more") + std::to_string(i) + ".png");
    std::ofstream(pictures_ / "sub/bad.png") << "no picture";
  }

  struct Running {
    Process process;
    std::string shard;
  };

  Running start(int number, int count) const {
    const std::string shard = std::to_string(number) + "/" + std::to_string(count);
    return {Process(words(results(), {"--shard", shard, "--resume"}), folder_ / "err"), shard};
  }

  /// Notes the maps of lines that are whole in a manifest, by what tells one writing of a file from another. What is
  /// noted already must be the same file still.
  void note_what_is_done() {
    if (!fs::exists(results())) return;  // none came so far
    for (const auto& entry : fs::directory_iterator(results())) {
      if (entry.path().extension() != ".jsonl") continue;
      std::ifstream file(entry.path());
      for (std::string line; std::getline(file, line);) {
        const auto json = nlohmann::json::parse(line, nullptr, /*allow_exceptions=*/false);
        if (json.is_discarded() || json.contains("skipped") || json["lines"] != json["line"])
          continue;  // cut, or in part
        const std::string name = json["files"]["gradcam"]["picture"];
        struct stat status{};
        ASSERT_EQ(::stat((fs::path(results()) / name).c_str(), &status), 0) << name << " is told of, and not there";
        const auto [place, is_new] = done_.try_emplace(name, status.st_ino);
        EXPECT_TRUE(is_new || place->second == status.st_ino) << name << " was written twice";
      }
    }
  }

  /// Runs all shards, killing one of them so many times, and starts each that was killed again; then none.
  void run_with_kills(int count, int kills) {
    std::vector<Running> running;
    for (int number = 1; number <= count; ++number) running.push_back(start(number, count));
    while (kills-- > 0) {
      std::this_thread::sleep_for(std::chrono::microseconds(random_() % 100000));
      std::vector<std::size_t> at_work;
      for (std::size_t i = 0; i < running.size(); ++i)
        if (!running[i].process.has_ended()) at_work.push_back(i);
      if (at_work.empty()) break;
      const std::size_t victim = at_work[random_() % at_work.size()];
      running[victim].process.send(SIGKILL);
      killed_ += WIFSIGNALED(running[victim].process.wait());
      note_what_is_done();
      running[victim] = start(static_cast<int>(victim) + 1, count);
    }
    for (Running& one : running) {
      const int status = one.process.wait();
      EXPECT_TRUE(WIFEXITED(status) && (WEXITSTATUS(status) == 0 || WEXITSTATUS(status) == 4))
          << one.shard << ": " << status << content(folder_ / "err");
    }
    note_what_is_done();
  }

  std::vector<std::string> hidden_files() const {
    std::vector<std::string> hidden;
    for (const auto& entry : fs::recursive_directory_iterator(results()))
      if (entry.path().filename().string()[0] == '.') hidden.push_back(entry.path());
    return hidden;
  }

  std::map<std::string, ino_t> done_;
  std::mt19937 random_{7};
  int killed_ = 0;
};

TEST_F(KilledShards, LoseNothingAndDoNothingTwice) {
  const char* asked = std::getenv("WHYCAM_TRIALS");
  const int trials = asked ? std::stoi(asked) : 3;
  const fs::path alone = folder_ / "alone";
  ASSERT_EQ(run(words(alone, {})).exit_code, 4) << "the bad picture";
  ASSERT_EQ(run({"report", alone, "--quiet"}).exit_code, 0);
  for (int trial = 0; trial < trials; ++trial) {
    SCOPED_TRACE(trial);
    done_.clear();
    run_with_kills(4, 1 + static_cast<int>(random_() % 8));
    EXPECT_EQ(maps_in(results()), maps_in(alone));
    EXPECT_EQ(lines_in(results()), lines_in(alone));
    EXPECT_EQ(hidden_files(), std::vector<std::string>());
    ASSERT_EQ(run({"report", results(), "--quiet"}).error, "") << "no warning";
    for (const char* table : {"table.csv", "table.jsonl"})
      EXPECT_EQ(content(fs::path(results()) / table), content(alone / table));
    remove_folder(results());
  }
  EXPECT_GT(killed_, 0);
  RecordProperty("killed", killed_);
}

TEST_F(KilledShards, LoseNothingWhereTheirCountChanges) {
  const fs::path alone = folder_ / "alone";
  ASSERT_EQ(run(words(alone, {})).exit_code, 4);
  std::vector<Running> running;
  for (int number = 1; number <= 4; ++number) running.push_back(start(number, 4));
  std::this_thread::sleep_for(std::chrono::milliseconds(400));
  for (Running& one : running) one.process.send(SIGKILL);
  for (Running& one : running) one.process.wait();
  note_what_is_done();
  run_with_kills(3, 3);
  ASSERT_EQ(explained({"--resume"}).exit_code, 4);
  note_what_is_done();
  EXPECT_EQ(maps_in(results()), maps_in(alone));
  EXPECT_EQ(hidden_files(), std::vector<std::string>()) << "what shards of the old count left is gone, too";
  ASSERT_EQ(run({"report", results(), "--quiet"}).exit_code, 0);
  ASSERT_EQ(run({"report", alone, "--quiet"}).exit_code, 0);
  EXPECT_EQ(content(fs::path(results()) / "table.csv"), content(alone / "table.csv"));
}

}  // namespace
}  // namespace whycam::test
