// The command whycam: argument parsing and printing around the library.
#include <iostream>
#include <limits>

#ifdef __GLIBC__
#include <malloc.h>
#endif

#include <fcntl.h>
#include <unistd.h>

#include <csignal>

#include "command_line.h"
#include "exit_code.h"

namespace whycam::cli {
namespace {

int report(const Failure& failure) {
  std::cerr << "whycam: " << failure.what() << std::endl;
  return static_cast<int>(failure.code());
}

int run(int argc, char** argv) {
  CommandLine command_line;
  CLI::App& app = command_line.app();
  try {
    app.parse(argc, argv);
  } catch (const CLI::ParseError& error) {
    if (error.get_exit_code() == 0) return app.exit(error);  // --help and --version
    std::string command = "whycam";
    for (const CLI::App* subcommand : app.get_subcommands()) command += " " + subcommand->get_name();
    return report({ExitCode::usage, std::string(error.what()) + " (see " + command + " --help)"});
  }
  const ExitCode code = command_line.run();
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
