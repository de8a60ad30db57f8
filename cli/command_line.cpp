#include "command_line.h"

#include <CLI/CLI.hpp>
#include <stdexcept>

#include "build.h"
#include "commands.h"
#include "help.h"
#include "run_inputs.h"
#include "whycam/nearest_names.h"
#include "whycam/version.h"

namespace whycam::cli {
namespace {

/// The nearest subcommand or option to the first word that is none.
std::string suggestion(const CLI::App& app) {
  const auto parsed = app.get_subcommands();
  std::vector<std::string> words = app.remaining(/*recurse=*/true), names;
  if (words.empty()) return "";
  const std::string word = words[0].substr(0, words[0].find('='));
  const bool is_option = word.rfind("-", 0) == 0;
  if (is_option == parsed.empty()) return "";
  if (is_option)
    for (const auto* option : parsed[0]->get_options()) names.push_back(option->get_name());
  else
    for (const auto* subcommand : app.get_subcommands({})) names.push_back(subcommand->get_name());
  return "; \"" + word + "\" is nearest to " + one_of(nearest_names(word, names, 1));
}

}  // namespace

CommandLine::CommandLine() : app_(std::make_unique<CLI::App>(build.purpose, "whycam")) {
  app_->set_version_flag("--version", std::string("whycam ") + version);
  app_->require_subcommand(1);
  app_->footer(exit_code_help());
  app_->formatter(help_format("whycam explain network.pt2 photo.jpg --output-dir explanations"));
  add(subcommand("explain", "Explain pictures: one file for each input, class and method",
                 "whycam explain network.pt2 photo.jpg --labels labels.txt --target top3", explain));
  Subcommand report_of_runs = subcommand("report", "Join what runs left in a folder into a report and tables",
                                         "whycam report explanations", report);
  report_of_runs.runs_a_network = false;
  add(report_of_runs);
  for (const Subcommand& other : subcommands_with_libtorch()) add(other);
  add(subcommand("layers", "List a network's layers with their output shapes", "whycam layers network.pt2", layers));
  add(subcommand("graph", "Show what the compiled engine makes of a network, pass by pass",
                 "whycam graph network.pt2 --pass differentiate", graph));
}

CommandLine::~CommandLine() = default;

void CommandLine::add(const Subcommand& subcommand) {
  CLI::App* app = app_->add_subcommand(subcommand.name, subcommand.description);
  app->formatter(help_format(subcommand.example));
  app->set_help_flag();  // it comes last
  subcommands_.emplace_back(app, subcommand.add_options(*app));
  app->option_defaults()->group("Running");
  if (subcommand.runs_a_network) add_running_options(*app);
  app->set_help_flag("-h,--help", "Print this help and exit");
  app->footer(exit_code_help());
}

void CommandLine::add_running_options(CLI::App& subcommand) {
  if (build.operators)
    subcommand.add_option("--operators", operators_, build.operators)->type_name("FILE")->allow_extra_args(false);
  subcommand.add_flag(
      "--sandbox", sandboxed_,
      "Let the network read nothing but what the command line names, write nothing but the output, and reach "
      "no network or other process; needs Linux with Landlock");
}

/// A list's files are read, too. The standard input can be read once, which is not before the sandbox.
void CommandLine::allow_list(const std::string& list) {
  if (list == "-")
    throw Failure(ExitCode::usage,
                  "--sandbox is to know the inputs before the network is read: name a file with --from");
  for (const std::string& path : read_list(list))
    sandbox_.read.push_back(std::filesystem::absolute(path).lexically_normal());
}

void CommandLine::enter_sandbox(const CLI::App& subcommand) {
  for (const CLI::Option* option : subcommand.get_options()) {
    std::vector<std::string> values = option->results();
    if (values.empty()) values.push_back(option->get_default_str());
    for (const std::string& value : values) {
      if (value.empty()) continue;
      const std::filesystem::path path = std::filesystem::absolute(value).lexically_normal();
      const std::string name = option->get_name();
      if (name == "--from") allow_list(value);
      if (name == "--output-dir")
        sandbox_.write.push_back(path);
      else if (name == "--output")  // it is written beside, and renamed
        sandbox_.write.push_back(path.parent_path());
      else
        sandbox_.read.push_back(name == "MODEL" ? path.parent_path() : path);  // with its weights beside it
    }
  }
  refuse_operators();
  sandbox_.enter();
}

ExitCode CommandLine::run(int argc, char** argv) {
  try {
    app_->parse(argc, argv);
  } catch (const CLI::ParseError& error) {
    if (error.get_exit_code() == 0) return static_cast<ExitCode>(app_->exit(error));  // --help and --version
    std::string command = "whycam";
    for (const CLI::App* subcommand : app_->get_subcommands()) command += " " + subcommand->get_name();
    throw Failure(ExitCode::usage, std::string(error.what()) + suggestion(*app_) + " (see " + command + " --help)");
  }
  load_operators(operators_);
  for (const auto& [subcommand, run_it] : subcommands_) {
    if (!subcommand->parsed()) continue;
    const CLI::Option* quiet = subcommand->get_option_no_throw("--quiet");
    redirect_prints(quiet && quiet->count() > 0);
    if (sandboxed_) enter_sandbox(*subcommand);
    return run_it();
  }
  throw std::logic_error("no subcommand was parsed");
}

}  // namespace whycam::cli
