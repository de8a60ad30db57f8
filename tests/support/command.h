// Running the command as a person does.
#pragma once

#include <gtest/gtest.h>
#include <sys/wait.h>

#include <algorithm>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <nlohmann/json.hpp>
#include <set>
#include <string>
#include <vector>

#include "support/temporary_folder.h"

namespace whycam::test {

namespace fs = std::filesystem;

struct Outcome {
  int exit_code;
  std::string out;
  std::string error;
};

inline std::string quoted(const std::string& word) {
  std::string text = "'";
  for (const char letter : word) text += letter == '\'' ? "'\\''" : std::string(1, letter);
  return text + "'";
}

inline std::string content(const fs::path& path) {
  std::ifstream file(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(file), std::istreambuf_iterator<char>()};
}

inline const fs::path shapes = fs::path(WHYCAM_SOURCE_DIR) / "examples/shapes";

class Command : public testing::Test {
 protected:
  Outcome run(const std::vector<std::string>& arguments) {
    // In the sandbox the address sanitizer cannot look for leaks: it would attach to the process.
    const bool sandboxed = std::find(arguments.begin(), arguments.end(), "--sandbox") != arguments.end();
    std::string line = (sandboxed ? "ASAN_OPTIONS=detect_leaks=0 " : "") + quoted(WHYCAM_COMMAND);
    for (const std::string& argument : arguments) line += " " + quoted(argument);
    line += " >" + quoted(folder_ / "out") + " 2>" + quoted(folder_ / "err") + " </dev/null";
    const int status = std::system(line.c_str());
    return {WIFEXITED(status) ? WEXITSTATUS(status) : -1, content(folder_ / "out"), content(folder_ / "err")};
  }

  Outcome explain(std::vector<std::string> arguments) {
    arguments.insert(arguments.begin(), "explain");
    arguments.insert(arguments.end(), {"--output-dir", results()});
    return run(arguments);
  }

  std::string results() const { return folder_ / "results"; }

  std::set<std::string> files() const {
    std::set<std::string> names;
    if (fs::exists(results()))
      for (const auto& entry : fs::directory_iterator(results())) names.insert(entry.path().filename());
    return names;
  }

  nlohmann::json document() const { return nlohmann::json::parse(content(fs::path(results()) / "explanation.json")); }

  /// A failed run says one line on stderr, returns the code, and leaves no file.
  void expect_failure(const Outcome& outcome, int exit_code, const std::string& words) {
    EXPECT_EQ(outcome.exit_code, exit_code) << outcome.error;
    EXPECT_EQ(std::count(outcome.error.begin(), outcome.error.end(), '\n'), 1) << outcome.error;
    EXPECT_EQ(outcome.error.rfind("whycam: ", 0), 0u) << outcome.error;
    EXPECT_NE(outcome.error.find(words), std::string::npos) << outcome.error;
    EXPECT_TRUE(files().empty());
  }

  TemporaryFolder temporary_;
  fs::path folder_ = temporary_.path();
};

inline const std::vector<std::string> two_shapes{shapes / "shapes.pt", shapes / "two_shapes.png", "--labels",
                                                 shapes / "labels.txt"};

inline std::vector<std::string> with(std::vector<std::string> arguments, const std::vector<std::string>& more) {
  arguments.insert(arguments.end(), more.begin(), more.end());
  return arguments;
}

}  // namespace whycam::test
