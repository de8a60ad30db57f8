// What --help looks like: an example first, options in groups, no line longer than 100 characters.
#pragma once

#include <memory>
#include <string>

namespace CLI {
class FormatterBase;
}

namespace whycam::cli {

/// The form of a subcommand's help; the example is a command line.
std::shared_ptr<CLI::FormatterBase> help_format(const std::string& example);

}  // namespace whycam::cli
