#include <fmt/format.h>

#include <algorithm>
#include <sstream>
#include <stdexcept>

#include "../exit_code.h"
#include "documents.h"
#include "whycam/version.h"

namespace whycam::cli {
namespace {

/// Text as roff prints it: a hyphen that can be copied as one, and no character that roff would take as its
/// own.
std::string roff(const std::string& text) {
  const std::string escaped = quoted_by(text, [](char letter) -> std::string {
    switch (letter) {
      case '-':
        return "\\-";
      case '\\':
        return "\\(rs";
      case '\'':
        return "\\(aq";
      case '^':
        return "\\(ha";
      case '~':
        return "\\(ti";
      case '`':
        return "\\(ga";
      default:
        return std::string(1, letter);
    }
  });
  return escaped.rfind('.', 0) == 0 ? "\\&" + escaped : escaped;
}

std::string bold(const std::string& text) { return "\\fB" + roff(text) + "\\fR"; }
std::string italic(const std::string& text) { return "\\fI" + roff(text) + "\\fR"; }

std::string sentence(const std::string& text) {
  return roff(text) + (text.empty() || text.back() == '.' ? "\n" : ".\n");
}

/// "-h, --help", "--labels FILE", "MODEL".
std::string heading(const OptionText& option, bool positional) {
  if (positional) return italic(option.names.front());
  std::string names;
  for (const std::string& name : option.names) names += (names.empty() ? "" : ", ") + bold(name);
  return option.placeholder.empty() ? names : names + " " + italic(option.placeholder);
}

std::string items(const std::vector<OptionText>& options, bool positional) {
  std::string text;
  for (const OptionText& option : options) {
    text += fmt::format(".TP\n{}\n{}", heading(option, positional), sentence(option.description));
    if (!option.limits.empty()) text += sentence(option.limits);
    if (!option.default_value.empty()) text += sentence("Default: " + option.default_value);
    if (!positional && option.required) text += "Required.\n";
  }
  return text;
}

/// "explain [OPTIONS] MODEL INPUT..."
std::string usage(const std::string& program, const CommandText& command) {
  std::string text = bold(program + " " + command.name) + " [" + italic("OPTIONS") + "]";
  for (const OptionText& positional : command.positionals) {
    const std::string name = italic(positional.names.front()) + (positional.repeatable ? "..." : "");
    text += positional.required ? " " + name : " [" + name + "]";
  }
  return text;
}

std::string synopsis(const ProgramText& program) {
  std::string text;
  for (const CommandText& command : program.subcommands)
    text += (text.empty() ? "" : ".br\n") + usage(program.itself.name, command) + "\n";
  return text;
}

std::string commands(const ProgramText& program) {
  std::string text;
  for (const CommandText& command : program.subcommands)
    text += fmt::format(".SS \"{} {}\"\n{}{}{}", roff(program.itself.name), roff(command.name),
                        sentence(command.description), items(command.positionals, true), items(command.options, false));
  return text;
}

/// The lines "  2 usage: wrong options" of --help as a list.
std::string exit_status() {
  std::string text;
  std::istringstream lines(exit_code_help());
  for (std::string number, meaning; lines >> number && std::getline(lines >> std::ws, meaning);)
    if (number.find_first_not_of("0123456789") == std::string::npos)
      text += fmt::format(".TP\n{}\n{}", bold(number), sentence(meaning));
  return text;
}

/// Leaves out what is not of this build: lines from `.\" only with NAME` (or `only without NAME`) to `.\" end`, where
/// there is no subcommand of that name (or there is one).
std::string of_this_build(const ProgramText& program, const std::string& page) {
  const std::string with = ".\\\" only with ", without = ".\\\" only without ", end = ".\\\" end";
  const std::vector<CommandText>& all = program.subcommands;
  const auto has = [&](const std::string& name) {
    return std::any_of(all.begin(), all.end(), [&](const CommandText& command) { return command.name == name; });
  };
  std::istringstream lines(page);
  std::string text;
  bool kept = true;
  for (std::string line; std::getline(lines, line);) {
    if (line.rfind(with, 0) == 0)
      kept = has(line.substr(with.size()));
    else if (line.rfind(without, 0) == 0)
      kept = !has(line.substr(without.size()));
    else if (line == end)
      kept = true;
    else if (kept)
      text += line + "\n";
  }
  return text;
}

void fill_in(std::string& page, const std::string& name, std::string text) {
  const std::string placeholder = "@" + name + "@";
  const std::size_t place = page.find(placeholder);
  if (place == std::string::npos) throw std::runtime_error("the man page's template has no " + placeholder);
  if (!text.empty() && text.back() == '\n') text.pop_back();  // the template's line ends itself
  page.replace(place, placeholder.size(), text);
}

}  // namespace

std::string man_page(const ProgramText& program, const std::string& page_template) {
  std::string page = of_this_build(program, page_template);
  fill_in(page, "VERSION", version);
  fill_in(page, "SYNOPSIS", synopsis(program));
  fill_in(page, "OPTIONS", items(program.itself.options, false));
  fill_in(page, "COMMANDS", commands(program));
  fill_in(page, "EXIT_STATUS", exit_status());
  return page;
}

}  // namespace whycam::cli
