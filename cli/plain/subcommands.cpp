#include "command_line.h"

std::vector<whycam::cli::Subcommand> whycam::cli::subcommands_with_libtorch() { return {}; }
