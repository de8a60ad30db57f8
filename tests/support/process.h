// The command beside the test, which may be stopped.
#pragma once

#include <fcntl.h>
#include <spawn.h>
#include <sys/wait.h>
#include <unistd.h>

#include <chrono>
#include <csignal>
#include <filesystem>
#include <functional>
#include <stdexcept>
#include <string>
#include <thread>
#include <vector>

extern char** environ;

namespace whycam::test {

class Process {
 public:
  /// With its errors in a file, where one is named.
  explicit Process(std::vector<std::string> arguments, const std::filesystem::path& errors = {}) {
    arguments.insert(arguments.begin(), WHYCAM_COMMAND);
    std::vector<char*> words;
    for (std::string& argument : arguments) words.push_back(argument.data());
    words.push_back(nullptr);
    posix_spawn_file_actions_t actions;
    posix_spawn_file_actions_init(&actions);
    if (!errors.empty())
      posix_spawn_file_actions_addopen(&actions, STDERR_FILENO, errors.c_str(), O_WRONLY | O_CREAT | O_TRUNC, 0666);
    const int failed = posix_spawn(&id_, WHYCAM_COMMAND, &actions, nullptr, words.data(), environ);
    posix_spawn_file_actions_destroy(&actions);
    if (failed != 0) throw std::runtime_error("cannot start the command");
  }
  void send(int signal) const { kill(id_, signal); }
  bool has_ended() {
    if (!ended_) ended_ = waitpid(id_, &status_, WNOHANG) == id_;
    return ended_;
  }
  int wait() {
    if (!ended_) waitpid(id_, &status_, 0);
    ended_ = true;
    return status_;
  }
  /// Waits until something is so, at the longest a minute or to the process's end; says whether it is.
  bool wait_until(const std::function<bool()>& is_so) {
    for (int tries = 0; tries < 6000 && !has_ended() && !is_so(); ++tries)
      std::this_thread::sleep_for(std::chrono::milliseconds(10));
    return is_so();
  }

 private:
  pid_t id_ = 0;
  int status_ = 0;
  bool ended_ = false;
};

}  // namespace whycam::test
