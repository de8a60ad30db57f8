// The command's options and subcommands: what is parsed, and what the help, the man page and the completions
// are made of.
#pragma once

#include <CLI/CLI.hpp>

#include <functional>
#include <string>
#include <utility>
#include <vector>

#include "exit_code.h"

namespace whycam::cli {

class CommandLine {
 public:
  CommandLine();

  CLI::App& app() { return app_; }

  /// Runs the subcommand that was parsed.
  ExitCode run() const;

 private:
  template <class Arguments>
  void add(const std::string& name, const std::string& description, ExitCode (*command)(const Arguments&));

  CLI::App app_;
  std::vector<std::pair<const CLI::App*, std::function<ExitCode()>>> subcommands_;
};

}  // namespace whycam::cli
