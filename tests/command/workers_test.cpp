// Several batches explained at once, and how they share the computer.
#include <fstream>
#include <future>
#include <stdexcept>
#include <thread>

#include "../cli/machine.h"
#include "../cli/sharing.h"
#include "../cli/workers.h"
#include "command/shards.h"
#include "support/process.h"

namespace whycam::test {
namespace {

class WorkersCommand : public ShardsCommand {
 protected:
  /// Explains with the settings and gives all files with what is in them, but for the record, which has the options.
  std::map<std::string, std::string> written(const std::vector<std::string>& settings) {
    const std::vector<std::string> more{"--save-npy", "--contact-sheet"};
    const Outcome outcome = run(with(words(results(), more), settings));
    EXPECT_EQ(outcome.exit_code, 4) << outcome.error << "one picture is none";
    std::map<std::string, std::string> files;
    for (const auto& entry : fs::recursive_directory_iterator(results()))
      if (entry.is_regular_file() && entry.path().filename() != "explanation.json")
        files[entry.path().lexically_relative(results()).string()] = content(entry.path());
    fs::remove_all(results());
    return files;
  }
};

// One thread each, so that sums are added in one order: everything is equal, bit for bit and line for line.
TEST_F(WorkersCommand, WriteWhatOneWorkerWritesInTheSameOrder) {
  std::ofstream(pictures_ / "c.png") << "no picture";
  fs::copy_file(pictures_ / "a.png", pictures_ / "a.PNG.png");
  fs::copy_file(pictures_ / "a.png", pictures_ / "a-.png");
  for (const char* batch : {"1", "3"}) {
    const auto expected = written({"--batch-size", batch, "--threads", "1", "--workers", "1"});
    EXPECT_GT(expected.size(), 40U);
    EXPECT_EQ(written({"--batch-size", batch, "--threads", "4", "--workers", "4"}), expected);
    EXPECT_EQ(written({"--batch-size", batch, "--threads", "2", "--workers", "2"}), expected);
    EXPECT_EQ(written({"--batch-size", batch, "--threads", "2"}), expected) << "two, by themselves";
  }
}

TEST_F(WorkersCommand, StopAtWhatIsWrongWithTheRun) {
  for (const char* workers : {"1", "4"}) {
    const Outcome outcome = explained({"--workers", workers, "--layer", "nowhere"});
    EXPECT_EQ(outcome.exit_code, 5) << outcome.error;
    EXPECT_EQ(count_of(outcome.error, "\n"), 1U) << outcome.error;
    EXPECT_FALSE(fs::exists(results())) << "nothing was written";
  }
}

// The record must name the layer as soon as there is a picture of it, even if the first input is none.
TEST_F(WorkersCommand, LeaveARecordThatNamesTheLayerWhenTheyAreKilled) {
  std::ofstream(pictures_ / "0.png") << "no picture";
  for (int i = 0; i < 40; ++i) add_picture("more" + std::to_string(i) + ".png");
  const std::vector<std::string> arguments{"explain", network_, pictures_, "--target",  "1", "--method",     "gradcam",
                                           "--size",  "16",     "--quiet", "--workers", "2", "--output-dir", results()};
  Process process(arguments, folder_ / "err");
  const fs::path manifest = fs::path(results()) / "manifest.jsonl";
  while (!process.has_ended() && count_of(content(manifest), "\n") < 3) std::this_thread::yield();
  process.send(SIGKILL);
  process.wait();
  ASSERT_GE(count_of(content(manifest), "\n"), 3U) << content(folder_ / "err");
  EXPECT_EQ(document()["layer"], "first") << "the default here";
  const Outcome outcome = run(with(arguments, {"--resume", "--layer", "second"}));
  EXPECT_EQ(outcome.exit_code, 2) << outcome.error;
  EXPECT_NE(outcome.error.find("cannot resume"), std::string::npos) << outcome.error;
  EXPECT_EQ(run(with(arguments, {"--resume"})).exit_code, 4) << "the first is still none";
}

TEST_F(WorkersCommand, AreAsManyAsTheSystemStarts) {
  const std::string limited = "ulimit -v 4000000; exec " + quoted(WHYCAM_COMMAND);  // room for some 400 stacks
  if (std::system((limited + " --version >/dev/null 2>&1").c_str()) != 0)
    GTEST_SKIP() << "the command alone takes more address space, as under a sanitizer";
  std::string line = limited;
  for (const std::string& word : words(results(), {"--workers", "4000", "--threads", "1"})) line += " " + quoted(word);
  const int status = std::system((line + " 2>" + quoted(folder_ / "err")).c_str());
  ASSERT_TRUE(WIFEXITED(status)) << content(folder_ / "err");
  EXPECT_TRUE(WEXITSTATUS(status) == 0 || WEXITSTATUS(status) == 9) << WEXITSTATUS(status) << content(folder_ / "err");
}

TEST_F(WorkersCommand, AreCounted) {
  for (const char* workers : {"0", "-1", "many", "4097"}) EXPECT_EQ(explained({"--workers", workers}).exit_code, 2);
}

TEST(Sharing, GivesEachWorkerOneThreadWhereThereAreBatches) {
  const auto shared = [](std::size_t threads, std::size_t batches) {
    const cli::Sharing sharing = cli::shared_out(threads, batches);
    return std::pair(sharing.workers, sharing.threads);
  };
  using Pair = std::pair<std::size_t, std::size_t>;
  EXPECT_EQ(shared(64, 1000), Pair(64, 1));
  EXPECT_EQ(shared(64, 3), Pair(3, 21));
  EXPECT_EQ(shared(2, 1), Pair(1, 2));
  EXPECT_EQ(shared(1, 5), Pair(1, 1));
  EXPECT_EQ(shared(8, 0), Pair(1, 8)) << "nothing to do";
}

TEST(Sharing, StaysWithinHalfOfTheMemory) {
  const auto limited = [](std::uint64_t bytes, std::uint64_t memory) {
    const cli::Sharing sharing = cli::within_memory(cli::shared_out(16, 100), 16, bytes, memory);
    return std::pair(sharing.workers, sharing.threads);
  };
  using Pair = std::pair<std::size_t, std::size_t>;
  EXPECT_EQ(limited(10, 1000), Pair(16, 1));
  EXPECT_EQ(limited(100, 1000), Pair(5, 3));
  EXPECT_EQ(limited(600, 1000), Pair(1, 16)) << "one runs, even where it is too much";
  EXPECT_EQ(limited(0, 1000), Pair(1, 16)) << "of what is not known";
}

class Groups : public Command {
 protected:
  void write(const std::string& group, const std::string& cpu, const std::string& memory) const {
    fs::create_directories(folder_ / group);
    std::ofstream(folder_ / group / "cpu.max") << cpu;
    std::ofstream(folder_ / group / "memory.max") << memory;
  }
  cli::GroupLimits limits(const std::string& membership) const { return cli::group_limits(folder_, membership); }
};

TEST_F(Groups, LimitProcessorsAndMemoryByTheTightestAroundAProcess) {
  write("", "max 100000\n", "max\n");
  write("jobs", "400000 100000\n", "8000000000\n");
  write("jobs/one", "max 100000\n", "9000000000\n");
  write("jobs/one/task", "150000 100000\n", "max\n");
  EXPECT_EQ(limits("0::/jobs/one/task\n").cores, 1.5);
  EXPECT_EQ(limits("0::/jobs/one/task\n").memory, 8000000000U);
  EXPECT_EQ(limits("12:cpu:/old\n0::/jobs/one\n").cores, 4);
  EXPECT_EQ(limits("0::/\n").cores, 0) << "no limit";
  EXPECT_EQ(limits("0::/\n").memory, 0U);
  EXPECT_EQ(limits("0::/elsewhere\n").memory, 0U) << "a group without files";
  EXPECT_EQ(limits("3:memory:/jobs\n").memory, 0U) << "version 1 alone";
  EXPECT_EQ(limits("").memory, 0U);
}

TEST(Machine, HasProcessorsAndMemory) {
  EXPECT_GE(cli::usable_cores(), 1);
  EXPECT_GT(cli::usable_memory(), std::uint64_t{1} << 20);
}

TEST(Workers, GiveWhatTasksReturnOrThrow) {
  cli::Workers workers(3);
  std::vector<std::future<int>> squares;
  for (int i = 0; i < 100; ++i) squares.push_back(workers.give([i] { return i * i; }));
  for (int i = 0; i < 100; ++i) EXPECT_EQ(squares[static_cast<std::size_t>(i)].get(), i * i);
  auto failed = workers.give([]() -> int { throw std::runtime_error("no number"); });
  EXPECT_THROW(failed.get(), std::runtime_error);
}

TEST(Workers, DropWhatHasNotBegunAtTheirEnd) {
  std::promise<void> begun, go_on;
  std::future<int> first, second;
  std::thread releases;
  {
    cli::Workers workers(1);
    first = workers.give([&] {
      begun.set_value();
      go_on.get_future().wait();
      return 1;
    });
    second = workers.give([] { return 2; });
    begun.get_future().wait();
    releases = std::thread([&] {
      EXPECT_THROW(second.get(), std::future_error) << "dropped while the first still runs";
      go_on.set_value();
    });
  }
  releases.join();
  EXPECT_EQ(first.get(), 1);
}

}  // namespace
}  // namespace whycam::test
