// The subcommands. Each throws; main turns that into a line and an exit code.
#pragma once

#include "arguments.h"
#include "exit_code.h"
#include "whycam/errors.h"

namespace whycam::cli {

/// A Network, or a Model, from its file. Throws Failure.
template <class Network>
Network load(const std::string& path) {
  try {
    return Network::load(path);
  } catch (const ModelError& error) {
    throw Failure(ExitCode::model, error.what());
  }
}

ExitCode check(const CheckArguments& arguments);  ///< with libtorch alone
ExitCode explain(const ExplainArguments& arguments);
ExitCode export_network(const ExportArguments& arguments);  ///< with libtorch alone
ExitCode graph(const GraphArguments& arguments);
ExitCode layers(const LayersArguments& arguments);
ExitCode report(const ReportArguments& arguments);

}  // namespace whycam::cli
