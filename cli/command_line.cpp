#include "command_line.h"

#include <stdexcept>

#include "commands.h"
#include "whycam/version.h"

namespace whycam::cli {

CommandLine::CommandLine() : app_(build.purpose, "whycam") {
  app_.set_version_flag("--version", std::string("whycam ") + version);
  app_.require_subcommand(1);
  app_.footer(exit_code_help());
  add("explain", "Explain pictures: one file for each input, class and method", explain);
  add_what_needs_libtorch();
  add("layers", "List a network's layers with their output shapes", layers);
  add("graph", "Show what the compiled engine makes of a network, pass by pass", graph);
}

ExitCode CommandLine::run() const {
  for (const auto& [subcommand, run_it] : subcommands_)
    if (subcommand->parsed()) return run_it();
  throw std::logic_error("no subcommand was parsed");
}

}  // namespace whycam::cli
