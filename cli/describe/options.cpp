#include "options.h"

#include <fmt/format.h>

#include <CLI/CLI.hpp>

#include <algorithm>
#include <map>
#include <sstream>

namespace whycam::cli {
namespace {

std::vector<std::string> names_of(const CLI::Option& option) {
  if (option.get_positional()) return {option.get_name(true)};
  std::vector<std::string> names;
  for (const std::string& name : option.get_snames()) names.push_back("-" + name);
  for (const std::string& name : option.get_lnames()) names.push_back("--" + name);
  return names;
}

/// What stands in the brackets of "{one,other}", or of a vector's default "[one,other]".
std::string without_brackets(const std::string& text, char open, char close) {
  const bool inside = text.size() > 1 && text.front() == open && text.back() == close;
  return inside ? text.substr(1, text.size() - 2) : text;
}

ValueKind kind_of(const std::string& type_name) {
  static const std::map<std::string, ValueKind> kinds{
      {"FILE", ValueKind::file},           {"DIR", ValueKind::folder},
      {"PATH(existing)", ValueKind::file}, {"PATH(non-existing)", ValueKind::file},
      {"TEXT", ValueKind::text},
  };
  const auto found = kinds.find(type_name);
  if (found != kinds.end()) return found->second;
  return without_brackets(type_name, '{', '}') == type_name ? ValueKind::other : ValueKind::choice;
}

/// Takes apart CLI11's "INT:INT in [1 - 4096]": a type name, and behind the colon what the option's check
/// says of it.
void add_value(OptionText& text, const std::string& type_name) {
  const std::size_t colon = std::min(type_name.find(':'), type_name.size());
  text.placeholder = type_name.substr(0, colon);
  text.limits = type_name.substr(std::min(colon + 1, type_name.size()));
  if (text.placeholder == "TEXT" && !text.limits.empty()) text.placeholder = text.limits;  // the check knows more
  if (text.placeholder == text.limits) text.limits.clear();
  text.kind = kind_of(text.placeholder);
  if (text.kind != ValueKind::choice) return;
  std::istringstream choices(without_brackets(text.placeholder, '{', '}'));
  for (std::string choice; std::getline(choices, choice, ',');) text.choices.push_back(choice);
}

OptionText describe_option(const CLI::Option& option) {
  OptionText text;
  text.names = names_of(option);
  text.description = option.get_description();
  std::replace(text.description.begin(), text.description.end(), '\n', ' ');
  text.required = option.get_required();
  if (option.get_items_expected_max() == 0) return text;  // a flag
  add_value(text, option.get_type_name());
  text.default_value = without_brackets(option.get_default_str(), '[', ']');
  text.repeatable = option.get_expected_max() >= CLI::detail::expected_max_vector_size;
  if (text.repeatable) std::replace(text.default_value.begin(), text.default_value.end(), ' ', ',');
  return text;
}

void add_options(const CLI::App& app, CommandText& command) {
  for (const CLI::Option* option : app.get_options()) {
    const bool help_of_group = app.get_name().empty() && option == app.get_help_ptr();
    if (option->get_group().empty() || help_of_group) continue;
    auto& list = option->get_positional() ? command.positionals : command.options;
    list.push_back(describe_option(*option));
  }
  for (const CLI::App* group : app.get_subcommands([](const CLI::App* other) { return other->get_name().empty(); }))
    add_options(*group, command);
}

CommandText describe_command(const CLI::App& app) {
  CommandText command{app.get_name(), app.get_description(), {}, {}};
  add_options(app, command);
  return command;
}

}  // namespace

ProgramText describe(const CLI::App& app) {
  ProgramText program{describe_command(app), {}};
  for (const CLI::App* subcommand : app.get_subcommands({}))
    if (!subcommand->get_name().empty() && !subcommand->get_group().empty())
      program.subcommands.push_back(describe_command(*subcommand));
  return program;
}

std::string joined_names(const std::vector<OptionText>& options) {
  std::vector<std::string> names;
  for (const OptionText& option : options) names.insert(names.end(), option.names.begin(), option.names.end());
  return fmt::format("{}", fmt::join(names, " "));
}

std::string joined_names(const std::vector<CommandText>& commands) {
  std::vector<std::string> names;
  for (const CommandText& command : commands) names.push_back(command.name);
  return fmt::format("{}", fmt::join(names, " "));
}

}  // namespace whycam::cli
