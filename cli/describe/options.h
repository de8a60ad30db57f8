// The command's options as the man page and the completions need them.
#pragma once

#include <string>
#include <vector>

namespace CLI {
class App;
}

namespace whycam::cli {

/// What a shell can offer as an option's value. The option's type name decides, or its check (CLI::IsMember,
/// CLI::ExistingFile) where it has none: FILE, DIR, or "{one,other}"; TEXT, which an option has that says
/// nothing, may be a file as well; any other name (INT, LAYER) is a value that cannot be guessed.
enum class ValueKind { none, file, folder, choice, text, other };

/// An option, a flag or a positional argument.
struct OptionText {
  std::vector<std::string> names;  ///< "-h" and "--help"; of a positional argument its name alone
  std::string placeholder;         ///< "FILE"; empty for a flag
  std::vector<std::string> choices;
  ValueKind kind = ValueKind::none;
  std::string description;
  std::string limits;  ///< "INT in [1 - 4096]"; empty where there are none
  std::string default_value;
  bool required = false;
  bool repeatable = false;
};

/// The command itself or one of its subcommands.
struct CommandText {
  std::string name;
  std::string description;
  std::vector<OptionText> options;  ///< in the order of --help; hidden ones are left out
  std::vector<OptionText> positionals;
};

/// The whole command: what has no subcommand, and these in order; hidden ones are left out.
struct ProgramText {
  CommandText itself;
  std::vector<CommandText> subcommands;
};

ProgramText describe(const CLI::App& app);

/// The names of all options, or of all commands, with spaces between them.
std::string joined_names(const std::vector<OptionText>& options);
std::string joined_names(const std::vector<CommandText>& commands);

/// The text with what `quote` makes of each character.
template <class Quote>
std::string quoted_by(const std::string& text, Quote quote) {
  std::string result;
  for (const char letter : text) result += quote(letter);
  return result;
}

}  // namespace whycam::cli
