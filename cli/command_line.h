// The command's subcommands: what is parsed, and what --help says, of which the man page and the completions are made.
#pragma once

#include <functional>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "exit_code.h"
#include "sandbox.h"

namespace CLI {
class App;
}

namespace whycam::cli {

/// A subcommand.
struct Subcommand {
  std::string name;
  std::string description;
  std::string example;  ///< a command line
  /// Adds the options, and returns what runs it with what they were given.
  std::function<std::function<ExitCode()>(CLI::App&)> add_options;
  bool runs_a_network = true;
};

template <class Arguments>
Subcommand subcommand(const std::string& name, const std::string& description, const std::string& example,
                      ExitCode (*command)(const Arguments&)) {
  return {name, description, example, [command](CLI::App& app) {
            const auto arguments = std::make_shared<Arguments>();
            arguments->add_to(app);
            return [arguments, command] { return command(*arguments); };
          }};
}

/// Those that this build has beside the others.
std::vector<Subcommand> subcommands_with_libtorch();

class CommandLine {
 public:
  CommandLine();
  ~CommandLine();

  /// Runs the subcommand that is asked for, or prints the help or the version that is. Throws Failure.
  ExitCode run(int argc, char** argv);

 private:
  void add(const Subcommand& subcommand);
  void add_running_options(CLI::App& subcommand);
  void enter_sandbox(const CLI::App& subcommand);
  void allow_list(const std::string& list);

  std::unique_ptr<CLI::App> app_;
  std::vector<std::string> operators_;  ///< files
  bool sandboxed_ = false;
  Sandbox sandbox_;
  std::vector<std::pair<const CLI::App*, std::function<ExitCode()>>> subcommands_;
};

}  // namespace whycam::cli
