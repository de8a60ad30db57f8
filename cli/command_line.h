// The command's options and subcommands: what is parsed, and what the help, the man page and the completions
// are made of.
#pragma once

#include <CLI/CLI.hpp>

#include <functional>
#include <memory>
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
  void add(const std::string& name, const std::string& description, ExitCode (*command)(const Arguments&)) {
    const auto arguments = std::make_shared<Arguments>();
    CLI::App* subcommand = app_.add_subcommand(name, description);
    arguments->add_to(*subcommand);
    subcommand->footer(exit_code_help());
    subcommands_.emplace_back(subcommand, [arguments, command] { return command(*arguments); });
  }
  /// The subcommands that this build has beside the others; in libtorch/ and plain/.
  void add_what_needs_libtorch();

  CLI::App app_;
  std::vector<std::pair<const CLI::App*, std::function<ExitCode()>>> subcommands_;
};

}  // namespace whycam::cli
