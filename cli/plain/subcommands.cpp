#include "command_line.h"

void whycam::cli::CommandLine::add_what_needs_libtorch() {}
