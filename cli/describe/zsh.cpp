#include <fmt/format.h>

#include "documents.h"

namespace whycam::cli {
namespace {

/// A description inside the brackets, or between the colons, of an argument of _arguments, itself in single
/// quotes.
std::string described(const std::string& text) {
  return quoted_by(text, [](char letter) -> std::string {
    if (letter == '\'') return "'\\''";
    const bool special = std::string("[]:\\").find(letter) != std::string::npos;
    return special ? std::string("\\") + letter : std::string(1, letter);
  });
}

std::string action(const OptionText& option) {
  switch (option.kind) {
    case ValueKind::file:
      return "_files";
    case ValueKind::folder:
      return "_files -/";
    case ValueKind::text:
      return "_default";
    case ValueKind::choice:
      return fmt::format("({})", fmt::join(option.choices, " "));
    case ValueKind::none:
    case ValueKind::other:
      break;
  }
  return " ";  // says what belongs here and offers nothing
}

/// An argument of _arguments for each name of the option; one excludes the others unless it may be repeated.
std::string option_arguments(const OptionText& option, const std::string& indent) {
  std::string text;
  for (const std::string& name : option.names) {
    const std::string once = option.repeatable ? "*" : fmt::format("({})", fmt::join(option.names, " "));
    const bool flag = option.kind == ValueKind::none;
    const std::string message = option.kind == ValueKind::choice ? "one of" : option.placeholder;
    const std::string value = flag ? "" : fmt::format(":{}:{}", described(message), action(option));
    const char* joint = flag ? "" : name.rfind("--", 0) == 0 ? "=" : "+";  // --name=value, -nvalue
    text += fmt::format(" \\\n{}'{}{}{}[{}]{}'", indent, once, name, joint, described(option.description), value);
  }
  return text;
}

std::string arguments_of(const CommandText& command, const std::string& indent) {
  std::string text = "_arguments";
  for (const OptionText& option : command.options) text += option_arguments(option, indent);
  int place = 0;
  for (const OptionText& positional : command.positionals)
    text += fmt::format(" \\\n{}'{}:{}:{}'", indent, positional.repeatable ? "*" : std::to_string(++place),
                        described(positional.names.front()), action(positional));
  return text;
}

}  // namespace

std::string zsh_completion(const ProgramText& program) {
  const std::string name = program.itself.name;
  const auto& subcommands = program.subcommands;
  std::string text = fmt::format("#compdef {0}\n# Completion of {0} for zsh.\n\n_{0}() {{\n", name);
  text += "  local context state state_descr line\n  typeset -A opt_args\n  local -a commands=(\n";
  for (const CommandText& command : subcommands)
    text += fmt::format("    '{}:{}'\n", described(command.name), described(command.description));
  text += "  )\n  _arguments -C";
  for (const OptionText& option : program.itself.options) text += option_arguments(option, "    ");
  text += " \\\n    '1:command:->command' \\\n    '*::argument:->argument'\n";
  text +=
      "  case $state in\n    command) _describe command commands ;;\n    argument)\n      case $words[1] "
      "in\n";
  for (const CommandText& command : subcommands)
    text +=
        fmt::format("        {})\n          {}\n          ;;\n", command.name, arguments_of(command, "            "));
  text += fmt::format("      esac\n      ;;\n  esac\n}}\n\n_{} \"$@\"\n", name);
  return text;
}

}  // namespace whycam::cli
