// The subcommands. Each throws; main turns that into a line and an exit code.
#pragma once

#include "arguments.h"
#include "exit_code.h"

namespace whycam::cli {

ExitCode check(const CheckArguments& arguments);  ///< with libtorch alone
ExitCode explain(const ExplainArguments& arguments);
ExitCode export_network(const ExportArguments& arguments);  ///< with libtorch alone
ExitCode graph(const GraphArguments& arguments);
ExitCode layers(const LayersArguments& arguments);

}  // namespace whycam::cli
