// The documents that are made of the command's options.
#pragma once

#include <string>

#include "options.h"

namespace whycam::cli {

/// The man page: the template with its lists (@VERSION@, @SYNOPSIS@, @OPTIONS@, @COMMANDS@, @EXIT_STATUS@)
/// filled in. Throws std::runtime_error where the template lacks one.
std::string man_page(const ProgramText& program, const std::string& page_template);

/// Completion for a shell, to be installed where that shell looks for it.
std::string bash_completion(const ProgramText& program);
std::string zsh_completion(const ProgramText& program);
std::string fish_completion(const ProgramText& program);

}  // namespace whycam::cli
