// Signals, limits that end in one, and folders that go while a run writes into them.
#include <sys/file.h>

#include "command/networks.h"
#include "support/process.h"

namespace whycam::test {
namespace {

class Signals : public InputsCommand {
 protected:
  /// A run over arrays that is in the middle of its work.
  Process started_run() {
    fs::create_directory(folder_ / "inputs");
    for (int i = 0; i < 150; ++i) array(noise({1, 3, 64, 64}), "inputs/" + std::to_string(1000 + i) + ".npy");
    return Process(run_, folder_ / "err");
  }
  bool has_written() const {
    const std::string lines = content(fs::path(results()) / "manifest.jsonl");
    return std::count(lines.begin(), lines.end(), '\n') > 2;
  }
  std::size_t unfinished_files() const {
    const std::set<std::string> names = files();
    return static_cast<std::size_t>(std::count_if(
        names.begin(), names.end(), [](const std::string& name) { return fs::path(name).extension() == ".part"; }));
  }

  std::vector<std::string> run_{"explain",    network({}), folder_ / "inputs", "--layer", "second",   "--target", "1",
                                "--save-npy", "--quiet",   "--output-dir",     results(), "--method", "gradcam"};
};

TEST_F(Signals, AreHeardAndEndTheRunBehindWhatIsFinished) {
  for (const auto& [signal, code] : {std::pair{SIGINT, 130}, {SIGTERM, 143}}) {
    SCOPED_TRACE(signal);
    Process run = started_run();
    ASSERT_TRUE(run.wait_until([&] { return has_written(); })) << content(folder_ / "err");
    run.send(signal);
    const int status = run.wait();
    ASSERT_TRUE(WIFEXITED(status)) << status;
    EXPECT_EQ(WEXITSTATUS(status), code) << content(folder_ / "err");
    const std::string errors = content(folder_ / "err");
    EXPECT_EQ(errors.find("whycam: heard the signal, stops behind what is finished; a second one ends at once\n"), 0U)
        << errors;
    EXPECT_NE(errors.find("of 150 inputs finished; --resume goes on"), std::string::npos) << errors;
    EXPECT_EQ(unfinished_files(), 0U);
    EXPECT_EQ(this->run(with(run_, {"--resume"})).exit_code, 0);
    EXPECT_EQ(files().size(), 150 * 2 + 2U) << "a picture and an array of each, the manifest and the document";
    fs::remove_all(results());
    fs::remove_all(folder_ / "inputs");
  }
}

TEST_F(Signals, AFileBeyondTheLimitIsAsOnAFullDisk) {
  const std::string network_file = network({}), x = array(noise({1, 3, 64, 64}));
  const std::string line = "ulimit -f 1; exec " + quoted(WHYCAM_COMMAND) + " explain " + quoted(network_file) + " " +
                           quoted(x) + " --layer second --target 1 --save-npy --quiet --output-dir " +
                           quoted(results()) + " 2>/dev/null";
  const int status = std::system(line.c_str());
  ASSERT_TRUE(WIFEXITED(status));
  EXPECT_EQ(WEXITSTATUS(status), 7);
  EXPECT_TRUE(files().empty()) << "no .part is left";
}

TEST_F(Signals, AFolderThatGoesUnderTheRunIsAnOutputError) {
  for (const bool replaced : {false, true}) {
    SCOPED_TRACE(replaced);
    Process run = started_run();
    ASSERT_TRUE(run.wait_until([&] { return has_written(); })) << content(folder_ / "err");
    fs::rename(results(), folder_ / "elsewhere");
    if (replaced) fs::create_directory(results());
    const int status = run.wait();
    ASSERT_TRUE(WIFEXITED(status)) << status;
    EXPECT_EQ(WEXITSTATUS(status), 7) << content(folder_ / "err");
    for (const char* folder : {"results", "elsewhere", "inputs"}) fs::remove_all(folder_ / folder);
  }
}

TEST_F(Signals, AFolderThatAnotherRunWritesIntoIsRefused) {
  const std::string x = array(noise({1, 3, 64, 64}));
  fs::create_directory(results());
  const int held = ::open(results().c_str(), O_RDONLY | O_DIRECTORY);
  ASSERT_EQ(::flock(held, LOCK_EX | LOCK_NB), 0);
  expect_failure(explain({network({}), x, "--layer", "second", "--target", "1"}), 7, "another run is writing");
  ::close(held);
  EXPECT_EQ(explain({network({}), x, "--layer", "second", "--target", "1"}).exit_code, 0);
}

TEST_F(Signals, HelpForAFullDeviceIsNoSuccess) {
  for (const char* words : {"--help", "--version", "explain --help", "layers --help"}) {
    const std::string line = quoted(WHYCAM_COMMAND) + " " + words + " >/dev/full 2>" + quoted(folder_ / "err");
    const int status = std::system(line.c_str());
    ASSERT_TRUE(WIFEXITED(status));
    EXPECT_EQ(WEXITSTATUS(status), 7) << words;
    EXPECT_EQ(content(folder_ / "err"), "whycam: cannot write to the standard output\n") << words;
  }
}

}  // namespace
}  // namespace whycam::test
