// The documents that are made of the command's options.
#pragma once

#include <CLI/CLI.hpp>

#include <string>

namespace whycam::cli {

/// The man page: the template with its lists (@VERSION@, @SYNOPSIS@, @OPTIONS@, @COMMANDS@, @EXIT_STATUS@)
/// filled in. Throws std::runtime_error where the template lacks one.
std::string man_page(const CLI::App& app, const std::string& page_template);

/// Completion for a shell, to be installed where that shell looks for it.
std::string bash_completion(const CLI::App& app);
std::string zsh_completion(const CLI::App& app);
std::string fish_completion(const CLI::App& app);

}  // namespace whycam::cli
