#include <fmt/format.h>

#include "documents.h"

namespace whycam::cli {
namespace {

std::string quoted(const std::string& text) {
  return "'" +
         quoted_by(
             text,
             [](char letter) { return (letter == '\'' || letter == '\\' ? "\\" : "") + std::string(1, letter); }) +
         "'";
}

std::string value(const OptionText& option) {
  switch (option.kind) {
    case ValueKind::none:
      return "";
    case ValueKind::file:
    case ValueKind::text:
      return " -r -F";
    case ValueKind::folder:
      return " -x -a '(__fish_complete_directories)'";
    case ValueKind::choice:
      return fmt::format(" -x -a '{}'", fmt::join(option.choices, " "));
    case ValueKind::other:
      return " -x";
  }
  return "";
}

/// A line for the option wherever the condition holds.
std::string line(const std::string& program, const std::string& condition, const OptionText& option) {
  std::string text = fmt::format("complete -c {} -n {}", program, quoted(condition));
  for (const std::string& name : option.names)
    text += name.rfind("--", 0) == 0 ? " -l " + name.substr(2) : " -s " + name.substr(1);
  return text + value(option) + " -d " + quoted(option.description) + "\n";
}

}  // namespace

std::string fish_completion(const ProgramText& program) {
  const std::string name = program.itself.name;
  std::string text = fmt::format("# Completion of {} for fish.\n\n", name);
  for (const OptionText& option : program.itself.options) text += line(name, "__fish_use_subcommand", option);
  for (const CommandText& command : program.subcommands) {
    text += fmt::format("\ncomplete -c {} -n __fish_use_subcommand -f -a {} -d {}\n", name, command.name,
                        quoted(command.description));
    for (const OptionText& option : command.options)
      text += line(name, "__fish_seen_subcommand_from " + command.name, option);
  }
  return text;
}

}  // namespace whycam::cli
