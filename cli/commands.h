// The subcommands. Each throws; main turns that into a line and an exit code.
#pragma once

#include "arguments.h"
#include "exit_code.h"
#include "whycam/model.h"

namespace whycam::cli {

ExitCode check(const CheckArguments& arguments);
ExitCode explain(const ExplainArguments& arguments);
ExitCode export_network(const ExportArguments& arguments);
ExitCode graph(const GraphArguments& arguments);
ExitCode layers(const LayersArguments& arguments);

/// Model::load with the command's exit code. Throws Failure.
Model load_model(const std::string& path);

/// Threads for libtorch; 0: all cores. Some builds of it start with one.
void use_threads(int threads);

}  // namespace whycam::cli
