#include "help.h"

#include <CLI/CLI.hpp>
#include <sstream>

namespace whycam::cli {
namespace {

constexpr std::size_t line_length = 100, description_column = 30;

/// Text in lines; all but the first begin with that many spaces, and the first has so many characters before it.
std::string wrapped(const std::string& text, std::size_t indent, std::size_t before) {
  std::string lines, word;
  std::size_t column = before;
  for (std::istringstream words(text); words >> word;) {
    const bool first = lines.empty();
    if (!first && column + 1 + word.size() > line_length) {
      lines += "\n" + std::string(indent, ' ') + word;
      column = indent + word.size();
    } else {
      lines += (first ? "" : " ") + word;
      column += word.size() + (first ? 0 : 1);
    }
  }
  return lines;
}

/// "{one,other}" broken behind commas where the line would be too long; its lines begin below the first name.
std::string broken_choices(const std::string& heading) {
  std::string lines;
  std::size_t column = 0, indent = heading.find('{') + 1;
  for (std::size_t begin = 0; begin < heading.size();) {
    const std::size_t comma = heading.find(',', begin);
    const std::string part = heading.substr(begin, comma == std::string::npos ? comma : comma + 1 - begin);
    if (column + part.size() > line_length && column > indent) {
      lines += "\n" + std::string(indent, ' ');
      column = indent;
    }
    lines += part;
    column += part.size();
    begin += part.size();
  }
  return lines;
}

class HelpFormat : public CLI::Formatter {
 public:
  explicit HelpFormat(std::string example) : example_(std::move(example)) {}

  std::string make_description(const CLI::App* app) const override {
    return app->get_description() + "\nExample: " + example_ + "\n";
  }

  std::string make_option(const CLI::Option* option, bool is_positional) const override {
    std::string heading = "  " + make_option_name(option, is_positional);
    if (!is_positional && option->get_type_size() != 0) heading += " " + option->get_type_name();
    if (option->get_expected_max() == CLI::detail::expected_max_vector_size) heading += " ...";
    std::string description = option->get_description();
    if (!option->get_default_str().empty()) description += "; default: " + without_brackets(option->get_default_str());
    heading = broken_choices(heading);
    const std::size_t length = heading.size() - (heading.rfind('\n') + 1);  // of its last line
    heading += length + 2 > description_column ? "\n" + std::string(description_column, ' ')
                                               : std::string(description_column - length, ' ');
    return heading + wrapped(description, description_column, description_column) + "\n";
  }

 private:
  /// CLI11 writes the defaults of an option that takes several as "[one,other]".
  static std::string without_brackets(const std::string& text) {
    return text.front() == '[' && text.back() == ']' ? text.substr(1, text.size() - 2) : text;
  }

  std::string example_;
};

}  // namespace

std::shared_ptr<CLI::FormatterBase> help_format(const std::string& example) {
  return std::make_shared<HelpFormat>(example);
}

}  // namespace whycam::cli
