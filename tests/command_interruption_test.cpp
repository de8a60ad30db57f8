// The command where the world around it fails: full disks, closed pipes, interrupts. Nothing is left
// half-written.
#include <fcntl.h>
#include <gtest/gtest.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include <chrono>
#include <csignal>
#include <fstream>
#include <functional>
#include <nlohmann/json.hpp>
#include <thread>

#include "../cli/exit_code.h"
#include "support/command.h"
#include "support/process.h"
#include "support/scripted.h"
#include "whycam/picture/image.h"

namespace whycam::test {
namespace {

using cli::ExitCode;
using Words = std::vector<std::string>;

class Interruption : public testing::Test {
 protected:
  /// Starts the command in a process that `prepare` has arranged, with its errors in a file.
  pid_t start(const Words& words, const std::function<void()>& prepare = [] {}) {
    std::vector<char*> arguments{const_cast<char*>(WHYCAM_COMMAND)};
    for (const std::string& word : words) arguments.push_back(const_cast<char*>(word.c_str()));
    arguments.push_back(nullptr);
    const std::string error = folder_ / "error", out = folder_ / "out";
    const pid_t child = fork();
    if (child != 0) return child;
    dup2(open(error.c_str(), O_WRONLY | O_CREAT | O_TRUNC, 0666), STDERR_FILENO);
    dup2(open(out.c_str(), O_WRONLY | O_CREAT | O_TRUNC, 0666), STDOUT_FILENO);
    prepare();
    execv(WHYCAM_COMMAND, arguments.data());
    _exit(127);
  }

  static int status_of(pid_t child) {
    int status = 0;
    waitpid(child, &status, 0);
    return status;
  }

  Words explain() const {
    return {"explain", shapes / "shapes.pt", shapes / "two_shapes.png", "--target", "top6", "--output-dir", results_};
  }

  std::string errors() const { return content(folder_ / "error"); }

  void expect_exit(int status, ExitCode code) {
    EXPECT_TRUE(WIFEXITED(status) && WEXITSTATUS(status) == static_cast<int>(code)) << status << " " << errors();
  }

  static void read_whole(const fs::path& path) {
    if (path.extension() == ".png") picture::read_image(path, 3);
    std::ifstream file(path);
    if (path.extension() == ".json" && !nlohmann::json::accept(file)) throw std::runtime_error("half a document");
  }

  /// Every file in the results is whole. How many there are.
  int whole_files() const {
    int count = 0;
    if (!fs::exists(results_)) return 0;
    for (const auto& entry : fs::directory_iterator(results_)) {
      const fs::path path = entry.path();
      if (path.filename().string()[0] == '.') continue;  // a temporary file
      ++count;
      EXPECT_NO_THROW(read_whole(path)) << path;
    }
    return count;
  }

  int temporary_files() const {
    int count = 0;
    for (const auto& entry : fs::directory_iterator(results_)) count += entry.path().filename().string()[0] == '.';
    return count;
  }

  TemporaryFolder temporary_;
  fs::path folder_ = temporary_.path();
  fs::path results_ = folder_ / "results";
};

TEST_F(Interruption, AFileThatDoesNotFitTheDiskLeavesNothing) {
  const int status = status_of(start(explain(), [] {
    signal(SIGXFSZ, SIG_IGN);  // a write beyond the limit then fails, as on a full disk
    const rlimit limit{512, 512};
    setrlimit(RLIMIT_FSIZE, &limit);
  }));
  expect_exit(status, ExitCode::output);
  EXPECT_NE(errors().find("cannot write"), std::string::npos) << errors();
  EXPECT_FALSE(fs::exists(results_)) << "the folder that the run made";
}

TEST_F(Interruption, AFullStandardOutputIsAnOutputError) {
  const int status =
      status_of(start({"layers", shapes / "shapes.pt"}, [] { dup2(open("/dev/full", O_WRONLY), STDOUT_FILENO); }));
  expect_exit(status, ExitCode::output);
  EXPECT_EQ(errors(), "whycam: cannot write to the standard output\n");
}

TEST_F(Interruption, ClosedStandardStreamsDoNotEndUpInFiles) {
  const int status = status_of(start(explain(), [] {
    close(STDIN_FILENO);
    close(STDOUT_FILENO);
    close(STDERR_FILENO);
  }));
  EXPECT_TRUE(WIFEXITED(status)) << status;
  EXPECT_EQ(temporary_files(), 0);
  EXPECT_EQ(whole_files(), 6 * 3 + 2);
}

TEST_F(Interruption, AReaderThatLeavesIsAnOutputErrorAndNoCrash) {
  int ends[2];
  ASSERT_EQ(pipe(ends), 0);
  close(ends[0]);
  const int status = status_of(start({"layers", shapes / "shapes.pt"}, [&] { dup2(ends[1], STDOUT_FILENO); }));
  close(ends[1]);
  expect_exit(status, ExitCode::output);
  EXPECT_EQ(errors(), "whycam: cannot write to the standard output\n");
}

TEST_F(Interruption, AnInterruptLeavesWholeFilesAlone) {
  for (const int milliseconds : {300, 900, 1200, 1500}) {
    remove_folder(results_);
    const pid_t child = start(explain());
    std::this_thread::sleep_for(std::chrono::milliseconds(milliseconds));
    kill(child, SIGINT);
    const int status = status_of(child);
    // Before the run begins the signal ends the process; then the run stops behind what it has finished, and says so.
    const bool early = WIFSIGNALED(status) && WTERMSIG(status) == SIGINT;
    const bool stopped = WIFEXITED(status) && WEXITSTATUS(status) == static_cast<int>(ExitCode::interrupted);
    EXPECT_TRUE(early || stopped || (WIFEXITED(status) && WEXITSTATUS(status) == 0)) << status;
    EXPECT_EQ(errors().find("--resume goes on") != std::string::npos, stopped) << errors();
    whole_files();
  }
}

/// Networks that never end.
class Endless : public Interruption {
 protected:
  Endless() {
    scripted(
        "def forward(self, x):\n    print('the network runs')\n    while bool(x.sum() < 1e30):\n        x = x * 1.0\n"
        "    return x.mean([2, 3])\n")
        .save(network_.string());
  }
  Process started() const {
    Process run({"explain", network_, shapes / "two_shapes.png", "--target", "0", "--method", "guided-backprop",
                 "--output-dir", results_},
                folder_ / "error");
    EXPECT_TRUE(run.wait_until([&] { return says("the network runs"); })) << errors();
    return run;
  }
  bool says(const std::string& words) const { return errors().find(words) != std::string::npos; }

  fs::path network_ = folder_ / "endless.pt";
};

TEST_F(Endless, AreEndedByOneSigterm) {
  Process run = started();
  run.send(SIGTERM);
  expect_exit(run.wait(), ExitCode::terminated);
  EXPECT_TRUE(says("heard the signal")) << errors();
  EXPECT_TRUE(says("the network did not come to its end in 4 s")) << errors();
  EXPECT_FALSE(fs::exists(results_) && temporary_files() > 0);
}

TEST_F(Endless, AreEndedByASecondSigintAtOnce) {
  Process run = started();
  run.send(SIGINT);
  EXPECT_TRUE(run.wait_until([&] { return says("a second one ends at once"); })) << errors();
  run.send(SIGINT);
  const int status = run.wait();
  EXPECT_TRUE(WIFSIGNALED(status) && WTERMSIG(status) == SIGINT) << status;
}

}  // namespace
}  // namespace whycam::test
