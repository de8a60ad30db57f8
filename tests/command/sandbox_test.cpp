// What a process in the sandbox can still reach, and that the command explains in it.
#include "../cli/sandbox.h"

#include "../cli/exit_code.h"

#include <fcntl.h>
#include <signal.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <functional>
#include <thread>

#include "command/networks.h"

namespace whycam::test {
namespace {

bool is_written(const fs::path& path) {
  const int file = ::open(path.c_str(), O_WRONLY | O_CREAT, 0666);
  if (file >= 0) ::close(file);
  return file >= 0;
}

bool is_read(const fs::path& path) {
  const int file = ::open(path.c_str(), O_RDONLY);
  char letter = 0;
  const bool read = file >= 0 && ::read(file, &letter, 1) >= 0;
  if (file >= 0) ::close(file);
  return read;
}

class SandboxedProcess : public InputsCommand {
 protected:
  SandboxedProcess() {
    for (const char* folder : {"read", "written", "other"}) fs::create_directory(folder_ / folder);
    for (const char* file : {"read/file", "other/file", "single", "second"}) std::ofstream(folder_ / file) << "text";
  }

  /// What `work` says in a child of this process that is in the sandbox; 2: there is none on this system.
  int in_sandbox(const std::function<bool()>& work) const {
    const pid_t child = fork();
    if (child == 0) {
      alarm(60);
      cli::Sandbox sandbox;
      sandbox.read = {folder_ / "read", folder_ / "single"};
      sandbox.write = {folder_ / "written", folder_ / "made"};
      try {
        sandbox.enter();
      } catch (const cli::Failure&) {
        _exit(2);
      }
      _exit(work() ? 0 : 1);
    }
    int status = 0;
    waitpid(child, &status, 0);
    return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
  }

  void SetUp() override {
    if (in_sandbox([] { return true; }) == 2) GTEST_SKIP() << "this system has no Landlock";
  }
};

TEST_F(SandboxedProcess, ReadsAndWritesWhereItMay) {
  EXPECT_EQ(in_sandbox([&] { return is_read(folder_ / "read/file"); }), 0);
  EXPECT_EQ(in_sandbox([&] { return is_read(folder_ / "single"); }), 0);
  EXPECT_EQ(in_sandbox([&] { return is_written(folder_ / "written/new"); }), 0);
  EXPECT_EQ(in_sandbox([&] { return is_written(folder_ / "made/new"); }), 0);
  EXPECT_EQ(in_sandbox([&] {
              std::error_code failure;
              fs::rename(folder_ / "written/new", folder_ / "written/renamed", failure);
              return !failure && fs::remove(folder_ / "written/renamed", failure);
            }),
            0);
}

TEST_F(SandboxedProcess, ReadsAndWritesNothingElse) {
  for (const char* file : {"other/file", "second"})
    EXPECT_EQ(in_sandbox([&] { return is_read(folder_ / file); }), 1) << file;
  for (const char* file : {"other/file", "other/new", "read/file", "read/new", "single", "second", "new"})
    EXPECT_EQ(in_sandbox([&] { return is_written(folder_ / file); }), 1) << file;
  EXPECT_EQ(in_sandbox([&] { return is_read("/etc/passwd"); }), 1);
  EXPECT_EQ(in_sandbox([&] {
              std::error_code failure;
              return fs::remove(folder_ / "other/file", failure) || fs::remove(folder_ / "second", failure);
            }),
            1);
  EXPECT_EQ(in_sandbox([&] {
              bool read = false;
              std::thread([&] { read = is_read(folder_ / "other/file"); }).join();
              return read;
            }),
            1)
      << "in a thread";
}

TEST_F(SandboxedProcess, ReachesNoOtherProcessOrComputer) {
  EXPECT_EQ(in_sandbox([] { return ::socket(AF_INET, SOCK_STREAM, 0) < 0 && errno == EPERM; }), 0);
  EXPECT_EQ(in_sandbox([] { return ::kill(::getppid(), 0) < 0 && errno == EPERM; }), 0);
  EXPECT_EQ(in_sandbox([] {
              char program[] = "/bin/true";
              char* const arguments[] = {program, nullptr};
              ::execv(program, arguments);
              return errno == EPERM;
            }),
            0);
}

TEST_F(SandboxedProcess, ExplainsAsOutsideOfIt) {
  const std::string x = array(noise({2, 3, 64, 64}));
  const std::vector<std::string> line{network({}),  x,         "--layer", "second", "--target", "1",
                                      "--save-npy", "--quiet", "--report"};
  ASSERT_EQ(explain(line).exit_code, 0);
  const std::set<std::string> names = files();
  const picture::Array expected = result("x-0-second-1-guided-gradcam.npy");
  fs::remove_all(results());
  const Outcome outcome = explain(with(line, {"--sandbox"}));
  ASSERT_EQ(outcome.exit_code, 0) << outcome.error;
  EXPECT_EQ(files(), names);
  EXPECT_EQ(result("x-0-second-1-guided-gradcam.npy").values, expected.values);
}

TEST_F(SandboxedProcess, LeavesNoFolderThatNothingCameInto) {
  expect_failure(explain({network({}), folder_ / "nothing.png", "--sandbox"}), 4, "there is no input");
  EXPECT_FALSE(fs::exists(results()));
}

}  // namespace
}  // namespace whycam::test
