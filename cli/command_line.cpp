#include "command_line.h"

#include <memory>
#include <stdexcept>

#include "commands.h"
#include "whycam/version.h"

namespace whycam::cli {

CommandLine::CommandLine()
    : app_("Shows why a convolutional network decided: Guided Grad-CAM for TorchScript and ONNX networks.", "whycam") {
  app_.set_version_flag("--version", std::string("whycam ") + version);
  app_.require_subcommand(1);
  app_.footer(exit_code_help());
  add("explain", "Explain pictures: one file for each input, class and method", explain);
  add("check", "Ask what should be asked before a picture is believed: class, weights, pixels", check);
  add("export", "Write the network with its explanation inside as an ONNX file of standard operators", export_network);
  add("layers", "List a network's layers with their output shapes", layers);
  add("graph", "Show what the compiled engine makes of a network, pass by pass", graph);
}

template <class Arguments>
void CommandLine::add(const std::string& name, const std::string& description,
                      ExitCode (*command)(const Arguments&)) {
  const auto arguments = std::make_shared<Arguments>();
  CLI::App* subcommand = app_.add_subcommand(name, description);
  arguments->add_to(*subcommand);
  subcommand->footer(exit_code_help());
  subcommands_.emplace_back(subcommand, [arguments, command] { return command(*arguments); });
}

ExitCode CommandLine::run() const {
  for (const auto& [subcommand, run_it] : subcommands_)
    if (subcommand->parsed()) return run_it();
  throw std::logic_error("no subcommand was parsed");
}

}  // namespace whycam::cli
