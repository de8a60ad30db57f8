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
  const ExitCode code = CommandLine().run(argc, argv);
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
  std::signal(SIGXFSZ, SIG_IGN);  // a file beyond the limit then fails as on a full disk
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
