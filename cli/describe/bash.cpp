#include <fmt/format.h>

#include "documents.h"

namespace whycam::cli {
namespace {

/// What the shell does behind `option`: the lines of one case.
std::string value_case(const std::string& command, const OptionText& option) {
  std::string action;
  switch (option.kind) {
    case ValueKind::none:
      return "";
    case ValueKind::file:
    case ValueKind::text:
      action = "return";  // readline offers files
      break;
    case ValueKind::folder:
      action = "compopt -o dirnames; return";
      break;
    case ValueKind::other:
      action = "compopt +o default +o bashdefault; return";
      break;
    case ValueKind::choice:
      action = fmt::format("words='{}'", fmt::join(option.choices, " "));
      break;
  }
  std::string patterns;
  for (const std::string& name : option.names) patterns += (patterns.empty() ? "" : "|") + command + ":" + name;
  return fmt::format("    {}) {} ;;\n", patterns, action);
}

constexpr const char* beginning = R"(# Completion of {0} for bash.

_{0}() {{
  local word=${{COMP_WORDS[COMP_CWORD]}} option=${{COMP_WORDS[COMP_CWORD-1]}} command='' words='' index
  # bash takes "--name=value" apart at the sign
  if [[ $word == = ]]; then
    word=''
  elif [[ $option == = ]]; then
    option=${{COMP_WORDS[COMP_CWORD-2]}}
  fi
  for ((index = 1; index < COMP_CWORD; ++index)); do
    if [[ ${{COMP_WORDS[index]}} != -* ]]; then
      command=${{COMP_WORDS[index]}}
      break
    fi
  done
  COMPREPLY=()
  case $command:$option in
)";

constexpr const char* end = R"(  esac
  COMPREPLY=($(compgen -W "$words" -- "$word"))
}}

complete -o bashdefault -o default -F _{0} {0}
)";

}  // namespace

std::string bash_completion(const ProgramText& program) {
  const auto& subcommands = program.subcommands;
  std::string text = fmt::format(beginning, program.itself.name);
  for (const CommandText& command : subcommands)
    for (const OptionText& option : command.options) text += value_case(command.name, option);
  text += fmt::format("    :*) words='{} {}' ;;\n", joined_names(subcommands), joined_names(program.itself.options));
  for (const CommandText& command : subcommands)
    text += fmt::format("    {}:*) [[ $word != -* ]] || words='{}' ;;\n", command.name, joined_names(command.options));
  return text + fmt::format(end, program.itself.name);
}

}  // namespace whycam::cli
