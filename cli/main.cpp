// The command whycam: argument parsing and printing around the library.
#include <ATen/Parallel.h>

#ifdef __GLIBC__
#include <malloc.h>
#endif

#include <fcntl.h>
#include <unistd.h>

#include <csignal>
#include <iostream>
#include <limits>
#include <thread>

#include "commands.h"
#include "whycam/errors.h"
#include "whycam/version.h"

namespace whycam::cli {

void use_threads(int threads) {
  const int cores = static_cast<int>(std::thread::hardware_concurrency());
  at::set_num_threads(threads > 0 ? threads : std::max(1, cores));
}

Model load_model(const std::string& path) {
  try {
    return Model::load(path);
  } catch (const ModelError& error) {
    throw Failure(ExitCode::model, error.what());
  }
}

namespace {

int report(const Failure& failure) {
  std::cerr << "whycam: " << failure.what() << std::endl;
  return static_cast<int>(failure.code());
}

int run(int argc, char** argv) {
  CLI::App app("Shows why a convolutional network decided: Guided Grad-CAM for TorchScript networks.", "whycam");
  app.set_version_flag("--version", std::string("whycam ") + version);
  app.require_subcommand(1);
  app.footer(exit_code_help());
  ExplainArguments explain_arguments;
  CLI::App* explain_command = app.add_subcommand("explain", "Explain pictures: one file for each input, class and method");
  explain_arguments.add_to(*explain_command);
  explain_command->footer(exit_code_help());
  LayersArguments layers_arguments;
  CLI::App* layers_command = app.add_subcommand("layers", "List a network's layers with their output shapes");
  layers_arguments.add_to(*layers_command);
  layers_command->footer(exit_code_help());
  GraphArguments graph_arguments;
  CLI::App* graph_command = app.add_subcommand("graph", "Show what the compiled engine makes of a network, pass by pass");
  graph_arguments.add_to(*graph_command);
  graph_command->footer(exit_code_help());
  try {
    app.parse(argc, argv);
  } catch (const CLI::ParseError& error) {
    if (error.get_exit_code() == 0) return app.exit(error);  // --help and --version
    return report({ExitCode::usage, std::string(error.what()) + " (see whycam --help)"});
  }
  const ExitCode code = explain_command->parsed() ? explain(explain_arguments)
                        : graph_command->parsed() ? graph(graph_arguments)
                                                  : layers(layers_arguments);
  std::cout.flush();
  if (!std::cout) return report({ExitCode::output, "cannot write to the standard output"});
  return static_cast<int>(code);
}

/// A standard stream that is closed must not become the number of a file that is written, and a reader that left is an
/// output error like any other, not a signal.
void secure_standard_streams() {
  while (true) {
    const int descriptor = ::open("/dev/null", O_RDWR);
    if (descriptor > STDERR_FILENO) ::close(descriptor);
    if (descriptor < 0 || descriptor > STDERR_FILENO) break;
  }
  std::signal(SIGPIPE, SIG_IGN);
}

}  // namespace
}  // namespace whycam::cli

int main(int argc, char** argv) {
#ifdef __GLIBC__
  // Keep freed memory for the next picture: giving it back and fetching it again takes longer than explaining.
  mallopt(M_MMAP_THRESHOLD, 1 << 30);
  mallopt(M_TRIM_THRESHOLD, std::numeric_limits<int>::max());
#endif
  whycam::cli::secure_standard_streams();
  try {
    return whycam::cli::run(argc, argv);
  } catch (...) {
    return whycam::cli::report(whycam::cli::current_failure());
  }
}
